"""What is shipped for Prometheus, tried with it: configuration, alerts, and a real one that reads a real Deita."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from bench.running import Deita, free_port, until

ROOT = Path(__file__).parents[1]
TOKEN_FILE = "/run/secrets/metrics_token"
HOME = "/services/deita"


@pytest.fixture(scope="module")
def configuration(deita: Deita, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped configuration for this Deita, read more often."""
    folder = tmp_path_factory.mktemp("prometheus")
    text = (ROOT / "monitoring" / "prometheus.yml").read_text()
    text = text.replace(TOKEN_FILE, str(deita.home / "secrets" / "metrics_token")).replace(
        "control-plane:8082", f"127.0.0.1:{deita.port}"
    )
    text = re.sub(r"_interval: \d+s", "_interval: 2s", text).replace("scrape_timeout: 10s", "scrape_timeout: 2s")
    (folder / "prometheus.yml").write_text(text)
    (folder / "alerts.yml").write_text((ROOT / "monitoring" / "alerts.yml").read_text())
    return folder / "prometheus.yml"


@pytest.fixture(scope="module")
def prometheus(configuration: Path) -> Iterator[httpx.Client]:
    """A Prometheus that reads it."""
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={configuration}",
        f"--storage.tsdb.path={configuration.parent / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (configuration.parent / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            yield client
        process.terminate()


@pytest.fixture(scope="module")
def watcher(deita: Deita) -> Iterator[httpx.Client]:
    token = (deita.home / "secrets" / "metrics_token").read_text()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=deita.hub, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def test_promtool_finds_nothing_wrong_and_every_alert_fires_when_it_should(configuration: Path) -> None:
    for command in (
        ["check", "config", str(configuration)],
        ["test", "rules", str(ROOT / "monitoring" / "alerts_test.yml")],
    ):
        ran = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_alert_is_described_and_tried() -> None:
    alerts = set(re.findall(r"alert: (\w+)", (ROOT / "monitoring" / "alerts.yml").read_text()))
    assert alerts == set(re.findall(r"`(Deita\w+)`", (ROOT / "docs" / "monitoring.md").read_text()))
    tried = (ROOT / "monitoring" / "alerts_test.yml").read_text()
    assert alerts == set(re.findall(r"alertname: (\w+)\n\s+exp_alerts:", tried))


def test_the_table_of_figures_is_what_the_processes_say(deita: Deita, client: httpx.Client, watcher: Any) -> None:
    client.post(f"{deita.control}/workspaces", json={"name": "Figures", "slug": "figures"}).raise_for_status()
    api = deita.open(client, "figures")
    client.put(f"{api}/files/a.csv", content=b"a\n1\n").raise_for_status()
    client.post(f"{api}/queries", json={"sql": "select 1", "wait_ms": 30_000}).raise_for_status()

    def said(address: str) -> set[str]:
        answer = watcher.get(address) if address.startswith("/") else client.get(address)
        return {family.name for family in families(answer.raise_for_status().text)}

    named = re.findall(r"`((?:deita|jupyterhub)_\w+)`", (ROOT / "docs" / "monitoring.md").read_text())
    described = {name.removesuffix("_total") for name in named}
    ours = said(f"{HOME}/metrics") | said(f"{api}/metrics")
    assert {name for name in ours if name.startswith("deita_")} == {n for n in described if n.startswith("deita_")}
    assert {n for n in described if n.startswith("jupyterhub_")} <= said(f"{HOME}/metrics/hub")


def test_prometheus_finds_and_reads_every_process(deita: Deita, prometheus: httpx.Client) -> None:
    def asked(query: str) -> list[dict[str, Any]]:
        try:
            answer = prometheus.get("/api/v1/query", params={"query": query})
        except httpx.TransportError:
            return []
        return answer.json()["data"]["result"] if answer.status_code == 200 else []

    def all_read() -> bool:
        found = {each["metric"]["process"] for each in asked("up == 1")}
        return found >= {"control-plane", "hub", "proxy", "workspace"}

    until(all_read, 60, "every process in Prometheus")
    created = until(lambda: asked("deita_workspaces_created_total"), 60, "a figure of the control plane")
    assert float(created[0]["value"][1]) >= 1 and created[0]["metric"]["instance"] == "control-plane"
    assert until(lambda: asked('deita_request_seconds_count{process="workspace", route="/queries"}'), 60, "a server's")
    firing = {each["metric"]["alertname"] for each in asked('ALERTS{alertstate="firing"}')}
    assert not firing & {"DeitaDown", "DeitaUnknown", "DeitaPartNotReady"}
