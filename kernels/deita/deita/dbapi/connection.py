"""A connection: a workspace, and whether statements have written since the last commit."""

from __future__ import annotations

from types import TracebackType

from deita import control, environment
from deita.dbapi.cursor import Cursor
from deita.dbapi.exceptions import InterfaceError, NotSupportedError, translate
from deita.errors import DeitaError
from deita.workspace import Workspace


class Connection:
    """A connection to a workspace; threads may share it. Use as a context manager to close it at the end."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace: Workspace | None = workspace
        self._wrote = False

    @property
    def workspace(self) -> Workspace:
        """The workspace behind the connection; InterfaceError when the connection was closed."""
        if self._workspace is None:
            raise InterfaceError("The connection is closed.")
        return self._workspace

    def cursor(self) -> Cursor:
        """A new cursor."""
        self.workspace  # noqa: B018 - a closed connection gives no cursors
        return Cursor(self)

    def commit(self) -> None:
        """Do nothing: every statement is committed when it returns."""
        self.workspace  # noqa: B018 - a closed connection commits nothing
        self._wrote = False

    def rollback(self) -> None:
        """Raise NotSupportedError when something was written since the last commit; it cannot be taken back."""
        self.workspace  # noqa: B018 - a closed connection rolls nothing back
        if self._wrote:
            raise NotSupportedError("Every statement is committed when it returns; there is nothing to roll back to.")

    def close(self) -> None:
        """Let go of the workspace; cursors made before are closed with it."""
        self._workspace = None

    def note_write(self) -> None:
        """Remember that a statement wrote; cursors call this."""
        self._wrote = True

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def connect(*, hub_url: str | None = None, token: str | None = None, workspace: str | None = None) -> Connection:
    """Connect to this kernel's workspace, or with all three arguments to one elsewhere."""
    try:
        if hub_url is None and token is None and workspace is None:
            return Connection(environment.workspace())
        if hub_url is None or token is None or workspace is None:
            raise InterfaceError("From outside connect() needs hub_url, token and workspace.")
        return Connection(control.connect(hub_url, token=token, workspace=workspace))
    except DeitaError as error:
        raise translate(error) from error
