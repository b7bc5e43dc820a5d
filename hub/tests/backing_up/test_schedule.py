"""When backups are made: the process that stays, and the units for systemd."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from deita_hub import settings as settings_module
from deita_hub.backing_up import making
from deita_hub.backing_up.schedule import Schedule
from deita_hub.cli.backup import backup
from deita_hub.settings import Settings

DEITA = Path(sys.executable).with_name("deita")
UNITS = Path(__file__).parents[2] / "systemd"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a Deita that never ran: nothing can be backed up yet."""
    (tmp_path / "home").mkdir()
    given = {"DEITA_HOME": str(tmp_path / "home"), "DEITA_BACKUP_REPOSITORY": str(tmp_path / "repository")}
    return settings_module.load({"PATH": os.environ["PATH"], **given})


def test_it_says_what_fails_tries_again_and_ends_clean_when_told_to(settings: Settings) -> None:
    environment = {**os.environ, **settings.environ}
    with subprocess.Popen(
        [DEITA, "backup", "--every", "24h"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = [process.stderr.readline(), process.stderr.readline()]
        process.send_signal(signal.SIGTERM)
        said += process.stderr.readlines()
    assert process.returncode == 0
    assert "failed: There is nothing to back up yet" in said[0] and "The next backup is made at" in said[1]
    again = datetime.strptime(said[1].split(" at ")[1], "%Y-%m-%d %H:%M:%S UTC.\n").replace(tzinfo=UTC)
    assert again < datetime.now(UTC) + timedelta(minutes=3), "sooner than a container's health check gives up"
    assert said[-1] == "Stopped.\n"
    noted = making.noted(settings)
    assert (noted["failure"]["what"], noted["schedule"]["every_seconds"]) == ("backup", 86400)
    checked = subprocess.run([DEITA, "check", "--json"], env=environment, capture_output=True, text=True, check=False)
    (found,) = (each for each in json.loads(checked.stdout)["items"] if each["name"] == "backup")
    assert (checked.returncode, found["fine"]) == (1, False) and "nothing to back up yet" in found["text"]


def test_the_next_one_is_due_by_the_last_one_whoever_made_it(settings: Settings) -> None:
    schedule = Schedule(settings, timedelta(hours=24), None, lambda text: None)
    assert schedule.due() < datetime.now(UTC), "never yet: at once"
    made_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=20)
    making.note(settings, backup={"time": made_at.isoformat()})
    assert schedule.due() == made_at + timedelta(hours=24)


def test_a_span_that_is_none_is_refused() -> None:
    for span in ("0h", "24", "ten days", "30s", "1000d"):
        refused = CliRunner().invoke(backup, ["--every", span])
        assert refused.exit_code == 2 and "90m, 24h, 7d" in refused.output


@pytest.mark.parametrize("what", ["backup", "drill"])
def test_systemd_takes_the_units_as_they_are(what: str, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here")
    for kind in ("service", "timer"):
        text = (UNITS / f"deita-{what}.{kind}").read_text()
        (tmp_path / f"deita-{what}.{kind}").write_text(text.replace("/opt/deita/.venv/bin/deita", "/bin/true"))
    units = [tmp_path / f"deita-{what}.timer", tmp_path / f"deita-{what}.service"]
    verified = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False, timeout=60)
    assert not [line for line in verified.stderr.splitlines() if f"deita-{what}" in line]
    (calendar,) = (line for line in units[0].read_text().splitlines() if line.startswith("OnCalendar="))
    asked = [analyze, "calendar", calendar.partition("=")[2]]
    subprocess.run(asked, capture_output=True, check=True, timeout=60)
