"""JupyterHub with our answers put before its own: `python -m deita_hub.app -f jupyterhub_config.py`."""

from __future__ import annotations

from jupyterhub.app import JupyterHub

from deita_hub import lifeline, processes, settings
from deita_hub.catalog.database import Catalog
from deita_hub.hub_handlers import HomeHandler, ProxyErrorHandler, StoppedServerHandler
from deita_hub.place import KEY, Place


class DeitaHub(JupyterHub):
    """JupyterHub's `extra_handlers` reach only below `/hub/` and come last; ours must come first and also outside."""

    name = "jupyterhub"

    def init_tornado_settings(self) -> None:
        """Hand the place around, and watch the lifeline: without `deita up` the hub ends and takes the servers along.

        The place cannot come through the configuration, whose values are copied.
        """
        here = settings.load()
        self.tornado_settings = dict(self.tornado_settings)  # type: ignore[has-type]  # a trait of JupyterHub
        self.tornado_settings[KEY] = Place(here, Catalog(here.database_url))
        super().init_tornado_settings()
        lifeline.watch(here.lifeline, lambda: processes.end(processes.remembered(here.servers_dir)))

    def init_handlers(self) -> None:
        """Our handlers, then all of JupyterHub's."""
        super().init_handlers()
        hub = self.hub_prefix.rstrip("/")
        pages = "home|spawn|spawn/[^/]+|spawn/[^/]+/[^/]+|spawn-pending/[^/]+|spawn-pending/[^/]+/[^/]+"
        self.handlers[:0] = [
            (rf"(?:{hub})?/user/[^/]+/[^/]+(?:/.*)?", StoppedServerHandler),
            (rf"(?:{hub})?/user/[^/]+/?", HomeHandler),
            (rf"{hub}/(?:{pages})/?", HomeHandler),
            (rf"{hub}/error/(\d+)", ProxyErrorHandler),
        ]


main = DeitaHub.launch_instance

if __name__ == "__main__":
    main()
