"""Storage in folders: there is nothing to hand out but where it is."""

from __future__ import annotations

from deita_hub import storage
from deita_hub.broker.storage import Access, StorageCredentials
from deita_hub.settings import Settings


class LocalStorage:
    """The workspaces' folders."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def issue(self, workspace_id: str, person: str, access: Access, part: str = "") -> StorageCredentials:
        """Name the folder: it has no keys that could be for a part only."""
        return StorageCredentials("local", storage.folder(self._settings, workspace_id).as_uri(), access)
