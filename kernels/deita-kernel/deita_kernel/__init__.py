"""Deita's kernels: a cell is SQL, or Python with the workspace at hand."""

__version__ = "0.1.0"
