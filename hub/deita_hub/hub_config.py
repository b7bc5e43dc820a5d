"""How JupyterHub is set up: everything that `jupyterhub_config.py` would otherwise hold, as a tested function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deita_hub import request_log
from deita_hub.addresses import CALLBACK, CLIENT_ID, HOME, METRICS_READER, OPERATOR, SERVICE
from deita_hub.origins import domain_of
from deita_hub.secret_files import Secrets
from deita_hub.settings import OWNER, Settings
from deita_hub.sign_in.links import LinkAuthenticator
from deita_hub.sign_in.settings import GITHUB
from deita_hub.spawning import kinds

MOST_SERVERS = 200
MOST_STARTING = 8
PERSON_SCOPES = [
    "access:servers!user",
    "users:activity!user",
    "read:users:name!user",
    "read:users:groups!user",
    f"access:services!service={SERVICE}",
]
"""What people may do at the hub: enter their servers (others' by a share) and the control plane, which starts servers
and knows members. Not JupyterHub's `self`, with which a page or a token could start servers and make further tokens."""


def configure(c: Any, settings: Settings, secrets: Secrets) -> None:
    """Fill JupyterHub's configuration object."""
    _processes(c, settings, secrets)
    _people(c, settings)
    _services(c, settings, secrets)
    _servers(c, settings)


def _processes(c: Any, settings: Settings, secrets: Secrets) -> None:
    """The proxy is started by others; hub and servers outlive each other."""
    c.JupyterHub.bind_url = settings.origins.local
    c.JupyterHub.hub_bind_url = f"http://{settings.spawner.bound}:{settings.ports.hub}"
    c.JupyterHub.hub_connect_url = settings.hub_url
    c.JupyterHub.public_url = settings.public_url
    if settings.subdomain_host:
        c.JupyterHub.subdomain_host = settings.subdomain_host
        c.JupyterHub.subdomain_hook = domain_of
        c.JupyterHub.cookie_host_prefix_enabled = settings.origins.secure
    c.JupyterHub.db_url = settings.hub_database_url
    c.JupyterHub.db_kwargs = {"hide_parameters": True}
    c.JupyterHub.cookie_secret = bytes.fromhex(secrets.cookie_secret)
    c.JupyterHub.pid_file = ""
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False
    c.JupyterHub.last_activity_interval = 10
    c.JupyterHub.service_check_interval = 0
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = settings.proxy_api_url
    c.ConfigurableHTTPProxy.auth_token = secrets.proxy_token


def _people(c: Any, settings: Settings) -> None:
    """Whoever has a good link is let in, and whom the provider names and `sign_in.admission` admits."""
    c.JupyterHub.authenticator_class = LinkAuthenticator
    c.Authenticator.allowed_users = {OWNER}
    c.Authenticator.allow_all = True
    if settings.sign_in.by_provider:
        _provider(c, settings)
    c.JupyterHub.template_paths = [str(Path(__file__).parent / "templates")]
    c.JupyterHub.default_url = HOME
    c.JupyterHub.tornado_settings = {
        "slow_spawn_timeout": 0,
        "slow_stop_timeout": 0,
        "cookie_options": {"SameSite": "Lax"},
        "xsrf_cookie_kwargs": {"SameSite": "Lax", "secure": settings.origins.secure},
        "log_function": request_log.of_handler,
    }


def _provider(c: Any, settings: Settings) -> None:
    """Where people sign in. Their tokens there are not kept: `enable_auth_state` stays off."""
    # imported late: most installations have no provider
    from deita_hub.sign_in import providers

    sign_in = settings.sign_in
    sign_in.check_secret()
    c.JupyterHub.authenticator_class = providers.AUTHENTICATORS[sign_in.kind]
    c.OAuthenticator.client_id = sign_in.client_id
    c.OAuthenticator.client_secret = sign_in.client_secret
    c.OAuthenticator.oauth_callback_url = f"{settings.public_url}/hub/oauth_callback"
    c.OAuthenticator.scope = providers.SCOPES[sign_in.kind]
    if sign_in.kind == GITHUB:
        c.GitHubOAuthenticator.github_url = sign_in.issuer


def _services(c: Any, settings: Settings, secrets: Secrets) -> None:
    """The control plane, the operator (`deita up` and the command line), and who reads the hub's figures."""
    c.JupyterHub.services = [
        {
            "name": SERVICE,
            "url": settings.service_url,
            "api_token": secrets.service_token,
            "oauth_client_id": CLIENT_ID,
            "oauth_redirect_uri": CALLBACK,
            "oauth_no_confirm": True,
            "display": False,
        },
        {"name": OPERATOR, "api_token": secrets.operator_token, "display": False},
        {"name": METRICS_READER, "api_token": secrets.metrics_token, "display": False},
    ]
    c.JupyterHub.load_roles = [
        {"name": "user", "scopes": PERSON_SCOPES},
        {
            "name": "deita-control-plane",
            "scopes": ["servers", "admin:users", "shares", "tokens"],
            "services": [SERVICE],
        },
        {
            "name": OPERATOR,
            "scopes": ["admin:users", "servers", "tokens", "proxy", "read:hub"],
            "services": [OPERATOR],
        },
        {"name": METRICS_READER, "scopes": ["read:metrics"], "services": [METRICS_READER]},
    ]


def _servers(c: Any, settings: Settings) -> None:
    """One named server per person and workspace, within limits."""
    c.JupyterHub.spawner_class = kinds.spawner(settings)
    c.JupyterHub.allow_named_servers = True
    c.JupyterHub.named_server_limit_per_user = 1000
    c.JupyterHub.active_server_limit = MOST_SERVERS
    c.JupyterHub.concurrent_spawn_limit = MOST_STARTING
    c.Spawner.start_timeout = 60
    c.Spawner.consecutive_failure_limit = 0
    c.Spawner.http_timeout = 30
    c.Spawner.poll_interval = 5
    c.LocalProcessSpawner.term_timeout = 8
    c.LocalProcessSpawner.kill_timeout = 3
