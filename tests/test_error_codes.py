"""What the documentation says of errors is what the tables of both planes say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from deita_hub.service.errors import STATUS as CONTROL_PLANE
from deita_server.errors import STATUS as DATA_PLANE

DOCUMENT = Path(__file__).parents[1] / "docs" / "api.md"
ROW = re.compile(r"^\| ((?:\d{3}(?:, )?)+) \| (.+) \|$", re.M)


@pytest.mark.parametrize("statuses_of", [DATA_PLANE, CONTROL_PLANE], ids=["data plane", "control plane"])
def test_every_code_is_documented_with_its_status(statuses_of: dict[str, int]) -> None:
    documented: dict[str, set[int]] = {}
    for statuses, codes in ROW.findall(DOCUMENT.read_text(encoding="utf-8")):
        for code in re.findall(r"`([a-z_0-9]+)`", codes):
            documented.setdefault(code, set()).update(int(status) for status in statuses.split(", "))
    missing = {code: status for code, status in statuses_of.items() if status not in documented.get(code, set())}
    assert missing == {}
