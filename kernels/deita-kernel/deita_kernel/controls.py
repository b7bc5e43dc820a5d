"""`%slider minutes = 60 from 0 to 240` and `%choose item = tea, espresso`: a `$name` whose value a person moves."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deita import DeitaError

MAX_CHOICES = 200
SLIDER_USAGE = "%slider minutes = 60 from 0 to 240"
CHOOSE_USAGE = "%choose item = espresso, tea, cappuccino"
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_SLIDER = re.compile(rf"\$?([^\W\d]\w{{0,62}})\s*=\s*{_NUMBER}\s+from\s+{_NUMBER}\s+to\s+{_NUMBER}")
_CHOICES = re.compile(r"\$?([^\W\d]\w{0,62})\s*=\s*(.+)")


@dataclass(frozen=True)
class Slider:
    """A number between two others; whole numbers where all three are."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Choice:
    """One of some texts, the first of them to begin with."""

    name: str
    choices: tuple[str, ...]


Control = Slider | Choice


def control_of(word: str, text: str) -> Control:
    """Read what stands behind `%slider` or `%choose`. Raises DeitaError bad_parameter."""
    return _slider(text) if word == "slider" else _choice(text)


def _slider(text: str) -> Slider:
    match = _SLIDER.fullmatch(text)
    if match is None:
        raise DeitaError("bad_parameter", "This is no slider.", SLIDER_USAGE)
    value, low, high = (float(number) if "." in text else int(number) for number in match.groups()[1:])
    if not low <= value <= high or low == high:
        raise DeitaError("bad_parameter", f"{match[2]} is not between {match[3]} and {match[4]}.", SLIDER_USAGE)
    return Slider(match[1], value, low, high)


def _choice(text: str) -> Choice:
    match = _CHOICES.fullmatch(text)
    choices = tuple(dict.fromkeys(part.strip() for part in match[2].split(",") if part.strip())) if match else ()
    if match is None or not choices:
        raise DeitaError("bad_parameter", "There is nothing to choose.", CHOOSE_USAGE)
    if len(choices) > MAX_CHOICES:
        raise DeitaError("bad_parameter", f"There are more than {MAX_CHOICES} to choose from.", CHOOSE_USAGE)
    return Choice(match[1], choices)
