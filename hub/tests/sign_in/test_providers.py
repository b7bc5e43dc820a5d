"""What is asked of each kind of provider and made of its answers: at the wire, with a server that says anything."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from deita_hub.sign_in.claims import Who
from deita_hub.sign_in.discovery import DiscoveryError
from deita_hub.sign_in.providers import GitHubAuthenticator, GoogleAuthenticator, OidcAuthenticator
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from .test_claims import GITHUB, GOOGLE, OIDC, read

TOKENS = {"access_token": "geheim", "token_type": "bearer"}


class Answers(RequestHandler):
    """Says what it was told for a path, to who brings the access token."""

    def initialize(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def get(self) -> None:
        found = self.answers.get(self.request.path)
        if "well-known" not in self.request.path and self.request.headers["Authorization"] != "Bearer geheim":
            found = None
        self.set_status(200 if found is not None else 404)
        self.finish(json.dumps(found))


@pytest.fixture
async def wire() -> AsyncIterator[tuple[str, dict[str, Any]]]:
    answers: dict[str, Any] = {}
    socket, port = bind_unused_port()
    server = HTTPServer(Application([(".*", Answers, {"answers": answers})]))
    server.add_sockets([socket])
    yield f"http://127.0.0.1:{port}", answers
    server.stop()
    await server.close_all_connections()


async def test_github_tells_number_name_and_addresses(wire: tuple[str, dict[str, Any]]) -> None:
    url, answers = wire
    answers["/api/v3/user"] = {"id": 7, "login": "Ana", "email": "boss@example.org"}
    answers["/api/v3/user/emails"] = [
        {"email": "ana@example.com", "verified": True},
        {"email": "boss@example.org", "verified": False},
    ]
    github = GitHubAuthenticator(github_url=url)
    found = await github.who(TOKENS, read(GITHUB, DOMAINS="example.org", ISSUER=url))
    assert found == Who(url, "7", "ana", frozenset({"ana@example.com"}), frozenset({"example.com"}))
    answers.pop("/api/v3/user/emails")
    assert (await github.who(TOKENS, read(GITHUB, PEOPLE="ana", ISSUER=url))).emails == frozenset()


async def test_google_tells_number_address_and_whose_account_it_is(wire: tuple[str, dict[str, Any]]) -> None:
    url, answers = wire
    answers["/oauth2/v1/userinfo"] = {
        "id": "7",
        "email": "Ana@example.org",
        "verified_email": True,
        "hd": "example.org",
    }
    google = GoogleAuthenticator(google_api_url=url)
    found = await google.who(TOKENS, read(GOOGLE, DOMAINS="example.org"))
    assert (found.subject, found.username, found.domains) == ("7", "ana@example.org", {"example.org"})
    assert google.check_blocked_users("ana", {"name": "ana", "auth_state": None})


async def test_an_id_token_must_be_for_us_from_them_and_of_the_same_person(wire: tuple[str, dict[str, Any]]) -> None:
    url, answers = wire
    sign_in = read(OIDC, ISSUER=url)
    answers["/.well-known/openid-configuration"] = {
        "issuer": url,
        "authorization_endpoint": f"{url}/authorize",
        "token_endpoint": f"{url}/token",
        "userinfo_endpoint": f"{url}/userinfo",
    }
    answers["/userinfo"] = {"sub": "7", "preferred_username": "ana"}
    oidc = OidcAuthenticator(client_id="deita")
    await oidc.prepare(sign_in)
    fine = {"iss": url, "aud": "deita", "sub": "7", "exp": time.time() + 600}

    def tokens(**other: Any) -> dict[str, Any]:
        claims = {name: value for name, value in {**fine, **other}.items() if value is not None}
        return {**TOKENS, "id_token": jwt.encode(claims, "x" * 32, "HS256")}

    assert (await oidc.who(tokens(), sign_in)).username == "ana"
    for wrong in (
        {"aud": "other"},
        {"iss": "https://evil.test"},
        {"sub": "8"},
        {"exp": 1},
        {"exp": None},
        {"aud": None},
    ):
        with pytest.raises((jwt.PyJWTError, ValueError)):
            await oidc.who(tokens(**wrong), sign_in)
    with pytest.raises(jwt.PyJWTError):
        await oidc.who(TOKENS, sign_in)
    with pytest.raises(DiscoveryError, match="issuer"):
        await OidcAuthenticator().prepare(read(OIDC, ISSUER=f"{url}/"))
