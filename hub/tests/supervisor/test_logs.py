"""Logs stay bounded."""

import os
from pathlib import Path

from deita_hub.supervisor import logs


def test_a_log_that_grew_too_large_is_moved_aside_under_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "servers" / "me--shop.log"
    descriptor = logs.open_log(path)
    try:
        os.write(descriptor, b"x" * 100)
        logs.rotate(tmp_path, largest=50, days=1)
        os.write(descriptor, b"after")
    finally:
        os.close(descriptor)
    assert path.read_bytes() == b"after"
    assert path.with_suffix(".log.1").read_bytes() == b"x" * 100
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hub.log").write_text("line\n")
    logs.rotate(tmp_path, largest=50, days=1)
    assert [each.name for each in tmp_path.iterdir()] == ["hub.log"]


def test_what_nobody_wrote_to_for_long_is_removed(tmp_path: Path) -> None:
    old, older, new = tmp_path / "gone.log", tmp_path / "hub.log.1", tmp_path / "hub.log"
    for path in (old, older, new):
        path.write_text("line\n")
    for path in (old, older):
        os.utime(path, (0, 0))
    logs.rotate(tmp_path, largest=50, days=1)
    assert [each.name for each in tmp_path.iterdir()] == ["hub.log"]
