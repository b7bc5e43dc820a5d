"""Which kernels a workspace offers: Deita SQL and Python 3 as the deita-kernel wheel installs them, and no others.

The machine may have kernels that the person installed for themselves; they would not know the workspace.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from traitlets import default


def shared(*parts: str) -> Path:
    """Return a path below this environment's `share/deita`, where the wheels put their data."""
    return Path(sys.prefix, "share", "deita", *parts)


class WorkspaceKernelSpecs(KernelSpecManager):
    """Looks into `share/deita/jupyter/kernels` alone; a `python3` missing there is the plain IPython kernel."""

    @default("kernel_dirs")
    def _ours(self) -> list[str]:
        return [str(shared("jupyter", "kernels"))]
