"""`deita.filesystem` and the protocol `deita://`: the libraries that people use read and write a workspace's files."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import deita
import fsspec
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from kernels.conftest import DataPlane

NAME = "größe 1%20#2.csv"
ROWS = pd.DataFrame({"a": [1, 2, 3], "b": ["ü", "y", "z"]})


@pytest.fixture
def kernel(data_plane: DataPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process knows what a kernel knows."""
    for name in ("DEITA_API", "DEITA_TOKEN", "DEITA_WORKSPACE", "DEITA_SPOOL"):
        monkeypatch.setenv(name, data_plane.environment[name])


@pytest.mark.usefixtures("kernel")
def test_pandas_reads_and_writes_by_url() -> None:
    ROWS.to_csv(f"deita://{NAME}", index=False)
    assert pd.read_csv(f"deita://{NAME}").equals(ROWS)
    ROWS.to_parquet("deita://rows.parquet")
    assert pd.read_parquet("deita://rows.parquet", columns=["b"]).b.tolist() == ["ü", "y", "z"]


def test_polars_reads_and_writes_an_open_file(near: deita.Workspace) -> None:
    files = deita.filesystem(near)
    with files.open("polars.parquet", "wb") as target:
        pl.DataFrame(ROWS).write_parquet(target)
    with files.open("polars.parquet") as source:
        assert pl.read_parquet(source)["b"].to_list() == ["ü", "y", "z"]


def test_pyarrow_reads_a_dataset(near: deita.Workspace) -> None:
    files = deita.filesystem(near)
    with files.open("dataset.parquet", "wb") as target:
        ROWS.to_parquet(target)
    found = ds.dataset("dataset.parquet", filesystem=files, format="parquet")
    assert found.to_table(filter=ds.field("a") > 2)["b"].to_pylist() == ["z"]


def test_it_lists_and_describes(near: deita.Workspace) -> None:
    files = deita.filesystem(near)
    files.pipe("described.txt", b"12345")
    described = files.info("deita://described.txt")
    assert (described["name"], described["size"], described["type"]) == ("described.txt", 5, "file")
    assert described["sha256"] == files.ukey("described.txt")
    assert "described.txt" in files.ls("deita://", detail=False)
    assert files.ls("described.txt", detail=False) == ["described.txt"]
    assert files.glob("descr*.txt") == ["described.txt"]
    assert files.isdir("") and files.isfile("described.txt") and not files.exists("nowhere.txt")
    assert files.modified("described.txt").tzinfo is not None
    assert files.cat_file("described.txt", start=1, end=3) == b"23"


def test_writing_again_makes_a_version_and_x_does_not_overwrite(near: deita.Workspace) -> None:
    files = deita.filesystem(near)
    for text in ("first", "second"):
        files.pipe("written.txt", text.encode())
    assert files.info("written.txt")["version"] == 2
    with files.open("written.txt", "r", version=1) as first, files.open("written.txt", "r") as newest:
        assert (first.read(), newest.read()) == ("first", "second")
    with pytest.raises(FileExistsError):
        files.open("written.txt", "xb")
    with pytest.raises(ValueError, match="written whole"):
        files.open("written.txt", "ab")


def test_it_copies_renames_and_deletes(near: deita.Workspace) -> None:
    files = deita.filesystem(near)
    content = os.urandom(3 * 2**20)
    files.pipe("original.bin", content)
    files.copy("original.bin", "copied.bin")
    files.mv("copied.bin", "moved.bin")
    assert files.cat("moved.bin") == content
    files.rm("moved.bin")
    assert not files.exists("moved.bin") and not files.exists("copied.bin")


def test_what_is_not_there_and_what_cannot_be_done(near: deita.Workspace) -> None:
    files = deita.filesystem(near)
    for missing in ("nowhere.csv", "a/b.csv", ".hidden"):
        with pytest.raises(FileNotFoundError):
            files.open(missing)
        with pytest.raises(FileNotFoundError):
            files.rm_file(missing)
    with pytest.raises(NotADirectoryError):
        files.mkdir("folder")
    with pytest.raises(deita.DeitaError) as refused:
        files.pipe("a/b.csv", b"1")
    assert refused.value.code == "bad_name"


def test_what_was_broken_off_is_not_sent(near: deita.Workspace) -> None:
    files = deita.filesystem(near)
    with pytest.raises(RuntimeError), files.open("half.csv", "wb") as target:
        target.write(b"half")
        raise RuntimeError
    assert not files.exists("half.csv")


def test_a_compressed_file_is_read_as_text(near: deita.Workspace, data_plane: DataPlane, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS.to_csv(index=False))
    pd.read_csv(tmp_path / "rows.csv").to_csv(tmp_path / "rows.csv.gz", index=False)
    near.upload(tmp_path / "rows.csv.gz")
    with fsspec.open("deita://rows.csv.gz", "rt", compression="infer", ws=near) as lines:
        assert next(iter(lines)) == "a,b\n"


def test_the_client_needs_no_fsspec() -> None:
    program = """
import sys
sys.modules["fsspec"] = None
import deita
try:
    deita.filesystem(deita.Workspace("http://127.0.0.1:9/x", "token"))
except deita.DeitaError as error:
    print(error.code, error.hint)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told == "package_missing pip install 'deita[fsspec]'\n"
