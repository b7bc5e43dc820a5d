"""Saved queries: statements with a name, typed parameters and versions, to be run by anybody in the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from deita.errors import DeitaError, QueryError
from deita.http import path_of
from deita.queries import run_saved, sendable
from deita.results import Result

if TYPE_CHECKING:
    from deita.workspace import Workspace

Declared = Mapping[str, str | Mapping[str, Any]]
"""Parameters as they are declared: a type by name, or what the API says of one: `{type, default, choices, …}`."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a saved query; `type` is DuckDB's name of its type."""

    name: str
    type: str
    default: Any
    required: bool
    choices: tuple[Any, ...] | None
    description: str


@dataclass(frozen=True)
class SavedVersion:
    """One version of a saved query: what it said, who saved it, when and why."""

    version: int
    operation: str
    name: str
    sql: str
    message: str
    created_at: str
    created_by: str


@dataclass(frozen=True)
class SavedQuery:
    """A saved query as it stands.

    >>> late = ws.save("Late flights", "FROM flights WHERE dep_delay > $minutes", params={"minutes": "INTEGER"})
    >>> late.run(minutes=60).df()
    >>> [version.version for version in late.versions()]
    [1]
    >>> late.url("csv", minutes=60)
    """

    workspace: Workspace
    slug: str
    name: str
    description: str
    sql: str
    params: tuple[Parameter, ...]
    version: int
    updated_at: str
    updated_by: str

    @classmethod
    def from_body(cls, workspace: Workspace, body: Mapping[str, Any]) -> SavedQuery:
        """Read the data plane's shape."""
        return cls(
            workspace=workspace,
            slug=body["slug"],
            name=body["name"],
            description=body["description"],
            sql=body["sql"],
            params=tuple(_parameter(param) for param in body["params"]),
            version=int(body["version"]),
            updated_at=str(body["updated_at"]),
            updated_by=str(body["updated_by"]),
        )

    def run(self, *, limit: int | None = None, as_of: Mapping[str, int] | str | None = None, **params: Any) -> Result:
        """Run it with values for its parameters; those that are left out take their default.

        Raises QueryError, `bad_parameter` for a value that does not fit.
        """
        try:
            body = run_saved(self.workspace.transport, self.slug, params, limit=limit, as_of=as_of)
        except DeitaError as error:
            raise QueryError(self.sql, error) from None
        return self.workspace.result(body)

    def change(
        self,
        *,
        sql: str | None = None,
        name: str | None = None,
        description: str | None = None,
        params: Declared | None = None,
        message: str = "",
    ) -> SavedQuery:
        """Save a new version; what is not named stays. Raises `saved_query_changed` when somebody else was faster."""
        change = {"sql": sql, "name": name, "description": description, "params": declared(params)}
        request = {key: value for key, value in change.items() if value is not None}
        return self._changed("PATCH", request | {"message": message, "version": self.version})

    def versions(self) -> list[SavedVersion]:
        """Every version that is kept, the newest first."""
        items = self.workspace.transport.items(path_of("saved-queries", self.slug, "versions"))
        names = SavedVersion.__dataclass_fields__
        return [SavedVersion(**{name: item[name] for name in names}) for item in items]

    def restore(self, version: int) -> SavedQuery:
        """Bring a version back as the newest, also after the saved query was deleted."""
        return self._changed("POST", {"version": version}, "restore")

    def delete(self) -> None:
        """Delete it; `restore` brings it back."""
        self.workspace.transport.send("DELETE", path_of("saved-queries", self.slug))

    def url(self, format: str = "json", **params: Any) -> str:
        """Where its whole result can be fetched in a format, by whoever has a token."""
        values = sendable({name: value for name, value in params.items() if value is not None})
        plain = {name: str(value).lower() if isinstance(value, bool) else value for name, value in values.items()}
        query = f"?{urlencode(plain, doseq=True)}" if plain else ""
        return f"{self.workspace.transport.base}/{path_of('q', f'{self.slug}.{format}')}{query}"

    def _changed(self, method: str, request: Mapping[str, Any], *path: str) -> SavedQuery:
        address = path_of("saved-queries", self.slug, *path)
        return SavedQuery.from_body(self.workspace, self.workspace.transport.send(method, address, json_body=request))


def declared(params: Declared | None) -> list[dict[str, Any]] | None:
    """The parameters as the data plane takes them."""
    if params is None:
        return None
    found = {name: {"type": about} if isinstance(about, str) else sendable(about) for name, about in params.items()}
    return [{"name": name, **about} for name, about in found.items()]


def save(
    workspace: Workspace, name: str, sql: str, description: str | None, params: Declared | None, message: str
) -> SavedQuery:
    """Save a statement under a name; one that has the name already gets a new version."""
    said = {"description": description, "params": declared(params)}
    request = {"name": name, "sql": sql, "message": message} | {k: v for k, v in said.items() if v is not None}
    transport = workspace.transport
    try:
        try:
            body = transport.send("POST", "saved-queries", json_body=request)
        except DeitaError as error:
            if error.code != "saved_query_exists":
                raise
            body = transport.send("PATCH", path_of("saved-queries", error.details["slug"]), json_body=request)
    except DeitaError as error:
        raise QueryError(sql, error) from None
    return SavedQuery.from_body(workspace, body)


def found(workspace: Workspace, name: str) -> SavedQuery:
    """The saved query of a slug or, failing that, of a name; raises DeitaError saved_query_not_found."""
    transport = workspace.transport
    try:
        return SavedQuery.from_body(workspace, transport.get(path_of("saved-queries", name)))
    except DeitaError as error:
        if error.code != "saved_query_not_found":
            raise
    for body in transport.items("saved-queries"):
        if body["name"] == name:
            return SavedQuery.from_body(workspace, body)
    raise DeitaError("saved_query_not_found", f"There is no saved query {name}.", "ws.saved() lists all of them.")


def _parameter(body: Mapping[str, Any]) -> Parameter:
    choices = None if body["choices"] is None else tuple(body["choices"])
    return Parameter(body["name"], body["type"], body["default"], bool(body["required"]), choices, body["description"])
