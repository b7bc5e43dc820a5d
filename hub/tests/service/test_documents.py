"""Health, the description of the API, and its page without anything from elsewhere."""

from __future__ import annotations

from typing import Any

import httpx


def test_health_needs_no_token(deita: Any) -> None:
    with deita.client() as client:
        answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "hub": "ok",
        "proxy": "ok",
        "control_plane": "ok",
        "version": answer.json()["version"],
    }


def test_openapi_describes_errors_in_the_one_shape(deita: Any) -> None:
    with deita.client() as client:
        document = client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["responses"]["4XX"]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")
            assert operation["summary"], (method, path)


def test_the_documentation_page_fetches_nothing_from_elsewhere(deita: Any) -> None:
    with deita.client() as client:
        answer = client.get("/docs")
    assert answer.status_code == 200
    assert "swagger-ui-bundle.js" in answer.text
    assert "//" not in answer.text.replace("<!doctype", "")
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_answers_carry_protecting_headers(me: httpx.Client) -> None:
    headers = me.get("/me").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
