"""`%slider` and `%choose`: a `$name` whose value a person moves."""

from __future__ import annotations

from typing import Any

import pytest
from deita import DeitaError
from deita_kernel.controls import Choice, Slider, control_of

from .conftest import Kernel

VIEW = "application/vnd.jupyter.widget-view+json"


def move(kernel: Kernel, model: str, state: dict[str, Any]) -> None:
    """What a front end sends when a person moves a control."""
    content = {"comm_id": model, "data": {"method": "update", "state": state, "buffer_paths": []}}
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_msg", content))


def test_controls_are_read_from_a_line() -> None:
    assert control_of("slider", "minutes = 60 from 0 to 240") == Slider("minutes", 60, 0, 240)
    assert control_of("slider", "$x = 0.5 from -1 to 1") == Slider("x", 0.5, -1.0, 1.0)
    assert control_of("choose", "item = tea, St. John's, tea") == Choice("item", ("tea", "St. John's"))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("slider", "minutes = 60"),
        ("slider", "m = 9 from 0 to 5"),
        ("slider", "m = 0 from 0 to 0"),
        ("choose", "item"),
        ("choose", "item = ,"),
        ("choose", "item = " + ",".join(map(str, range(201)))),
    ],
)
def test_what_is_no_control_is_told_how_one_is_written(word: str, text: str) -> None:
    with pytest.raises(DeitaError) as caught:
        control_of(word, text)
    assert caught.value.code == "bad_parameter" and f"%{word}" in str(caught.value)


def test_a_cell_that_runs_after_a_slider_moved_uses_its_value(sql_kernel: Kernel) -> None:
    cell = sql_kernel.run("%slider minutes = 60 from 0 to 240\nSELECT $minutes AS m")
    assert cell.status == "ok", cell.text
    slider, result = cell.bundles
    assert "60" in result["text/plain"].splitlines()[2]
    move(sql_kernel, slider[VIEW]["model_id"], {"value": 99})
    told = sql_kernel.client.get_iopub_msg(timeout=30)
    while told["msg_type"] != "comm_open":  # a front end that listens runs the cells that use it
        told = sql_kernel.client.get_iopub_msg(timeout=30)
    assert (told["content"]["target_name"], told["content"]["data"]) == ("deita.moved", {"name": "minutes"})
    assert "99" in sql_kernel.run("SELECT $minutes AS m").text


def test_a_choice_is_bound_as_text(sql_kernel: Kernel) -> None:
    (choice,) = sql_kernel.run("%choose item = tea, it's").bundles
    assert "tea" in sql_kernel.run("SELECT $item AS i").text
    move(sql_kernel, choice[VIEW]["model_id"], {"index": 1})
    assert "it's" in sql_kernel.run("SELECT $item AS i").text
