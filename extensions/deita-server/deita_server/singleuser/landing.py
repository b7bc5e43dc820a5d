"""The server's address itself leads to Explore, and wakes the apps up on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

if TYPE_CHECKING:
    from deita_server.apps.mount import Apps

LANDING = "apps/explore"


class LandingHandler(JupyterHandler):
    """`/user/<person>/<workspace>/` for a browser."""

    def initialize(self, apps: Apps) -> None:
        """Take the apps to wake up."""
        self.apps = apps

    @authenticated
    def get(self) -> None:
        """Redirect to Explore."""
        self.apps.warm()
        self.redirect(url_path_join(self.base_url, LANDING))

    head = get
