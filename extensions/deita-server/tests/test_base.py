from __future__ import annotations

import httpx
import pytest

from .workspace_server import RunningServer

SHAPE = {"code", "message", "hint", "details", "request_id"}


def refused(answer: httpx.Response, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == SHAPE
    assert body["code"] == code
    assert body["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Content-Type"].startswith("application/json")
    return body


@pytest.mark.parametrize("path", ["/nothing", "/tables/a/b/c/d", "/queries/x/y/z", ""])
def test_an_unknown_address_is_a_404_in_the_one_shape(api: httpx.Client, path: str):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        refused(api.request(method, path), 404, "not_found")


def test_an_unknown_method_is_a_405_in_the_one_shape(api: httpx.Client):
    refused(api.post("/workspace"), 405, "method_not_allowed")
    refused(api.delete("/tables"), 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/health"), ("GET", "/nothing"), ("POST", "/queries"), ("PUT", "/files/a.csv"), ("DELETE", "/tables/a")],
)
def test_without_a_token_everything_is_401(workspace: RunningServer, method: str, path: str):
    refused(httpx.request(method, workspace.url + path, content=b"{}"), 401, "unauthorized")


def test_a_wrong_token_is_401(workspace: RunningServer):
    answer = httpx.get(workspace.url + "/tables", headers={"Authorization": "Bearer wrong"})
    refused(answer, 401, "unauthorized")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_persons_token_is_403(workspace: RunningServer, method: str):
    headers = {"Authorization": "Bearer another-persons-token"}
    refused(httpx.request(method, workspace.url + "/queries", headers=headers), 403, "forbidden")


def test_both_spellings_of_the_authorization_header_work(workspace: RunningServer):
    for scheme in ("token", "Bearer"):
        headers = {"Authorization": f"{scheme} a-token-for-tests"}
        assert httpx.get(workspace.url + "/health", headers=headers).status_code == 200


def test_a_plain_request_id_comes_back_and_a_strange_one_is_replaced(api: httpx.Client):
    assert api.get("/nothing", headers={"X-Request-Id": "job-17.a"}).json()["request_id"] == "job-17.a"
    assert api.get("/health", headers={"X-Request-Id": "job-17.a"}).headers["X-Request-Id"] == "job-17.a"
    assert api.get("/nothing", headers={"X-Request-Id": "<script>"}).json()["request_id"] != "<script>"


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"select 1"', b"\xff\xfe", b""])
def test_a_body_that_is_no_json_object_is_a_400(api: httpx.Client, body: bytes):
    refused(api.post("/queries", content=body), 400, "bad_request")


def test_wrong_fields_are_named(api: httpx.Client):
    body = refused(api.post("/queries", json={"sql": "select 1", "limit": -1, "colour": "red"}), 400, "bad_request")
    assert {field["field"] for field in body["details"]["fields"]} == {"limit", "colour"}


def test_wrong_parameters_of_the_address_are_named(api: httpx.Client):
    body = refused(api.get("/files", params={"limit": "many"}), 400, "bad_request")
    assert [field["field"] for field in body["details"]["fields"]] == ["limit"]
    refused(api.get("/files", params={"cursor": "nonsense"}), 400, "bad_cursor")


def test_a_body_that_is_too_large_is_a_413(api: httpx.Client):
    refused(api.post("/queries", content=b'"' + b"x" * 9 * 2**20 + b'"'), 413, "too_large")


def test_what_a_role_may_not_do_is_a_403(start_server):
    viewer = start_server(role="viewer")
    refused(viewer.put("a.csv", b"a\n1\n"), 403, "forbidden")
    refused(viewer.api.post("/imports", json={"file": "a.csv"}), 403, "forbidden")
    refused(viewer.query("create table t as select 1", mode="write"), 403, "forbidden")
    assert viewer.rows("select 1") == [[1]]


def test_a_browser_needs_its_xsrf_token_for_what_changes(workspace: RunningServer):
    """The cookie is the browser's; what another site makes the browser send lacks the token."""
    with httpx.Client(base_url=workspace.url) as signed_in:
        page = signed_in.get(workspace.login_url, follow_redirects=False)
        assert page.status_code in (200, 302)
        assert signed_in.get("/docs").status_code == 200
        refused(signed_in.post("/queries", json={"sql": "select 1"}), 403, "forbidden")
        token = signed_in.cookies.get("_xsrf")
        answer = signed_in.post("/queries", json={"sql": "select 1"}, headers={"X-XSRFToken": token or ""})
        assert answer.status_code in (200, 202)
