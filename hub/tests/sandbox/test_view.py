"""What a sandboxed process sees and may touch, tried by a shell inside one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from deita_hub import settings, storage
from deita_hub.sandbox import bubblewrap, probe, view
from deita_hub.settings import Settings

pytestmark = pytest.mark.skipif(probe.obstacle() is not None, reason=f"no sandbox here: {probe.obstacle()}")


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """An installation with two workspaces and two people in one of them."""
    here = settings.load({"DEITA_HOME": str(tmp_path / "home")})
    for person in ("me", "ana"):
        workspace = storage.make_folder(here, "one")
        (storage.make_personal_folder(workspace, person) / "history.sqlite").write_text(f"private {person}")
    (storage.make_folder(here, "two") / "secret").write_text("other workspace")
    here.lifeline.touch()
    (here.home / "hub.sqlite").write_text("hub")
    return here


def run(here: Settings, script: str, person: str = "me") -> subprocess.CompletedProcess[str]:
    return run_behind(view.options(here, storage.folder(here, "one"), person), script)


def run_behind(walls: list[str], script: str) -> subprocess.CompletedProcess[str]:
    words = [bubblewrap.PROGRAM, *walls, "--", "sh", "-c", script]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def test_it_sees_its_workspace_and_of_people_its_own(here: Settings) -> None:
    assert run(here, "ls; ls people; cat people/*/history.sqlite").stdout == "people\nme\nprivate me"


def test_it_sees_nothing_else_of_deita(here: Settings) -> None:
    seen = run(here, f"find {here.home} -maxdepth 3").stdout.split()
    assert sorted(seen) == sorted(
        map(str, (here.home, here.lifeline, here.storage, here.storage / "one", here.storage / "one" / "people"))
    )


def test_it_writes_into_its_workspace_only(here: Settings) -> None:
    places = (".", "people/me", "/tmp", "/dev/shm")
    refused = (
        "people",
        "..",
        "../..",
        "/",
        "/usr",
        "/etc",
        "/proc/sys/kernel",
        "/root",
        "/home",
        str(view.programs()[0]),
    )
    script = "for place in {}; do touch $place/new 2>/dev/null && echo $place; done"
    assert run(here, script.format(" ".join(places + refused))).stdout.split() == list(places)
    assert (storage.folder(here, "one") / "new").exists()


WRITABLE = "find . {copies} -type d | while read -r place; do touch $place/new 2>/dev/null && echo $place; done"


def test_a_dashboard_server_writes_into_its_own_folder_only(here: Settings) -> None:
    workspace = storage.folder(here, "one")
    (workspace / "lake").mkdir()
    (workspace / "workspace.sqlite").write_text("rows")
    storage.make_personal_folder(workspace, "dash-one")
    copies = storage.make_copies_folder(here, "one")
    (copies / "workspace.sqlite").write_text("copied")
    files = f"for file in workspace.sqlite {copies}/workspace.sqlite; do cat $file; echo >>$file && echo $file; done"
    seen = run(here, WRITABLE.format(copies=copies) + "; ls people; " + files, "dash-one")
    assert seen.stdout.split() == ["./people/dash-one", "dash-one", "rowscopied"]
    assert not (workspace / "lake" / "new").exists()


def test_what_runs_beside_it_writes_into_the_workspace_and_the_copies_and_sees_nobodys_own_folder(
    here: Settings,
) -> None:
    workspace, copies = storage.folder(here, "one"), storage.make_copies_folder(here, "one")
    walls = view.beside_dashboards(here, workspace)
    seen = run_behind(walls, f"cd {workspace}; {WRITABLE.format(copies=copies)}; ls people; ls -A {here.home}")
    assert seen.stdout.split() == [".", str(copies), "run", "storage"]
    assert run_behind(walls, "ls /sys/class/net /proc/net/dev; grep -c : /proc/net/dev").stdout.split()[-1] == "1"


def test_settings_of_the_whole_machine_cannot_be_written_even_as_root(here: Settings) -> None:
    script = "find /proc/sys /proc/sysrq-trigger -type f | while read -r file; do true >>$file && echo $file; done"
    assert run(here, script).stdout == ""


def test_it_has_no_rights_and_gets_none(here: Settings) -> None:
    status = run(here, "cat /proc/self/status").stdout.splitlines()
    rights = {line.split()[0]: line.split()[1] for line in status if line.startswith(("Cap", "NoNewPrivs"))}
    assert {value for name, value in rights.items() if name != "NoNewPrivs:"} == {"0" * 16}
    assert rights["NoNewPrivs:"] == "1"
    assert run(here, "unshare --user true").returncode != 0
    assert run(here, "unshare --map-root-user --mount true").returncode != 0


def test_it_sees_its_own_processes_only(here: Settings) -> None:
    seen = run(here, "cd /proc; echo [0-9]*").stdout.split()
    assert len(seen) < 6
    assert str(os.getpid()) not in seen or len(str(os.getpid())) == 1


def test_it_knows_no_accounts_and_no_keys(here: Settings) -> None:
    assert "root" not in run(here, "cat /etc/passwd /etc/group").stdout
    assert run(here, "ls -d /etc/ssl/private /etc/shadow /etc/ssh /run /var").stdout == ""


def test_a_planted_link_in_the_place_of_a_persons_folder_is_refused(here: Settings, tmp_path: Path) -> None:
    workspace = storage.folder(here, "one")
    (workspace / "people" / "eve").symlink_to(tmp_path)
    with pytest.raises(NotADirectoryError):
        storage.make_personal_folder(workspace, "eve")


def test_more_can_be_shown_by_setting(here: Settings, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "shared.csv").write_text("a\n1\n")
    shown = settings.load({"DEITA_HOME": str(here.home), "DEITA_SANDBOX_READABLE": str(tmp_path / "data")})
    found = run(shown, f"cat {tmp_path}/data/shared.csv; touch {tmp_path}/data/new || echo refused")
    assert found.stdout == "a\n1\nrefused\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_walls_stand_for_a_user_without_rights_too() -> None:
    words = [bubblewrap.PROGRAM, *bubblewrap.base(), "--", "sh", "-c", "id -u; cat /proc/1/comm"]
    tried = subprocess.run(
        words, capture_output=True, text=True, check=True, timeout=20, user=65534, group=65534, extra_groups=[]
    )
    assert tried.stdout == "1000\nbwrap\n"
