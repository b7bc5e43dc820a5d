"""What the wheel installs."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager

INSTALLED = Path(sys.prefix, "share", "deita", "jupyter", "kernels")


def test_the_wheel_installs_both_kernelspecs() -> None:
    found = KernelSpecManager(kernel_dirs=[str(INSTALLED)]).get_all_specs()
    names = {name: spec["spec"]["display_name"] for name, spec in found.items()}
    assert names == {"deita-sql": "Deita SQL", "python3": "Python 3"}


def test_both_have_logos_and_no_path_of_this_machine() -> None:
    for name in ("deita-sql", "python3"):
        folder = INSTALLED / name
        assert (folder / "logo-svg.svg").is_file() and (folder / "logo-64x64.png").is_file()
        assert sys.prefix not in (folder / "kernel.json").read_text()
