"""A person who has a workspace, as a spawner meets them: the catalog is real, the hub around it is named only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from deita_hub import settings, storage
from deita_hub.catalog import people, workspaces
from deita_hub.catalog.database import Catalog
from deita_hub.catalog.workspaces import Draft
from deita_hub.place import KEY, Place
from deita_hub.spawning import kinds

HUB = SimpleNamespace(public_host="", url="", base_url="/hub/", api_url="http://127.0.0.1:8081/hub/api")
ACCOUNT = 1000


@pytest.fixture
def spawner(tmp_path: Path) -> Callable[..., Any]:
    """The spawner of `me` in the workspace `shop`, arranged for a start, and the folders it was arranged with."""

    def arranged(kind: str, **given: str) -> tuple[Any, Path, Path]:
        account = {"DEITA_HOME": str(tmp_path / "home"), "DEITA_SPAWNER": kind, "DEITA_SERVER_USER": str(ACCOUNT)}
        here = settings.load({**account, "DEITA_SERVER_IMAGE": "deita:1", **given})
        here.home.mkdir()
        catalog = Catalog(here.database_url)
        catalog.migrate()
        with catalog.write() as session:
            people.ensure_person(session, "me")
            workspaces.create(session, "me", Draft("Shop", "shop", ""))
        place = Place(here, catalog)
        user = SimpleNamespace(name="me", id=1, url="/user/me/", escaped_name="me", settings={KEY: place})
        orm = SimpleNamespace(name="shop", server=None, display_name="shop")
        made = kinds.spawner(here)(user=user, hub=HUB, orm_spawner=orm, api_token="t")
        with catalog.read() as session:
            made.member = workspaces.membership(session, "me", "shop")
        folder = storage.make_folder(here, made.member.workspace.id)
        made.own = storage.make_personal_folder(folder, "me")
        made.arrange(folder, made.own)
        catalog.close()
        return made, folder, made.own

    return arranged
