"""HTTP to either plane: one connection pool, the error shape as exceptions, patient with what may be asked again.

urllib3 does the retrying: only methods without an effect are repeated, on broken connections and on 429 and 503,
with the server's Retry-After up to a bound. Redirects are not followed, so a token never reaches another host.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import quote, urlencode

import urllib3

from deita.errors import DeitaError, ServerUnavailable, from_answer

RETRY = urllib3.Retry(
    total=4,
    allowed_methods=frozenset({"GET", "HEAD", "OPTIONS"}),
    status_forcelist=(429, 503),
    backoff_factor=0.2,
    retry_after_max=5,
    redirect=False,
    raise_on_status=False,
)
WAIT = urllib3.Timeout(connect=10, read=300)


def path_of(*segments: str) -> str:
    """Join path segments, each escaped whole: a slash in a name stays part of the name."""
    return "/".join(quote(segment, safe="") for segment in segments)


class Transport:
    """Speaks JSON, files and streams with the API at `base`. May be used from several threads at once."""

    def __init__(self, base: str, token: str) -> None:
        self.base = base.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": "deita-python"}
        self._pool = urllib3.PoolManager(maxsize=8, retries=RETRY, timeout=WAIT)

    def __repr__(self) -> str:
        return f"Transport({self.base!r})"

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """GET JSON."""
        return self.send("GET", path, query=query)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json_body: Mapping[str, Any] | None = None,
        body: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        patience_s: float | None = None,
    ) -> Any:
        """Send one request and read its JSON answer (None when the answer is empty).

        `patience_s` bounds the wait for the answer and turns retries off. Raises DeitaError for every status from 300
        on and ServerUnavailable when there is no answer.
        """
        extra = dict(headers or {})
        if json_body is not None:
            body, extra["Content-Type"] = json.dumps(json_body).encode(), "application/json"
        response = self._request(method, path, query, body, extra, patience_s=patience_s)
        if response.status >= 300:
            raise from_answer(response.status, response.data, response.headers.get("X-Request-Id"))
        try:
            return json.loads(response.data) if response.data else None
        except ValueError as error:
            raise DeitaError("unexpected_answer", "The server's answer is not JSON.", status=response.status) from error

    def items(self, path: str, query: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Walk through a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.get(path, {**(query or {}), **({"cursor": cursor} if cursor else {})})
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return

    @contextmanager
    def stream(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        method: str = "GET",
        json_body: Any = None,
        wait_s: float | None = None,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Open a body that is read piece by piece; the connection is closed unless it was read to its end. `wait_s` is
        how long the answer may take to begin, where that is longer than usual.
        """
        body = None if json_body is None else json.dumps(json_body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        response = self._request(method, path, query, body, headers, preload=False, wait_s=wait_s)
        try:
            if response.status >= 300:
                raise from_answer(response.status, response.read(), response.headers.get("X-Request-Id"))
            yield response
        finally:
            response.close()

    def part(self, path: str, query: Mapping[str, Any] | None, begin: int, end: int) -> bytes:
        """The bytes of a body from `begin` up to `end`."""
        response = self._request("GET", path, query, None, {"Range": f"bytes={begin}-{end - 1}"})
        if response.status != 206:
            raise from_answer(response.status, response.data, response.headers.get("X-Request-Id"))
        return response.data

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: bytes | IO[bytes] | None,
        headers: Mapping[str, str],
        *,
        preload: bool = True,
        patience_s: float | None = None,
        wait_s: float | None = None,
    ) -> urllib3.BaseHTTPResponse:
        url = f"{self.base}/{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        try:
            return self._pool.request(
                method,
                url,
                body=body,
                headers={**self._headers, **headers},
                redirect=False,
                preload_content=preload,
                retries=RETRY if patience_s is None else False,
                timeout=_timeout(patience_s, wait_s),
            )
        except urllib3.exceptions.HTTPError as error:
            raise ServerUnavailable(
                "server_unreachable",
                "Deita does not answer.",
                "The workspace's server may have stopped: open the workspace again, then run this once more.",
            ) from error


def _timeout(patience_s: float | None, wait_s: float | None) -> urllib3.Timeout:
    if patience_s is not None:
        return urllib3.Timeout(patience_s)
    return WAIT if wait_s is None else urllib3.Timeout(connect=10, read=wait_s)
