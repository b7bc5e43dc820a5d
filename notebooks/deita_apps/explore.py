"""Explore: the workspace's tables, files, SQL and charts in one widget.

The widget says what is looked at; bytes and rows go between browser and data plane directly. Its module is a few lines
that import the front end from the server: anywidget would otherwise send the whole of it through the kernel's socket to
each page.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from . import place

# A module made from text has no address of its own, so the path is completed here; another site's is refused.
_LOADER = """
const load = (model) => {
  const url = new URL(`${model.get("static")}explore.js`, location.origin);
  if (url.origin !== location.origin) throw new Error("The front end is on another site.");
  return import(url.href);
};
export default {
  async render(context) {
    return (await load(context.model)).default.render(context);
  },
};
"""


class Explore(anywidget.AnyWidget):
    """Everything that a workspace holds, to look at, ask and draw.

    What a person does in the browser can be read from the traits, and setting one moves the view. A browser may send
    whatever it likes: treat the values as input from outside.
    """

    _esm = _LOADER

    api = traitlets.Unicode(help="Path of the data plane.").tag(sync=True)
    static = traitlets.Unicode(help="Path of the front end's files.").tag(sync=True)
    workspace = traitlets.Unicode(help="The workspace's slug.").tag(sync=True)
    role = traitlets.Unicode(help="What the person is in the workspace: owner, editor or viewer.").tag(sync=True)
    mode = traitlets.Enum(["table", "profile", "sql", "chart"], "table", help="What is shown.").tag(sync=True)
    table = traitlets.Unicode(help="The table that is selected; empty for none.").tag(sync=True)
    order = traitlets.Unicode(help="How the table is sorted: `column` or `-column`.").tag(sync=True)
    sql = traitlets.Unicode(help="The statement in the editor.").tag(sync=True)
    chart = traitlets.Dict(help="The chart: mark, x, y, aggregate, color; empty for the default.").tag(sync=True)
    query = traitlets.Unicode(help="The id of the last query that ran.").tag(sync=True)

    @traitlets.default("api")
    def _default_api(self) -> str:
        return place.api_path()

    @traitlets.default("static")
    def _default_static(self) -> str:
        return place.static_path(self.api)

    @traitlets.default("workspace")
    def _default_workspace(self) -> str:
        return place.workspace()

    @traitlets.validate("api", "static")
    def _own_site_only(self, proposal: dict[str, Any]) -> str:
        value: str = proposal["value"]
        if value and (not value.startswith("/") or value.startswith("//") or "\\" in value):
            raise traitlets.TraitError("Only a path on this site will do.")
        return value
