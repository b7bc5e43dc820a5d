"""A Jupyter server with the data plane and nothing else, as a process: `python plain_server.py PORT`."""

from __future__ import annotations

import sys
from typing import Any

from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.serverapp import ServerApp
from tornado import web


class TwoPeople(IdentityProvider):
    """Knows the person by the token, and another one, who is refused as JupyterHub's provider refuses."""

    async def get_user(self, handler: Any) -> User | None:
        token = self.get_token(handler)
        if token == self.token:
            handler._token_authenticated = True
            if handler.get_query_argument("token", ""):
                self.set_login_cookie(handler, User("me"))  # as a browser's first visit does
            return User("me")
        if token == "another-persons-token":
            handler.redirect = _refuse
            return None
        cookie = self.get_user_cookie(handler)
        return cookie if isinstance(cookie, User) else None


def _refuse(*arguments: Any, **options: Any) -> None:
    raise web.HTTPError(403)


class PlainServer(ServerApp):
    """jupyter-server without the machine's configuration files, so that no other extension is loaded."""

    def load_config_file(self, suppress_errors: bool = True) -> None:
        pass

    def find_server_extensions(self) -> None:
        pass

    def write_browser_open_files(self) -> None:
        pass


if __name__ == "__main__":
    port, token, *rest = sys.argv[1:]
    arguments = [
        f"--port={port}",
        "--ip=127.0.0.1",
        "--no-browser",
        "--allow-root",
        "--ServerApp.port_retries=0",
        "--ServerApp.base_url=/user/me/shop/",
        f"--TwoPeople.token={token}",
        "--ServerApp.terminals_enabled=False",
        *rest,
    ]
    PlainServer.launch_instance(
        arguments, identity_provider_class=TwoPeople, jpserver_extensions={"deita_server": True}
    )
