"""The client against a real data plane, near (mapped results) and far (streamed results)."""

from __future__ import annotations

import datetime
import gc
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import deita
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from kernels.conftest import DataPlane

BY_CARRIER = "SELECT carrier, count(*) AS n FROM flights GROUP BY ALL ORDER BY n DESC LIMIT 5"
EXPECTED = [("UA", 58665), ("B6", 54635), ("EV", 54173), ("DL", 48110), ("AA", 32729)]
ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 7"


def code_of(caught: pytest.ExceptionInfo[deita.DeitaError]) -> str:
    return caught.value.code


def test_the_workspace_of_a_kernel_comes_from_its_environment(
    data_plane: DataPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DEITA_API", "DEITA_TOKEN", "DEITA_WORKSPACE", "DEITA_SPOOL"):
        monkeypatch.setenv(name, data_plane.environment[name])
    ws = deita.workspace()
    assert ws.sql("SELECT 42").fetchall() == [(42,)]
    assert ws.about()["role"] == "owner"


def test_outside_of_a_kernel_it_says_how_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEITA_API", raising=False)
    with pytest.raises(deita.DeitaError, match=r"deita\.connect") as caught:
        deita.workspace()
    assert code_of(caught) == "no_workspace"


def test_a_local_csv_becomes_a_table(near: deita.Workspace, flights: deita.Table) -> None:
    assert (flights.rows, flights.version) == (336_776, 1)
    assert [column.name for column in flights.columns][:3] == ["year", "month", "day"]
    assert near.sql(BY_CARRIER).fetchall() == EXPECTED
    assert "flights" in [table.name for table in near.tables()]
    assert "flights.csv" in [file.name for file in near.files()]
    assert [version.version for version in flights.versions] == [1]


@pytest.mark.parametrize("place", ["near", "far"])
def test_every_shape_of_a_result_has_every_row(
    place: str, flights: deita.Table, request: pytest.FixtureRequest
) -> None:
    ws: deita.Workspace = request.getfixturevalue(place)
    result = ws.sql("SELECT carrier, flight, dep_delay, time_hour FROM flights")
    assert result.row_count == len(result) == 336_776
    assert result.arrow().num_rows == 336_776
    assert sum(batch.num_rows for batch in result) == 336_776
    assert len(result.pl()) == 336_776
    frame = result.df()
    assert len(frame) == 336_776 and int(frame["dep_delay"].isna().sum()) == 8_255


def test_a_result_on_this_machine_is_mapped_not_copied(near: deita.Workspace, flights: deita.Table) -> None:
    result = near.sql("SELECT flight, air_time FROM flights")
    gc.collect()
    before = pa.total_allocated_bytes()
    table = result.arrow()
    assert table.nbytes > 2_000_000
    assert pa.total_allocated_bytes() - before < table.nbytes // 10


def test_rows_come_page_by_page_with_python_values(far: deita.Workspace, flights: deita.Table) -> None:
    result = far.sql("SELECT carrier, month FROM flights WHERE origin = 'LGA'")
    assert result.row_count == len(result.fetchall()) == 104_662
    types = far.sql("SELECT DATE '2013-01-31' AS d, 9007199254740993 AS big, 1.50 AS dec, NULL AS n, 'x'::BLOB AS b")
    d, big, dec, null, blob = types.fetchall()[0]
    assert (d, big, str(dec), null, blob) == (datetime.date(2013, 1, 31), 9007199254740993, "1.50", None, b"x")


def test_parameters_are_bound(near: deita.Workspace) -> None:
    result = near.sql(
        "SELECT $day::DATE + 1 AS next, $name AS name, $n AS n", day=datetime.date(2013, 1, 1), name="'; DROP", n=3
    )
    assert result.fetchall()[0][1:] == ("'; DROP", 3)


def test_earlier_results_are_tables_of_a_statement(near: deita.Workspace, far: deita.Workspace) -> None:
    tens = near.sql("SELECT range * 10 AS n FROM range(3)")
    twice = far.sql("SELECT n * $by AS m FROM tens", results={"tens": tens}, by=2)
    assert twice.fetchall() == [(0,), (20,), (40,)] and twice.receipt["results"] == {"tens": tens.id}
    near.write("CREATE TABLE made_of_tens AS FROM tens", results={"tens": tens.id})
    assert near.table("made_of_tens").rows == 3


def test_a_sum_of_integers_is_an_integer_column_in_pandas(near: deita.Workspace) -> None:
    result = near.sql("SELECT sum(range) AS s, avg(range) AS a, 1.25::DECIMAL(9, 2) AS d FROM range(10)")
    assert [str(kind) for kind in result.df().dtypes] == ["int64", "float64", "float64"]
    assert str(result.df(exact=True)["d"][0]) == "1.25"


def test_what_polars_cannot_hold_is_told(near: deita.Workspace) -> None:
    with pytest.raises(deita.DeitaError, match="Polars has no type for the INTERVAL column 'span'"):
        near.sql("SELECT INTERVAL 3 DAYS AS span").pl()


def test_downloads_are_whole_files(near: deita.Workspace, flights: deita.Table, tmp_path: Path) -> None:
    result = near.sql("SELECT carrier, flight FROM flights")
    assert pq.read_metadata(result.to_parquet(tmp_path / "f.parquet")).num_rows == 336_776
    with result.to_csv(tmp_path / "f.csv").open() as file:
        assert sum(1 for _ in file) == 336_777
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.csv", "f.parquet"]


def test_a_result_that_lost_rows_is_an_error(near: deita.Workspace, data_plane: DataPlane, tmp_path: Path) -> None:
    result = near.sql("SELECT * FROM range(100000)")
    spooled = data_plane.spool / f"{result.id}.arrow"
    shutil.copy(spooled, tmp_path / spooled.name)
    with (tmp_path / spooled.name).open("r+b") as file:
        file.truncate(spooled.stat().st_size // 2)
    cut = deita.Result(near.transport, {"id": result.id, "row_count": 100_000}, tmp_path)
    for read in (cut.arrow, lambda: list(cut)):
        with pytest.raises(deita.ResultIncomplete):
            read()


def test_a_syntax_error_shows_its_line_with_a_caret(near: deita.Workspace) -> None:
    with pytest.raises(deita.QueryError) as caught:
        near.sql("SELECT 1 AS one,\n  2 two three")
    error = caught.value
    assert (error.code, error.status, error.line) == ("query_syntax", 400, 2)
    _, shown, caret = str(error).splitlines()[:3]
    assert shown == "line 2:   2 two three" and shown[caret.index("^") :].startswith("three")


def test_reading_may_not_write_but_write_and_auto_may(near: deita.Workspace) -> None:
    with pytest.raises(deita.DeitaError) as caught:
        near.sql("CREATE TABLE w AS SELECT 1 AS a")
    assert code_of(caught) == "write_mode_required"
    near.write("CREATE TABLE w AS SELECT 1 AS a")
    inserted = near.run("INSERT INTO w VALUES (2), (3)", mode="auto")
    assert inserted.changed_rows == 2 and repr(inserted).startswith("2 rows inserted · ")
    assert near.table("w").rows == 3
    near.table("w").delete()
    with pytest.raises(deita.DeitaError) as caught:
        near.table("w")
    assert code_of(caught) == "table_not_found"


def test_a_query_that_takes_too_long_is_stopped(near: deita.Workspace) -> None:
    with pytest.raises(deita.DeitaError) as caught:
        near.run(ENDLESS, timeout_ms=300)
    assert code_of(caught) == "query_timeout"


def test_ctrl_c_cancels_the_query_in_the_engine(near: deita.Workspace, data_plane: DataPlane) -> None:
    code = f"import deita; print('ready', flush=True); deita.workspace().sql({ENDLESS!r})"
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        env=data_plane.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None and child.stdout.readline() == "ready\n"

    def newest() -> dict[str, object]:
        found: dict[str, object] = near.transport.get("queries", {"limit": 1})["items"][0]
        return found

    while not (newest()["sql"] == ENDLESS and newest()["state"] == "running"):
        assert child.poll() is None
    os.kill(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors
    assert newest()["state"] == "cancelled"


def test_a_frame_becomes_a_table_and_comes_back(near: deita.Workspace) -> None:
    frame = pd.DataFrame({"city": ["Oslo", "Łódź"], "people": [717_710, 655_279]}, index=[7, 8])
    done = near.import_frame(frame, table="cities")
    assert (done.rows, done.reject_count, done.table, done.state) == (2, 0, "cities", "done")
    assert near.table("cities").df().to_dict("list") == frame.to_dict("list")
    near.import_frame(pl.DataFrame({"city": ["Bergen"], "people": [291_940]}), table="cities", mode="append")
    assert near.table("cities").rows == 3
    assert near.table("cities").head(1).fetchall() == [("Oslo", 717_710)]


def test_an_import_tells_what_is_wrong_with_the_file(near: deita.Workspace, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    with pytest.raises(deita.DeitaError) as caught:
        near.import_file(tmp_path / "empty.csv")
    assert code_of(caught) == "file_empty"


def test_a_recipe_says_how_to_read_a_file(near: deita.Workspace, tmp_path: Path) -> None:
    (tmp_path / "semi.csv").write_text("a;b\n1,5;x\n")
    done = near.import_file(tmp_path / "semi.csv", table="semi", delimiter=";")
    assert done.rows == 1 and [column.name for column in near.table("semi").columns] == ["a", "b"]


def test_files_go_up_and_come_down_as_they_are(near: deita.Workspace, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "up.bin").write_bytes(data)
    file = near.upload(tmp_path / "up.bin", name="a name.bin")
    assert (file.name, file.size, file.version) == ("a name.bin", len(data), 1)
    assert near.download("a name.bin", tmp_path / "down.bin").read_bytes() == data
    (tmp_path / "up.bin").write_bytes(b"other")
    with pytest.raises(deita.DeitaError) as caught:
        near.upload(tmp_path / "up.bin", name="a name.bin")
    assert code_of(caught) == "file_exists"
    assert near.upload(tmp_path / "up.bin", name="a name.bin", replace=True).version == 2
    assert near.download("a name.bin", tmp_path / "v1.bin", version=1).read_bytes() == data
    near.delete_file("a name.bin")
    with pytest.raises(deita.DeitaError) as caught:
        near.download("a name.bin", tmp_path / "gone.bin")
    assert code_of(caught) == "file_not_found" and not (tmp_path / "gone.bin").exists()


def test_a_large_file_goes_on_after_a_lost_connection(
    near: deita.Workspace, data_plane: DataPlane, tmp_path: Path
) -> None:
    data = os.urandom(40_000_000)
    (tmp_path / "large.bin").write_bytes(data)
    shares: list[float] = []

    def cut_once(what: str, share: float) -> None:
        assert what == "Uploading large.bin"
        if share > 0.5 and not any(seen > 0.5 for seen in shares):
            growing = next((data_plane.storage / "incoming").glob("*.upload"))
            near.transport.send("HEAD", f"uploads/{growing.stem}", headers={"Tus-Resumable": "1.0.0"})
        shares.append(share)

    file = near.upload(tmp_path / "large.bin", progress=cut_once)
    assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert shares[-1] == 1.0 and shares != sorted(shares)  # it went back to what had arrived
    (tmp_path / "large.bin").write_bytes(data[::-1])
    with pytest.raises(deita.DeitaError) as caught:
        near.upload(tmp_path / "large.bin")
    assert code_of(caught) == "file_exists"


def test_older_versions_are_read_and_brought_back(near: deita.Workspace) -> None:
    near.write("CREATE TABLE past AS SELECT 1 AS a")
    near.write("INSERT INTO past VALUES (2)")
    near.write("CREATE OR REPLACE TABLE past AS SELECT 'x' AS b")
    table = near.table("past")
    assert [version.row_change for version in table.versions] == [-1, 1, None]
    assert [change["name"] for change in table.versions[0].column_changes] == ["b", "a"]
    old = table.at(version=2)
    assert (old.rows, old.df()["a"].tolist(), old.head(1).row_count) == (2, [1, 2], 1)
    assert near.run("SELECT max(a) FROM past", as_of={"past": 1}).receipt["tables"] == {"past": 1}
    with pytest.raises(deita.DeitaError) as caught:
        table.at(version=9)
    assert code_of(caught) == "version_not_found"
    table.delete()
    assert near.restore_table("past", 2).df()["a"].tolist() == [1, 2]
    assert near.table("past").restore(3).df()["b"].tolist() == ["x"]
    added = near.write("INSERT INTO past VALUES ('y')")
    added.undo()
    assert near.table("past").df()["b"].tolist() == ["x"]
    with pytest.raises(deita.DeitaError) as caught:
        added.undo()
    assert code_of(caught) == "table_changed_since"


def test_a_profile_shows_what_the_columns_hold(near: deita.Workspace, flights: deita.Table) -> None:
    profile = flights.profile()
    delay = profile["dep_delay"]
    assert (profile.rows, delay.nulls, delay.quantiles and delay.quantiles["0.5"]) == (336_776, 8_255, -2)
    assert delay.mean == pytest.approx(12.6390702573) and len(profile) == 19
    html = profile._repr_html_()
    assert "█" in html and "2.5%" in html and "flights · version 1 · 336,776 rows · 19 columns" in html
    assert "UA, B6, EV" in repr(profile)
    near.write("CREATE TABLE tried AS SELECT '<b>' AS a, NULL AS n")
    near.write("DELETE FROM tried")
    assert "&lt;b&gt;" in near.table("tried").at(version=1).profile()._repr_html_()
    assert near.table("tried").profile()["a"].count == 0
    with pytest.raises(KeyError):
        profile["nothing"]


def test_a_wrong_token_is_told(data_plane: DataPlane) -> None:
    with pytest.raises(deita.DeitaError) as caught:
        deita.Workspace(data_plane.api, "wrong").tables()
    assert caught.value.status in (401, 403)


def test_a_result_shows_its_first_rows_escaped(near: deita.Workspace) -> None:
    result = near.sql("SELECT '<b>' || range AS html, range AS n FROM range(50)")
    html = result._repr_html_()
    assert "&lt;b&gt;9" in html and "<b>" not in html and "50 rows, the first 10 shown" in html
    assert "<b>9  9" in repr(result) and "<b>10" not in repr(result)
