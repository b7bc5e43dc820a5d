"""With what the figures of one workspace server are read: made from `metrics_token`, so that nobody keeps a list.

A server is told its own. It opens that server's figures and nothing else, here or anywhere.
"""

from __future__ import annotations

import hashlib
import hmac


def of_server(metrics_token: str, user: str, name: str) -> str:
    """The token of the server `name` of `user`."""
    return _made(metrics_token, f"token:{user}/{name}")


def id_of_server(metrics_token: str, user: str, name: str) -> str:
    """What the server is called in figures: no name of a person, and not to be guessed from one."""
    return _made(metrics_token, f"id:{user}/{name}")[:16]


def _made(secret: str, purpose: str) -> str:
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()
