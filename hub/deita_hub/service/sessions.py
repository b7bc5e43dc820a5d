"""The browser's session with the control plane: signed cookies, sign-in through the hub, protection of unsafe requests.

The cookie holds the hub's OAuth token, whose only power is to say who somebody is to this service. It is signed,
HttpOnly and SameSite=Lax. Requests that change something must repeat in a header what a second, readable cookie says;
that value is derived from the session, so a cookie planted from elsewhere does not fit. With subdomains over https the
browser locks them to this host (`__Host-`), so that no page at a person's own origin can plant one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as random
from urllib.parse import urlencode, urlsplit

from fastapi import Request, Response
from tornado.web import create_signed_value, decode_signed_value

from deita_hub.addresses import CALLBACK, CLIENT_ID, HOME, SESSION_COOKIE

SESSION, STATE, XSRF = SESSION_COOKIE, "deita-sign-in", "deita-xsrf"
XSRF_HEADER = "X-XSRFToken"
DAYS = 14
STATE_SECONDS = 600
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Sessions:
    """Makes and reads the control plane's cookies."""

    def __init__(self, secret: str, *, secure: bool = False) -> None:
        self._secret, self._secure = secret, secure
        prefix, self._path = ("__Host-", "/") if secure else ("", HOME)
        self._session, self._state = prefix + SESSION, prefix + STATE

    def token(self, request: Request) -> str | None:
        """The hub token of the browser's session, None without a good one."""
        value = decode_signed_value(self._secret, SESSION, request.cookies.get(self._session, ""), max_age_days=DAYS)
        return value.decode() if value else None

    def xsrf_fits(self, request: Request) -> bool:
        """Whether an unsafe request proves that a page of ours sent it."""
        if request.method in SAFE:
            return True
        expected = self.xsrf(request.cookies.get(self._session, ""))
        header, cookie = request.headers.get(XSRF_HEADER, ""), request.cookies.get(XSRF, "")
        return hmac.compare_digest(header.encode(), expected.encode()) and hmac.compare_digest(
            header.encode(), cookie.encode()
        )

    def xsrf(self, session: str) -> str:
        """What belongs to this session cookie."""
        return hmac.new(self._secret.encode(), b"xsrf:" + session.encode(), hashlib.sha256).hexdigest()

    def begin(self, response: Response, wanted: str) -> str:
        """Start signing in: remember in a cookie where to go afterwards; returns the hub's address to go to now."""
        state = random.token_urlsafe(24)
        self._set(response, self._state, self._sign(STATE, f"{state} {relative(wanted)}"), STATE_SECONDS)
        query = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "state": state}
        return f"/hub/api/oauth2/authorize?{urlencode(query)}"

    def wanted(self, request: Request, state: str) -> str | None:
        """Where the sign-in that carries this state wanted to go, None if this browser did not begin it."""
        value = decode_signed_value(self._secret, STATE, request.cookies.get(self._state, ""), max_age_days=1)
        known, _, target = (value or b"").decode().partition(" ")
        return target if known and hmac.compare_digest(known.encode(), state.encode()) else None

    def open(self, response: Response, token: str) -> None:
        """Sign the browser in."""
        session = self._sign(SESSION, token)
        self._set(response, self._session, session, DAYS * 86400)
        self._set(response, XSRF, self.xsrf(session), DAYS * 86400, readable=True)
        self._delete(response, self._state)

    def close(self, response: Response) -> None:
        """Sign the browser out of the control plane."""
        for name in (self._session, XSRF, self._state):
            self._delete(response, name)

    def _sign(self, name: str, value: str) -> str:
        return create_signed_value(self._secret, name, value).decode()

    def _set(self, response: Response, name: str, value: str, seconds: int, *, readable: bool = False) -> None:
        where, hidden = self._path, not readable
        response.set_cookie(
            name, value, max_age=seconds, path=where, httponly=hidden, secure=self._secure, samesite="lax"
        )

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path=self._path, secure=self._secure)


def relative(target: str, below: str = HOME) -> str:
    """The target if it is a path on this host below `below`, else `below` itself: nobody is sent elsewhere."""
    parts = urlsplit(target)
    safe = not parts.scheme and not parts.netloc and "\\" not in target and target.isprintable()
    if safe and parts.path.startswith(below) and ".." not in parts.path.split("/"):
        return target
    return below
