"""Start the Python 3 kernel: ipykernel, with the workspace's SQL magics known but not yet loaded.

The magics come in as one more extension of this process, so nothing is written to anybody's IPython profile. JupySQL
takes seconds to import; `deita_kernel.magics` registers light stand-ins that load it at their first use.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

QUIET = {"PLOOMBER_STATS_ENABLED": "false", "PLOOMBER_VERSION_CHECK_DISABLED": "true"}


def main() -> None:
    """Run until the kernel is shut down."""
    if sys.path and (sys.path[0] == "" or Path(sys.path[0]) == Path.cwd()):
        del sys.path[0]  # a file of the person's must not shadow what the kernel imports; IPython puts it back
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)

    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance([*sys.argv[1:], "--IPKernelApp.extra_extensions=deita_kernel.magics"])


if __name__ == "__main__":
    main()
