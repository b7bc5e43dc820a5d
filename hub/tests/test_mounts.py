"""What is said of paths to workspaces' files; that they work is tested in `tests`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deita_hub import mounts, settings
from deita_hub.spawning.settings import SpawnerSettings

IN_BUCKET = {"DEITA_STORAGE": "s3://bucket/prefix", "DEITA_S3_ROLE": "arn:aws:iam::role/Workspaces"}


async def test_paths_lead_into_the_folder_of_the_workspace(tmp_path: Path) -> None:
    here = settings.load({"DEITA_HOME": str(tmp_path)})
    assert mounts.described(here).startswith("bind: ")
    assert await mounts.bytes_of(here, "x", tmp_path / "x") == mounts.Bytes(tmp_path / "x" / "files")


async def test_who_wants_none_gets_none(tmp_path: Path) -> None:
    here = settings.load({"DEITA_HOME": str(tmp_path), "DEITA_MOUNTS": "none"})
    assert mounts.described(here).startswith("none: DEITA_MOUNTS=none")
    assert await mounts.bytes_of(here, "x", tmp_path / "x") is None


def test_containers_see_no_mount_of_a_bucket(tmp_path: Path) -> None:
    here = settings.load({"DEITA_HOME": str(tmp_path), **IN_BUCKET})
    elsewhere = replace(here, spawner=SpawnerSettings("docker", image="deita"))
    assert mounts.described(elsewhere).startswith("none: docker shows servers no mounts")
