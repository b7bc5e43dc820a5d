"""JupyterLab, loaded on demand."""

from __future__ import annotations

import json
import re

from ..live_hub import Server


def test_lab_opens_at_the_first_request(server: Server) -> None:
    answer = server.http.get(server.url + "lab", headers=server.headers, follow_redirects=True)
    assert answer.status_code == 200
    page = json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', answer.text, re.DOTALL)[1])  # type: ignore[index]
    assert page["baseUrl"] == "/user/me/shop/"
    assert page["news"] == {"disabled": True}
    assert {"@jupyterlab/extensionmanager-extension", "jupysql-plugin"} <= set(page["disabledExtensions"])
    assert "://" not in page["fullMathjaxUrl"]
    assert "@deita/lab" in {extension["name"] for extension in page["federated_extensions"]}


def test_lab_finds_its_settings_and_workspaces(server: Server) -> None:
    server.http.get(server.url + "lab", headers=server.headers, follow_redirects=True)
    assert server.get("lab/api/settings").status_code == 200
    assert server.get("lab/api/workspaces").status_code == 200


def test_tree_leads_to_lab(server: Server) -> None:
    answer = server.get("tree/a%20folder")
    assert answer.headers["Location"] == "/user/me/shop/lab/tree/a%20folder"
