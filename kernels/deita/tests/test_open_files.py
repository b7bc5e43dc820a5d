"""`deita.open`: a workspace's file as Python and pandas read it."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

import deita
import pandas as pd
import pytest
from deita.http import Transport
from deita.open_files import AHEAD

if TYPE_CHECKING:
    from pathlib import Path


def test_it_reads_seeks_and_ends(near: deita.Workspace, tmp_path: Path) -> None:
    content = os.urandom(2 * AHEAD + 17)
    (tmp_path / "größe 1.bin").write_bytes(content)
    near.upload(tmp_path / "größe 1.bin")
    with deita.open("größe 1.bin", ws=near) as file:
        assert file.read(10) == content[:10]
        assert file.seek(-7, io.SEEK_END) == len(content) - 7
        assert file.read() == content[-7:]
        assert file.read() == b""
        file.seek(0)
        assert file.read() == content


def test_all_of_it_is_read_in_large_pieces(
    near: deita.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(2 * AHEAD + 17)
    (tmp_path / "whole.bin").write_bytes(content)
    near.upload(tmp_path / "whole.bin")
    asked: list[int] = []
    part = Transport.part

    def counted(self: Transport, path: str, query: Any, begin: int, end: int) -> bytes:
        asked.append(end - begin)
        return part(self, path, query, begin, end)

    monkeypatch.setattr(Transport, "part", counted)
    assert deita.open("whole.bin", ws=near).read() == content
    assert deita.filesystem(near).cat("whole.bin") == content
    assert asked == [AHEAD, AHEAD, 17] * 2


def test_pandas_reads_it_and_text_has_lines(near: deita.Workspace, tmp_path: Path) -> None:
    (tmp_path / "opened.csv").write_text("a,b\n1,ü\n2,y\n")
    near.upload(tmp_path / "opened.csv")
    assert pd.read_csv(deita.open("opened.csv", ws=near)).b.tolist() == ["ü", "y"]
    with deita.open("opened.csv", "r", ws=near) as lines:
        assert next(iter(lines)) == "a,b\n"


def test_it_goes_on_with_its_version(near: deita.Workspace, tmp_path: Path) -> None:
    for text in ("first", "second"):
        (tmp_path / "twice.txt").write_text(text)
        near.upload(tmp_path / "twice.txt", replace=True)
    with deita.open("twice.txt", "r", version=1, ws=near) as first, deita.open("twice.txt", "r", ws=near) as newest:
        assert (first.read(), newest.read()) == ("first", "second")


def test_what_is_not_there_and_what_cannot_be_done(near: deita.Workspace) -> None:
    with pytest.raises(deita.DeitaError) as missing:
        deita.open("nowhere.csv", ws=near)
    assert missing.value.code == "file_not_found"
    with pytest.raises(ValueError, match="upload"):
        deita.open("x.csv", "wb", ws=near)
