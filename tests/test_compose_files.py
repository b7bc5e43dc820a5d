"""compose.yml, compose.dev.yml, .env.example and deploy/setup.sh, as Compose and its schema read them: no engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deita_hub import settings
from deita_hub.setting_values import secret

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
FILES = ("compose.yml", "compose.dev.yml")
PUBLISHED = {"edge"}
OPEN_NETWORKS = {"public", "outside"}
OF_THE_GUIDE = {
    *("POSTGRES_PASSWORD", "S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_BUCKET_NAME", "SMTP_HOST", "SMTP_PORT"),
    *("SMTP_USER", "SMTP_PASSWORD", "FROM_EMAIL", "SECRET_KEY", "ALGORITHM", "ACCESS_TOKEN_EXPIRE_MINUTES"),
    *("ENVIRONMENT", "DEBUG", "APP_NAME", "APP_VERSION", "DUCKDB_PATH"),
    *("AI_MODEL_NAME", "AI_MODEL_ENDPOINT", "AI_MODEL_API_KEY"),
}
READ = re.compile(r"""(?:source\.get\(|read\.\w+\(source, |secret\([\w.]+, |: )\(?["'](DEITA_[A-Z0-9_]+)["']""")
"""A setting where it is read, or named in a table of settings."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """.env.example, filled in as setup.sh would."""
    folder = tmp_path_factory.mktemp("compose")
    text = (ROOT / ".env.example").read_text().replace("/srv/deita", str(folder / "data"))
    (folder / ".env").write_text(f"{text}DOCKER_GID=999\n")
    return folder / ".env"


def rendered(environment: Path, *files: str) -> dict[str, Any]:
    named = [part for file in files for part in ("-f", str(ROOT / file))]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [
        BIN / "docker-compose",
        "--env-file",
        environment,
        *named,
        "--profile",
        "*",
        "config",
        "--format",
        "json",
    ]
    asked = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=60, check=False)
    assert asked.returncode == 0, asked.stderr
    found: dict[str, Any] = json.loads(asked.stdout)
    return found


@pytest.fixture(scope="module")
def production(environment: Path) -> dict[str, Any]:
    return rendered(environment, "compose.yml")


def test_the_files_are_valid(environment: Path) -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", *(ROOT / each for each in FILES)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout
    both = rendered(environment, *FILES)
    assert "mailpit" in both["services"]
    assert all(each["host_ip"] == "127.0.0.1" for name, service in both["services"].items() if name not in PUBLISHED
               for each in service.get("ports", []))  # fmt: skip


def test_every_service_is_hardened_limited_and_watched(environment: Path) -> None:
    for name, service in rendered(environment, *FILES)["services"].items():
        assert service["read_only"] and service["init"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service.get("cap_add", []) in ([], ["NET_BIND_SERVICE"]), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert not service.get("privileged") and service.get("pid") is None and service.get("ipc") is None, name
        resources = service["deploy"]["resources"]
        assert {"cpus", "memory", "pids"} <= set(resources["limits"]), name
        assert {"cpus", "memory"} <= set(resources["reservations"]), name
        ours = "images/" in service.get("build", {}).get("dockerfile", "") or "deita-" in service["image"]
        assert ours or service["healthcheck"]["test"], name  # our images bring theirs along
        assert ours or service.get("user", "").partition(":")[0] not in ("", "0", "root"), name
        for each in service.get("depends_on", {}).values():
            assert each["condition"] == "service_healthy", name


def test_versions_are_pinned(environment: Path) -> None:
    for name, service in rendered(environment, *FILES)["services"].items():
        tag = service["image"].rpartition(":")[2]
        assert re.match(r"v?\d+\.\d+", tag), f"{name}: {service['image']}"


def test_only_the_edge_is_reached_from_outside(production: dict[str, Any]) -> None:
    assert {name for name, service in production["services"].items() if service.get("ports")} == PUBLISHED
    assert {name for name, each in production["networks"].items() if not each.get("internal")} == OPEN_NETWORKS
    sockets = {
        name
        for name, service in production["services"].items()
        if any("docker.sock" in each["source"] for each in service.get("volumes", []))
    }
    assert sockets == {"docker-proxy"}
    assert set(production["services"]["docker-proxy"]["networks"]) == {"engine"}
    in_engine = {
        name for name, service in production["services"].items() if "engine" in (service.get("networks") or {})
    }
    assert in_engine == {"docker-proxy", "hub"}


def test_secrets_are_files(production: dict[str, Any]) -> None:
    for name, service in production["services"].items():
        for variable in service.get("environment", {}):
            hidden = re.search(r"PASSWORD|SECRET|TOKEN|KEY|DATABASE_URL", variable)
            assert not hidden or variable.endswith("_FILE"), f"{name}: {variable}"
    assert all("file" in each for each in production["secrets"].values())
    assert "environment" not in production["services"]["docker-proxy"] or not any(
        variable.endswith("_FILE") for variable in production["services"]["docker-proxy"]["environment"]
    )  # what has the socket needs no secret


def test_the_example_names_every_variable() -> None:
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"[A-Z][A-Z0-9_]+", example))
    assert named >= OF_THE_GUIDE
    sources = [*ROOT.glob("hub/deita_hub/**/*settings*.py"), *ROOT.glob("hub/deita_hub/*secret_files.py")]
    found = {name for file in sources for name in READ.findall(file.read_text())}
    assert len(found) > 40, "the pattern no longer finds settings"
    assert found <= named, f"not in .env.example: {sorted(found - named)}"
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)", "".join((ROOT / each).read_text() for each in FILES)))
    assert asked - {"DOCKER_GID"} <= named, f"not in .env.example: {sorted(asked - named)}"  # setup.sh adds it
    for line in example.splitlines():
        secret_given = re.match(r"[A-Z_]*(PASSWORD|SECRET|TOKEN|KEY)=(?P<value>.+)", line)
        assert not secret_given, line


def test_the_hub_accepts_what_compose_tells_it(production: dict[str, Any], tmp_path: Path) -> None:
    given = production["services"]["hub"]["environment"]
    for name in (
        "database_url",
        "proxy_token",
        "s3_access_key",
        "s3_secret_key",
        "sign_in_client_secret",
        "metrics_token",
    ):
        file = tmp_path / name
        file.write_text("postgresql://deita:x@postgres/deita" if name == "database_url" else "x" * 40)
        file.chmod(0o400)
    there = {key: value.replace("/run/secrets", str(tmp_path)) for key, value in given.items()}
    here = settings.load(there)
    assert (here.hub_host, here.control_plane_host, here.proxy_host) == ("hub", "control-plane", "proxy")
    assert here.public_url == "https://deita.example.org"
    assert here.server_memory == 3_000_000_000


@pytest.mark.skipif(os.geteuid() != 0, reason="setup.sh gives files to other accounts, which root alone can")
def test_setup_makes_secrets_once_and_for_their_owner_alone(environment: Path) -> None:
    command = ["sh", str(ROOT / "deploy" / "setup.sh"), str(environment)]
    data = environment.parent / "data"
    made: list[dict[str, bytes]] = []
    for _ in range(2):
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        made.append({each.name: each.read_bytes() for each in (data / "secrets").iterdir()})
    assert made[0] == made[1]
    assert all((each.stat().st_mode & 0o777) == 0o400 for each in (data / "secrets").iterdir())
    owners = {each.name: each.stat().st_uid for each in (data / "secrets").iterdir()}
    assert {name for name, owner in owners.items() if owner == 999} == {"postgres_admin_password", "postgres_password"}
    assert set(owners.values()) == {999, 1000}
    url = secret({"X_FILE": str(data / "secrets" / "database_url")}, "X")
    assert url == f"postgresql://deita:{made[0]['postgres_password'].decode()}@postgres/deita"
    assert json.loads(made[0]["s3_identities.json"])["identities"][0]["credentials"][0]["secretKey"]
    assert json.loads(made[0]["s3_roles.json"])["sts"]["signingKey"] != "SIGNING_KEY"
    assert (data / "home").stat().st_uid == 1000 and (data / "home").stat().st_mode & 0o777 == 0o700


def test_setup_says_what_is_missing(tmp_path: Path) -> None:
    command = ["sh", str(ROOT / "deploy" / "setup.sh"), str(tmp_path / "none")]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert asked.returncode == 1 and "cp .env.example" in asked.stderr


def test_every_secret_that_a_service_is_told_of_is_there_for_it(environment: Path) -> None:
    """A file that is named and missing ends a program before it says anything else."""
    services = rendered(environment, "compose.yml")["services"]
    assert services
    for name, service in services.items():
        told = {str(value) for value in service.get("environment", {}).values()}
        named = {value.removeprefix("/run/secrets/") for value in told if value.startswith("/run/secrets/")}
        assert named <= {each["source"] for each in service.get("secrets", ())}, name
