"""Names and addresses that several processes of the hub side must agree on. Imports nothing heavy."""

from __future__ import annotations

from urllib.parse import urlencode

SERVICE = "deita"
"""The control plane's name at the hub."""
OPERATOR = "deita-operator"
"""`deita up` and the command line at the hub."""
METRICS_READER = "deita-metrics"
"""Whoever watches over Deita, at the hub."""
CLIENT_ID = "service-deita"
HOME = f"/services/{SERVICE}/"
API = f"{HOME}api/v1"
MOUNTS = "/mounts"
"""Where the control plane's API gives mounts of a bucket their credentials."""
SESSION_COOKIE = "deita-session"
"""The browser's session with the control plane; over https its name begins with `__Host-`."""
CALLBACK = f"{HOME}oauth_callback"


def sign_in_url(public_url: str, token: str) -> str:
    """The link that a person opens."""
    return f"{public_url}/hub/sign-in?{urlencode({'token': token})}"
