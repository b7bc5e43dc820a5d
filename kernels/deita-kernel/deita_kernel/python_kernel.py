"""IPython's kernel, also where it may not list processes: behind a viewer's page it is kept to itself."""

from __future__ import annotations

from typing import Any

from ipykernel.ipkernel import IPythonKernel


class PythonKernel(IPythonKernel):
    """What runs the cells of a Python notebook."""

    def _process_children(self) -> list[Any]:
        """Return the processes to end before this one; those that it may not look for end by the server's signal."""
        try:
            found: list[Any] = super()._process_children()
        except PermissionError:
            return []
        return found
