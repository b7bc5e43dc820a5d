"""`python -m bench [NAME …]`: runs the named benchmarks (all without a name) and writes docs/benchmarks.md."""

from __future__ import annotations

import importlib
import sys

from bench.table import section, write

NAMES = (
    "start",
    "engine",
    "spawn",
    "idle",
    "sandboxes",
    "first_widget",
    "kernel",
    "latency",
    "load",
    "tpch",
    "arrow",
    "exports",
    "bucket",
    "far_bucket",
    "backup",
    "peers",
    "original",
    "uploads",
    "imports",
    "excel",
    "profile",
    "pollock",
    "cancel",
)


def main(names: list[str]) -> int:
    """Runs one benchmark after the other; each module has TITLE, NOTE and run() → rows."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in names or NAMES:
        module = importlib.import_module(f"bench.{name}")
        rows = module.run()
        for row in rows:
            print(row.markdown(), flush=True)
        write(name, section(name, module.TITLE, module.NOTE, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
