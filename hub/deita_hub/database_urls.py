"""URLs of PostgreSQL databases: what an operator writes, and what a connection to one schema needs.

Without the database library, which takes as long to load as the command line may take to answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

CATALOG, HUB = "deita", "deita_hub"
"""Schemas of one database: the control plane's catalog and JupyterHub's tables."""
DRIVER = "postgresql+psycopg"
SCHEMES = ("postgres", "postgresql", DRIVER)
LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
}
CONNECT_SECONDS = 5
SILENCE = {"keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "20000"}
"""A connection whose other end vanished is given up within half a minute: the hub itself waits for its database."""


def normalised(url: str) -> str:
    """The URL for SQLAlchemy and psycopg 3; raises ValueError when it is none or names no database."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc or not parts.path.strip("/"):
        raise ValueError("not a PostgreSQL URL with a database")
    return parts._replace(scheme=DRIVER).geturl()


def for_libpq(url: str) -> str:
    """The URL as libpq and its tools want it."""
    return urlsplit(url)._replace(scheme="postgresql").geturl()


def with_login(url: str, user: str, password: str) -> str:
    """The URL for libpq as another role."""
    parts = urlsplit(for_libpq(url))
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{host}").geturl()


def in_schema(url: str, schema: str, limits: Mapping[str, str] = LIMITS) -> str:
    """The URL with all that a connection is told: where its tables are, and how long it waits for what."""
    parts = urlsplit(normalised(url))
    query = dict(parse_qsl(parts.query))
    settings = " ".join(f"-c {name}={value}" for name, value in {"search_path": schema, **limits}.items())
    query["options"] = f"{query.get('options', '')} {settings}".strip()
    query = {**SILENCE, "connect_timeout": str(CONNECT_SECONDS), **query}
    query.setdefault("application_name", schema)
    return parts._replace(query=urlencode(query, quote_via=quote)).geturl()
