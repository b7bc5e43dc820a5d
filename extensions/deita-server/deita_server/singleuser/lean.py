"""Imports JupyterHub's single-user server without the hub that its modules pull in.

`jupyterhub.singleuser` reaches `jupyterhub.orm` (SQLAlchemy, Alembic), the hub's page handlers and aiohttp through
names that it never uses in this process. While it is imported, stand-ins answer for those modules; afterwards they
are taken away, so that whoever needs the real ones imports the real ones. Not taken: a copy of the single-user
extension (it would miss security fixes) and a fork from a pre-imported process (a crash of it would take every server
along).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from traitlets.config import Configurable

from . import hub_requests

# jsonschema asks for these to check rare string formats; every one it misses it skips. They cost 0.1 s together.
_FORMAT_CHECKERS = ("fqdn", "isoduration", "rfc3986_validator", "uri_template", "webcolors")


# jupyter-server lists these for its help texts; kernels on a remote gateway are nothing that a workspace has.
_GATEWAY = {
    "jupyter_server.gateway.managers": (
        "GatewayKernelSpecManager",
        "GatewayMappingKernelManager",
        "GatewaySessionManager",
    ),
    "jupyter_server.gateway.connections": ("GatewayWebSocketConnection",),
}


class _NeverRaised(Exception):
    """What `except SQLAlchemyError` in jupyterhub.utils means where no database is."""


def _never_logs(handler: object) -> None:
    """Answers for the hub's request log: the server's own log function is set instead."""


def _stand_ins() -> dict[str, ModuleType | None]:
    names: dict[str, dict[str, object]] = {
        "sqlalchemy": {},
        "sqlalchemy.exc": {"SQLAlchemyError": _NeverRaised},
        "aiohttp": {},
        "jupyterhub.orm": {},
        "jupyterhub.roles": {},
        "jupyterhub.log": {"log_request": _never_logs},
        "jupyterhub.httpclient": {"fetch": hub_requests.fetch},
        **{module: {name: type(name, (Configurable,), {}) for name in classes} for module, classes in _GATEWAY.items()},
    }
    modules: dict[str, ModuleType | None] = dict.fromkeys(_FORMAT_CHECKERS)  # None: "there is no such module"
    for name, attributes in names.items():
        modules[name] = module = ModuleType(name)
        vars(module).update(attributes)
    return {name: module for name, module in modules.items() if name not in sys.modules}


@contextmanager
def without_the_hub() -> Iterator[None]:
    """While it lasts, importing the hub's heavy modules yields stand-ins. One that is imported already stays."""
    stand_ins = _stand_ins()
    sys.modules.update(stand_ins)  # type: ignore[arg-type]  # None is how Python spells "not to be found"
    try:
        yield
    finally:
        for name in stand_ins:
            sys.modules.pop(name, None)


with without_the_hub():
    import jupyterhub.singleuser.extension as extension

JupyterHubSingleUser = extension.JupyterHubSingleUser
JupyterHubIdentityProvider = extension.JupyterHubIdentityProvider
JupyterHubAuthorizer = extension.JupyterHubAuthorizer
JupyterHubUser = extension.JupyterHubUser
