"""Controls as ipywidgets in a kernel that is no IPython: the protocol's messages handled, nothing else of it needed.

Imported with the first control, because ipywidgets takes longer than this kernel's start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import comm
from ipykernel.kernelbase import Kernel
from ipywidgets import Dropdown, FloatSlider, IntSlider, Widget

from deita_kernel.controls import Control, Slider

MESSAGES = ("comm_open", "comm_msg", "comm_close")
MOVED_TARGET = "deita.moved"
"""What a front end may listen to: it is told the name of a value that a person changed, to run what uses it again."""
CONTROL_TARGET = "jupyter.widget.control"
"""What front ends open to ask for the state of all widgets, after a reload."""


class Widgets:
    """The controls of one kernel, one for each `$name`; `changed(name, value)` is called when a person moves one."""

    def __init__(self, kernel: Kernel, changed: Callable[[str, Any], None]) -> None:
        self._changed = changed
        self._by_name: dict[str, Widget] = {}
        manager: Any = comm.get_comm_manager()
        kernel.comm_manager = manager
        manager.register_target(CONTROL_TARGET, Widget.handle_control_comm_opened)
        for message in MESSAGES:
            kernel.shell_handlers[message] = getattr(manager, message)

    def show(self, control: Control) -> dict[str, Any]:
        """The MIME bundle of a new widget in the place of the one that the name had."""
        name = control.name.casefold()
        if name in self._by_name:
            self._by_name.pop(name).close()
        widget = self._by_name[name] = _widget(control)
        self._changed(control.name, widget.value)
        widget.observe(lambda change: self._moved(control.name, change["new"]), "value")
        bundle: dict[str, Any] = widget._repr_mimebundle_()
        return bundle

    def _moved(self, name: str, value: Any) -> None:
        self._changed(name, value)
        comm.create_comm(target_name=MOVED_TARGET, data={"name": name}).close()


def _widget(control: Control) -> Any:
    label = {"description": control.name, "style": {"description_width": "initial"}}
    if isinstance(control, Slider):
        kind = IntSlider if isinstance(control.value, int) else FloatSlider
        return kind(value=control.value, min=control.low, max=control.high, continuous_update=False, **label)
    return Dropdown(options=list(control.choices), **label)
