"""Receipts, lineage and history by the client, against a real data plane."""

from __future__ import annotations

from pathlib import Path

import deita
import pytest


@pytest.fixture(scope="module")
def sold(near: deita.Workspace, tmp_path_factory: pytest.TempPathFactory) -> deita.Result:
    """A query over a table made from a table made from a file."""
    path: Path = tmp_path_factory.mktemp("files") / "sold.csv"
    path.write_text("item,n\nbread,1\nmilk,2\n")
    near.import_file(path, table="sold")
    near.write("CREATE TABLE sold_totals AS SELECT sum(n) AS n FROM sold")
    return near.sql("SELECT n + $more AS n FROM sold_totals", more=1)


def test_a_receipt_reads_like_a_dict_and_in_full_leads_to_the_query_before(
    near: deita.Workspace, sold: deita.Result
) -> None:
    receipt = sold.receipt
    assert receipt["tables"] == {"sold_totals": 1}
    assert dict(receipt)["params"] == {"more": 1}
    (table,) = receipt.full()["tables"]
    before = near.transport.get(f"queries/{table['origins'][0]['query_id']}/receipt")
    assert before["tables"][0]["origins"][0]["file"] == "sold.csv"


def test_a_receipt_shows_where_the_numbers_come_from(near: deita.Workspace, sold: deita.Result) -> None:
    assert "sold_totals, version 1" in repr(sold.receipt)
    file = near.sql("FROM sold").receipt.full()
    assert "sold, version 1 ← sold.csv (" in repr(file)
    assert "sold.csv" in file._repr_html_()


def test_a_query_is_run_again_and_compared(near: deita.Workspace, sold: deita.Result) -> None:
    near.write("UPDATE sold_totals SET n = n + 10")
    then, now = near.rerun(sold.id), near.rerun(sold.id, as_of="now")
    assert (then.fetchall(), now.fetchall()) == ([(4,)], [(14,)])
    assert (then.receipt["same_result"], now.receipt["same_result"]) == (True, False)
    assert "same result" in repr(then.receipt) and "another result" in repr(now.receipt)
    with pytest.raises(deita.DeitaError, match="no such query"):
        near.rerun("00000000-0000-0000-0000-000000000000")


@pytest.mark.usefixtures("sold")
def test_lineage_goes_up_to_the_file_and_down_to_the_table(near: deita.Workspace) -> None:
    up = near.table("sold_totals").lineage()
    assert [node.kind for node in up.above if node.name in ("sold", "sold.csv")][-1] == "file"
    down = near.table("sold").at(version=1).lineage()
    assert "sold_totals" in [node.name for node in down.below]
    assert "file sold.csv" in repr(down) and "import" in down._repr_html_()


def test_the_history_is_searched_by_words(near: deita.Workspace, sold: deita.Result) -> None:
    found = near.history("more SOLD_TOTALS")
    assert sold.id in [query.id for query in found]
    assert found[:1][0].result().fetchall() and found[0].receipt["sql"] == found[0].sql
    assert len(near.history("more sold_totals", limit=1)) == 1
    assert len(near.history("nobody ever asked this", table="sold_totals", state="failed")) == 0
    assert sold.id in repr(found) and "statement" in found._repr_html_()
