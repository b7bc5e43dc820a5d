"""A query that repeats another one, and whether the same came out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

AsOf = Literal["then", "now"]


@dataclass(frozen=True)
class Rerun:
    """The query that is repeated: its id, on which versions it is repeated, and the versions that it read."""

    of: str
    on: AsOf
    tables: dict[str, int]

    def written(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    def compared(self, first: dict[str, Any], receipt: dict[str, Any]) -> dict[str, Any]:
        """Return what the receipt of the repetition says besides, after the first one's; None where either has no hash:
        nobody asked for it while there was a result.
        """
        tables = receipt["tables"]
        names = dict.fromkeys((*self.tables, *tables))
        return {
            "rerun_of": self.of,
            "rerun_as_of": self.on,
            "same_result": _same(first.get("result_hash"), receipt["result_hash"]),
            "alike": _same(first.get("loose_hash"), receipt["loose_hash"]),
            "changed_tables": [
                {"name": name, "then": self.tables.get(name), "now": tables.get(name)}
                for name in names
                if self.tables.get(name) != tables.get(name)
            ],
        }


def _same(one: str | None, other: str | None) -> bool | None:
    return one == other if one and other else None
