"""A child that falls over again and again."""

import asyncio
import sys
from pathlib import Path

import pytest
from deita_hub import settings
from deita_hub.supervisor import children
from deita_hub.supervisor.children import Child, ChildBrokenError
from deita_hub.supervisor.programs import Program


async def test_patience_with_a_child_that_always_falls_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "LONGEST_PAUSE", 0.01)
    here = settings.load({"DEITA_HOME": str(tmp_path)})
    said: list[str] = []
    child = Child(Program("hub", (sys.executable, "-c", "raise SystemExit(7)"), {}), here, said.append)
    restarts = 0

    async def restarted() -> None:
        nonlocal restarts
        restarts += 1

    await child.start()
    with pytest.raises(ChildBrokenError, match=r"logs/hub\.log"):
        await asyncio.wait_for(child.keep(restarted), 60)
    assert restarts == children.PATIENCE - 1
    assert said[0] == "The hub fell over (exit code 7) and is started again."


async def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    here = settings.load({"DEITA_HOME": str(tmp_path)})
    stubborn = (
        "import signal, threading; signal.signal(15, signal.SIG_IGN); print('up', flush=True); threading.Event().wait()"
    )
    child = Child(Program("hub", (sys.executable, "-c", stubborn), {}), here, print)
    await child.start()

    async def listening() -> None:
        while "up" not in (here.logs_dir / "hub.log").read_text():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(listening(), 20)
    await child.stop(grace=0.1)
    assert child.pid is None
