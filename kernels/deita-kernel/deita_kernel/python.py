"""Start the Python 3 kernel: ipykernel, with the workspace's SQL magics known but not yet loaded.

The magics come in as one more extension of this process, so nothing is written to anybody's IPython profile. JupySQL
takes seconds to import; `deita_kernel.magics` registers light stand-ins that load it at their first use.
"""

from __future__ import annotations

import os
import sys

OPTIONS = (
    "--IPKernelApp.extra_extensions=deita_kernel.magics",
    "--IPKernelApp.kernel_class=deita_kernel.python_kernel.PythonKernel",
)
QUIET = {"PLOOMBER_STATS_ENABLED": "false", "PLOOMBER_VERSION_CHECK_DISABLED": "true"}


def main() -> None:
    """Run until the kernel is shut down."""
    sys.path.append("")  # modules beside the notebook, after all others: no file stands in for what is installed
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)

    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance([*sys.argv[1:], *OPTIONS])


if __name__ == "__main__":
    main()
