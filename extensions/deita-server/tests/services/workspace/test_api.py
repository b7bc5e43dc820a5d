from __future__ import annotations


def test_the_workspace_says_what_it_is_and_takes(start_server):
    server = start_server()
    server.put("a.csv", b"12345")
    server.put("b.csv", b"12345")
    server.put("b.csv", b"1234567", replace=1)
    body = server.api.get("/workspace").json()
    assert (body["id"], body["slug"], body["name"]) == ("w1", "shop", "Shop")
    assert (body["person"], body["role"], body["isolation"]) == ("me", "owner", "none")
    assert body["usage"] == {"files": 2, "bytes": 12}
    assert body["quota"] is None
    assert body["storage"] == {"kind": "folder"}
    assert (body["engine"]["kind"], body["engine"]["state"]) == ("duckdb", "stopped")
    assert str(server.storage) not in str(body)
    assert body["engine"]["confined"] == []
    server.rows("SELECT 1")
    confined = server.api.get("/workspace").json()["engine"]["confined"]
    assert confined == ["files", "network", "signals"][: len(confined)]


def test_health_does_not_start_the_engine(start_server):
    server = start_server()
    assert server.api.get("/health").json()["engine"]["state"] == "stopped"
    server.rows("SELECT 1")
    assert server.api.get("/health").json()["engine"]["state"] == "ready"
