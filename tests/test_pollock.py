from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

from bench.pollution import corpus
from bench.scoring import measures


def test_a_folder_is_loaded_with_no_parameters_as_its_files_notation(tmp_path: Path) -> None:
    wanted = ("file_preamble.csv", "file_no_header.csv", "file_no_payload.csv", "row_extra_quote40_col4.csv")
    polluted = {item.name: item for item in corpus() if item.name in wanted}
    for name, item in polluted.items():
        (tmp_path / name).write_bytes(item.content)
    (tmp_path / "ragged.csv").write_text("a,b,c\n1,2,3\n4,5,6\nlost,x,y,z,w,v\n7,8,9\n")
    out = tmp_path / "out"
    subprocess.run([sys.executable, "-m", "bench.pollock", tmp_path, out], check=True, timeout=120)
    for name, item in polluted.items():
        with (out / name).open(newline="") as file:
            assert sum(measures(item.truth, list(csv.reader(file)))) == 10.0
    assert (out / "ragged.csv").read_text() == "a,b,c\n1,2,3\n4,5,6\n7,8,9\n"
    assert (out / "ragged.rejects.csv").read_text().splitlines()[1].startswith('4,,"lost,x,y,z,w,v",')
