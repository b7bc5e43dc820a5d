"""A Jupyter server with the data plane and nothing else, as a process: `python plain_server.py PORT`."""

from __future__ import annotations

import sys

from jupyter_server.serverapp import ServerApp


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
        f"--IdentityProvider.token={token}",
        "--ServerApp.terminals_enabled=False",
        *rest,
    ]
    PlainServer.launch_instance(arguments, jpserver_extensions={"deita_server": True})
