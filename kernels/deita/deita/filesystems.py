"""The workspace's files for everything that reads and writes through fsspec: pandas, pyarrow, polars, DuckDB, dask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deita.arrow import need

if TYPE_CHECKING:
    from deita.fsspec_files import WorkspaceFileSystem
    from deita.workspace import Workspace


def filesystem(ws: Workspace | None = None) -> WorkspaceFileSystem:
    """The files of a workspace (default: this kernel's) as an fsspec filesystem.

    >>> deita.filesystem().ls("", detail=False)
    ['sales.csv']
    >>> pyarrow.dataset.dataset("sales.parquet", filesystem=deita.filesystem())

    In a kernel its protocol is known: `pandas.read_csv("deita://sales.csv")`. Raises DeitaError `package_missing`
    without fsspec.
    """
    need("fsspec", "fsspec")
    from deita.fsspec_files import WorkspaceFileSystem

    return WorkspaceFileSystem(ws)
