"""Ways to write into the workspace that viewers look at by the data plane, from a page's kernel."""

from __future__ import annotations

from pathlib import Path

import deita

from tests.escape.registry import World, attempt, first


@attempt
def write_by_the_server(world: World) -> object:
    workspace = deita.workspace()
    assert workspace.sql("select sum(x) from a").fetchall() == [(3,)]
    statements = ("create table b as select 1 as y", "insert into a values (3)", "drop table a", "delete from a")
    refusals = []
    for statement in statements:
        try:
            return workspace.write(statement)
        except deita.DeitaError as error:
            refusals.append(error.code)
    return first(code for code in refusals if code not in ("forbidden", "read_only", "not_allowed"))


@attempt
def upload_by_the_server(world: World) -> object:
    own = Path("upload.csv").absolute()
    own.write_text("x\n1\n")
    try:
        return deita.workspace().upload(own)
    except deita.DeitaError as error:
        return None if error.code == "forbidden" else error
