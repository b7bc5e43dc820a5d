"""Header texts as keys: unique, never empty."""

from __future__ import annotations

from collections.abc import Iterable


def unique_labels(texts: Iterable[str]) -> list[str]:
    """The texts; an empty one becomes `column3`, one that was there before gets `_1`, `_2`…"""
    taken: set[str] = set()
    labels = []
    for number, text in enumerate(texts, 1):
        base = label = text.strip() or f"column{number}"
        count = 1
        while label in taken:
            label, count = f"{base}_{count}", count + 1
        taken.add(label)
        labels.append(label)
    return labels
