"""IPython extension `deita_kernel.magics`: `%chart`, and `%sql` and its family, connected to the workspace and loaded
when first used.

JupySQL and what it imports (SQLAlchemy, sqlglot, pandas, matplotlib) take seconds, a kernel's start should not. So
the magics registered here are stand-ins of a few lines: the first call loads JupySQL, which puts its own in their
place, and hands over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import needs_local_scope as with_local_scope
from IPython.core.magic import no_var_expand

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

LINE_AND_CELL = ("sql", "jupysql")
LINE_ONLY = ("sqlplot", "sqlcmd", "sqlrender")
NAMESPACE = "sql"  # how JupySQL's own extension is called


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the stand-ins. `%load_ext sql`, as many notebooks begin, then finds its work done."""
    for name in LINE_AND_CELL:
        shell.register_magic_function(_stand_in(shell, name, "line"), "line", name)
        shell.register_magic_function(_stand_in(shell, name, "cell"), "cell", name)
    for name in LINE_ONLY:
        shell.register_magic_function(_stand_in(shell, name, "line"), "line", name)
    shell.register_magic_function(_chart(shell), "line", "chart")
    shell.extension_manager.loaded.add(NAMESPACE)


def _stand_in(shell: InteractiveShell, name: str, kind: str) -> Any:
    @no_var_expand
    @with_local_scope
    def magic(line: str, cell: str = "", local_ns: dict[str, Any] | None = None) -> Any:
        """Run SQL in this workspace (JupySQL; its help is here after the first use)."""
        from deita_kernel.jupysql import install

        install(shell)
        real = shell.find_magic(name, kind)
        local = {"local_ns": local_ns} if getattr(real, "needs_local_scope", False) else {}
        return real(line, cell, **local) if kind == "cell" else real(line, **local)

    return magic


def _chart(shell: InteractiveShell) -> Any:
    def chart(line: str) -> None:
        """Draw a result: %chart bar x=month y=revenue [color=column] [name of a variable, `_` without one]."""
        from deita import DeitaError, Result
        from IPython.core.error import UsageError
        from IPython.display import display

        from deita_kernel.charting import chart, wanted

        try:
            asked = wanted(line)
            result = shell.user_ns.get(asked.result or "_")
            if not isinstance(result, Result):
                raise UsageError(f"{asked.result or '_'} is no result of ws.sql(…); name a variable that is one.")
            display(chart(result, asked), raw=True)
        except DeitaError as error:
            raise UsageError(str(error)) from error

    return chart
