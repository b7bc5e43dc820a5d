"""The example notebooks say what they show: nbval runs them in the real Python kernel against a real data plane."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kernels.conftest import DataPlane

EXAMPLES = Path(__file__).parents[3] / "notebooks" / "examples"


@pytest.mark.parametrize("notebook", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_an_example_gives_the_outputs_that_it_shows(notebook: Path, data_plane: DataPlane, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        "/dev/null",
        "--rootdir",
        str(EXAMPLES),
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
    ]
    command += ["--nbval", "--nbval-sanitize-with", str(EXAMPLES / "nbval-sanitize.cfg"), str(notebook)]
    done = subprocess.run(
        command, env=data_plane.environment, cwd=tmp_path, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


def test_there_is_an_example() -> None:
    assert (EXAMPLES / "first-steps.ipynb").is_file()
