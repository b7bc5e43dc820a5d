"""What can be said of the images without an engine: their files, the locks they are built from, their health check."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
IMAGES = ("hub", "workspace", "proxy", "backup")
HUB_SIDE = ("hub",)
WORKSPACE_SIDE = (
    "extensions/deita-engine",
    "extensions/deita-server",
    "kernels/deita",
    "kernels/deita-kernel",
    "notebooks",
)
HELD = {"hub": HUB_SIDE, "workspace": WORKSPACE_SIDE, "backup": (*HUB_SIDE, *WORKSPACE_SIDE)}
NOT_HELD = {
    "hub": {"duckdb", "ipykernel", "jupyter-server", "jupyterlab", "voila", "pandas"},
    "workspace": {"fastapi", "uvicorn", "dockerspawner", "docker", "oauthenticator"},
    "backup": {"pytest", "ruff", "uv"},
}


def instructions(image: str) -> list[str]:
    """The instructions of an image's Dockerfile, each on one line."""
    text = (ROOT / "images" / image / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return [line for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def locked(file: Path) -> dict[str, set[str]]:
    """Package → the versions that a lock names, whatever their markers say."""
    versions = defaultdict(set)
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", file.read_text(), re.MULTILINE):
        versions[canonicalize_name(name)].add(version)
    return versions


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_pinned_labelled_and_runs_as_nobody_special(image: str) -> None:
    lines = instructions(image)
    bases = [line.split() for line in lines if line.startswith("FROM ")]
    assert {words[1] for words in bases} <= {"python:3.13-slim-trixie", "node:24-trixie-slim"}
    final = lines[lines.index(" ".join(bases[-1])) :]
    assert [line for line in final if line.startswith("USER ")] == ["USER 1000:1000"]
    assert any(line.startswith("HEALTHCHECK ") for line in final)
    label = next(line for line in final if line.startswith("LABEL "))
    assert all(f"org.opencontainers.image.{key}=" in label for key in ("title", "version", "revision", "licenses"))
    assert not [line for line in lines if re.search(r"(?i)^(env|arg) .*(password|secret|token|_key)", line)]
    assert not [line for line in lines if line.startswith("ADD ")]


@pytest.mark.parametrize("image", [*HELD, "builder"])
def test_an_image_has_the_versions_that_were_tested(image: str) -> None:
    file, tested = ROOT / "images" / image / "requirements.txt", locked(ROOT / "requirements" / "dev.txt")
    differ = {name: versions - tested[name] for name, versions in locked(file).items() if name != "pip"}
    assert not {name: versions for name, versions in differ.items() if versions}
    text = file.read_text()
    assert "://" not in text and "--index" not in text
    pins = re.findall(r"^[\w.-]+==", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[\w.-]+==[^\n]*\\\n +--hash=sha256:", text, re.MULTILINE))


@pytest.mark.parametrize("image", HELD)
def test_an_image_has_what_its_packages_need_and_nothing_of_the_other_side(image: str) -> None:
    present = set(locked(ROOT / "images" / image / "requirements.txt"))
    for package in HELD[image]:
        project = tomllib.loads((ROOT / package / "pyproject.toml").read_text())["project"]
        needed = {canonicalize_name(Requirement(each).name) for each in project["dependencies"]}
        assert {name for name in needed - present if not name.startswith("deita")} == set()
    assert present & NOT_HELD[image] == set()


def test_a_builder_is_sent_what_is_named_and_nothing_else() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule for rule in rules if rule.startswith("!")} >= {"!hub", "!images", "!package-lock.json"}
    assert not {rule for rule in rules if rule.startswith(("!.deita", "!.venv", "!.git/", "!.env"))}


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[str]]]:
    """A server that answers so; its address, and the paths that it was asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def healthy(**environment: str) -> int:
    command = [sys.executable, "-I", "-S", str(ROOT / "images" / "healthcheck.py")]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, timeout=60).returncode


def test_who_answers_is_well_whoever_is_asked_for() -> None:
    with answering(403) as (address, asked):
        assert healthy(DEITA_HEALTH_URL=f"{address}/hub/health") == 0
        assert healthy(JUPYTERHUB_SERVICE_URL=f"{address.replace('127.0.0.1', '0.0.0.0')}/user/me/shop/") == 0
        assert asked == ["/hub/health", "/user/me/shop/api"]
    assert healthy(DEITA_HEALTH_URL=f"{address}/") == 1
    with answering(503) as (address, _):
        assert healthy(DEITA_HEALTH_URL=f"{address}/") == 1
