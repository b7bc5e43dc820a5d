"""The settings of the hub side: the one place that reads the environment.

`deita up` reads what its user set and hands the same settings on to its children (`Settings.environment`), together
with the internal ports that it chose. Nothing below this module looks at `os.environ` for a setting.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deita_hub import database_urls
from deita_hub import setting_places as places
from deita_hub import setting_values as read
from deita_hub.addresses import API
from deita_hub.egress_rules import Rule, rules
from deita_hub.object_storage import ObjectStorage
from deita_hub.origins import Origins
from deita_hub.origins import checked as checked_origin
from deita_hub.setting_values import SettingsError as SettingsError
from deita_hub.sign_in.settings import LINKS_ALONE, SignInSettings, sign_in_settings
from deita_hub.spawning.settings import EVERYWHERE, HERE, LOCAL, SpawnerSettings, spawner_settings

OWNER = "me"
"""The local owner: who opens the link that `deita up` prints."""

PROFILES = ("embedded", "production")
SANDBOXES, NETWORKS = ("auto", "bubblewrap", "none"), ("shared", "none")
MOUNTS = ("auto", "none")
LOG_FORMATS = ("text", "json")
"""The first is what is taken, in production the last."""


@dataclass(frozen=True)
class Ports:
    """Where the processes listen; only `public` is for people, 0 means not chosen yet."""

    public: int = 8000
    hub: int = 0
    proxy_api: int = 0
    service: int = 0
    egress: int = 0
    docker_proxy: int = 2375
    proxy_metrics: int = 0


@dataclass(frozen=True)
class Settings:
    """Everything that the hub side can be told from outside.

    Workspaces lie in folders below `storage`; with `objects`, they lie in a bucket, and the folders hold what a server
    needs beside it.
    """

    home: Path
    ports: Ports
    database_url: str = field(repr=False)
    storage: Path
    objects: ObjectStorage | None = None
    trust_everyone: bool = False
    node: str | None = None
    proxy: str | None = None
    samples: bool = True
    quota_bytes: int | None = None
    sandbox: str = "auto"
    """`auto` until `isolation.resolve` has looked, then `bubblewrap` or `none`."""
    sandbox_readable: tuple[Path, ...] = ()
    sandbox_network: str = "shared"
    mounts: str = "auto"
    server_memory: int | None = None
    server_processes: int | None = None
    server_command: tuple[str, ...] = places.SERVER_COMMAND
    backup_repository: str | None = field(default=None, repr=False)
    """Where restic keeps backups; its address may hold a password."""
    spawner: SpawnerSettings = LOCAL
    egress: tuple[Rule, ...] = ()
    connections: tuple[Rule, ...] | None = None
    """Which databases outside may be read; None leaves it to `connections.hosts`."""
    subdomain_host: str = ""
    profile: str = "embedded"
    proxy_listen: str = HERE
    """The address at which the proxy listens."""
    proxy_address: str = ""
    """How hub and control plane name the proxy's host, where each runs by itself."""
    supervised: bool = False
    """Whether this is `deita up` or one of its children, which are on one machine and end with it."""
    log_format: str = "text"
    log_bytes: int = 5_000_000
    """Of one log before it is moved aside."""
    log_days: int = 30
    """For which logs that nobody writes any more are kept."""
    sign_in: SignInSettings = LINKS_ALONE
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def database(self) -> str:
        """The kind of database underneath: `sqlite` or `postgresql`."""
        return "sqlite" if self.database_url.startswith("sqlite:") else "postgresql"

    @property
    def hub_database_url(self) -> str:
        """JupyterHub's own: a file beside the catalog's, or a schema of the same database."""
        if self.database == "sqlite":
            return f"sqlite:///{self.home / 'hub.sqlite'}"
        return database_urls.in_schema(self.database_url, database_urls.HUB)

    @property
    def origins(self) -> Origins:
        """Where people reach Deita and each other's servers."""
        return Origins(f"http://{self.proxy_host}:{self.ports.public}", self.subdomain_host)

    @property
    def public_url(self) -> str:
        """Where people reach Deita, without a slash at the end."""
        return self.origins.public

    @property
    def hub_host(self) -> str:
        """Where control plane and proxy find the hub."""
        return HERE if self.supervised else self.spawner.hub

    @property
    def control_plane_host(self) -> str:
        """Where hub and proxy find the control plane."""
        return HERE if self.supervised else self.spawner.control_plane

    @property
    def proxy_host(self) -> str:
        """Where hub, control plane and the command line find the proxy."""
        near = HERE if self.proxy_listen == EVERYWHERE else self.proxy_listen
        return near if self.supervised else self.proxy_address or near

    @property
    def hub_url(self) -> str:
        """The hub, reached without the proxy; no slash at the end."""
        return f"http://{self.hub_host}:{self.ports.hub}"

    @property
    def proxy_api_url(self) -> str:
        """Where the hub tells the proxy its routes. Under `deita up` only this machine can."""
        return f"http://{HERE if self.supervised else self.proxy_host}:{self.ports.proxy_api}"

    @property
    def proxy_metrics_url(self) -> str:
        """Where the proxy's figures are. Under `deita up` only this machine can read them."""
        return f"http://{HERE if self.supervised else self.proxy_host}:{self.ports.proxy_metrics}/metrics"

    @property
    def hub_api_url(self) -> str:
        """JupyterHub's REST API, reached without the proxy."""
        return f"{self.hub_url}/hub/api"

    @property
    def control_plane_url(self) -> str:
        """The control plane's REST API, reached without the proxy."""
        return f"{self.service_url}{API}"

    @property
    def service_url(self) -> str:
        """The control plane, reached without the proxy; no slash at the end."""
        return f"http://{self.control_plane_host}:{self.ports.service}"

    @property
    def hub_url_for_servers(self) -> str:
        """Where workspace servers find the hub."""
        return f"http://{self.spawner.hub}:{self.ports.hub}"

    @property
    def control_plane_url_for_servers(self) -> str:
        """Where workspace servers find the control plane."""
        return f"http://{self.spawner.control_plane}:{self.ports.service}{API}"

    @property
    def egress_url_for_servers(self) -> str:
        """Where workspace servers find the way out, empty where there is none."""
        return f"http://{self.spawner.egress}:{self.ports.egress}" if self.egress else ""

    @property
    def secrets_dir(self) -> Path:
        """Where the secrets lie that Deita made for itself."""
        return self.home / "secrets"

    @property
    def logs_dir(self) -> Path:
        """Where every process writes its log."""
        return self.home / "logs"

    @property
    def lifeline(self) -> Path:
        """The lock that `deita up` holds while it lives."""
        return self.home / "lifeline.lock"

    @property
    def state_file(self) -> Path:
        """What other `deita` commands read to find the running Deita."""
        return self.home / "up.json"

    @property
    def servers_dir(self) -> Path:
        """One small file per running workspace server, so that `deita up` can end what is left."""
        return self.home / "run" / "servers"

    def server_log(self, person: str, slug: str) -> Path:
        """The log of one workspace server; names never hold two hyphens in a row, so the file name is unambiguous."""
        return self.logs_dir / "servers" / f"{person}--{slug}.log"

    def environment(self) -> dict[str, str]:
        """What a child process of `deita up` needs to read the same settings."""
        values = {
            "DEITA_HOME": str(self.home),
            "DEITA_PORT": str(self.ports.public),
            "DEITA_HUB_PORT": str(self.ports.hub),
            "DEITA_PROXY_API_PORT": str(self.ports.proxy_api),
            "DEITA_PROXY_METRICS_PORT": str(self.ports.proxy_metrics),
            "DEITA_SERVICE_PORT": str(self.ports.service),
            "DEITA_STORAGE": self.objects.url if self.objects else self.storage.as_uri(),
            "DEITA_TRUST_EVERYONE": "1" if self.trust_everyone else "0",
            "DEITA_SAMPLES": "1" if self.samples else "0",
            "DEITA_QUOTA_BYTES": "" if self.quota_bytes is None else str(self.quota_bytes),
            "DEITA_SANDBOX": self.sandbox,
            "DEITA_SANDBOX_READABLE": os.pathsep.join(map(str, self.sandbox_readable)),
            "DEITA_SANDBOX_NETWORK": self.sandbox_network,
            "DEITA_MOUNTS": self.mounts,
            "DEITA_SERVER_MEMORY": "" if self.server_memory is None else str(self.server_memory),
            "DEITA_SERVER_PROCESSES": "" if self.server_processes is None else str(self.server_processes),
            "DEITA_SERVER_COMMAND": json.dumps(self.server_command),
            "DEITA_EGRESS_ALLOW": ",".join(map(str, self.egress)),
            "DEITA_EGRESS_PORT": str(self.ports.egress),
            "DEITA_DOCKER_PROXY_PORT": str(self.ports.docker_proxy),
            "DEITA_SUBDOMAIN_HOST": self.subdomain_host,
            "DEITA_PROFILE": self.profile,
            "DEITA_PROXY_LISTEN": self.proxy_listen,
            "DEITA_PROXY_ADDRESS": self.proxy_address,
            "DEITA_SUPERVISED": "1" if self.supervised else "0",
            "DEITA_LOG_FORMAT": self.log_format,
            "DEITA_LOG_BYTES": str(self.log_bytes),
            "DEITA_LOG_DAYS": str(self.log_days),
            **self.spawner.environment(),
        }
        if self.connections is not None:
            values["DEITA_CONNECTIONS_ALLOW"] = ",".join(map(str, self.connections))
        if not self.environ.get("DEITA_DATABASE_URL_FILE"):  # a file stays one: no password enters an environment
            values["DEITA_DATABASE_URL"] = self.database_url
        return {**self.environ, **values}


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of this process. Raises `SettingsError` naming the setting that cannot be used."""
    source = dict(os.environ if environ is None else environ)
    home = Path(source.get("DEITA_HOME") or ".deita").expanduser().absolute()
    spawner = spawner_settings(source)
    return Settings(
        home=home,
        ports=Ports(
            public=read.port(source, "DEITA_PORT", 8000),
            hub=read.port(source, "DEITA_HUB_PORT", spawner.hub_port),
            proxy_api=read.port(source, "DEITA_PROXY_API_PORT", 0),
            service=read.port(source, "DEITA_SERVICE_PORT", spawner.service_port),
            egress=read.port(source, "DEITA_EGRESS_PORT", spawner.egress_port),
            docker_proxy=read.port(source, "DEITA_DOCKER_PROXY_PORT", 2375),
            proxy_metrics=read.port(source, "DEITA_PROXY_METRICS_PORT", 0),
        ),
        database_url=places.database_url(read.secret(source, "DEITA_DATABASE_URL"), home),
        storage=places.storage(source.get("DEITA_STORAGE"), home),
        objects=places.objects(source),
        trust_everyone=read.switch(source, "DEITA_TRUST_EVERYONE", False),
        samples=read.switch(source, "DEITA_SAMPLES", True),
        quota_bytes=read.count(source, "DEITA_QUOTA_BYTES", "bytes"),
        sandbox=read.one_of(source, "DEITA_SANDBOX", SANDBOXES),
        sandbox_readable=read.paths(source, "DEITA_SANDBOX_READABLE"),
        sandbox_network=read.one_of(source, "DEITA_SANDBOX_NETWORK", NETWORKS),
        mounts=read.one_of(source, "DEITA_MOUNTS", MOUNTS),
        server_memory=read.count(source, "DEITA_SERVER_MEMORY", "bytes"),
        server_processes=read.count(source, "DEITA_SERVER_PROCESSES", "processes"),
        node=source.get("DEITA_NODE") or None,
        proxy=source.get("DEITA_PROXY") or None,
        server_command=places.command(source.get("DEITA_SERVER_COMMAND"), spawner),
        spawner=spawner,
        egress=rules(source.get("DEITA_EGRESS_ALLOW", "")),
        connections=rules(allow, "DEITA_CONNECTIONS_ALLOW")
        if (allow := source.get("DEITA_CONNECTIONS_ALLOW"))
        else None,
        backup_repository=read.secret(source, "DEITA_BACKUP_REPOSITORY"),
        subdomain_host=checked_origin(host) if (host := source.get("DEITA_SUBDOMAIN_HOST")) else "",
        proxy_listen=source.get("DEITA_PROXY_LISTEN") or HERE,
        proxy_address=source.get("DEITA_PROXY_ADDRESS", ""),
        supervised=read.switch(source, "DEITA_SUPERVISED", False),
        profile=(profile := read.one_of(source, "DEITA_PROFILE", PROFILES)),
        log_format=read.one_of(source, "DEITA_LOG_FORMAT", LOG_FORMATS if profile == "embedded" else LOG_FORMATS[::-1]),
        log_bytes=read.count(source, "DEITA_LOG_BYTES", "bytes") or Settings.log_bytes,
        log_days=read.count(source, "DEITA_LOG_DAYS", "days") or Settings.log_days,
        sign_in=sign_in_settings(source),
        environ=source,
    )
