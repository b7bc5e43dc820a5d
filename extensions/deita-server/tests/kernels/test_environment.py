"""What a kernel may know."""

from __future__ import annotations

from pathlib import Path

import pytest
from deita_server.kernels.environment import KernelEnvironment, carries_rights


@pytest.mark.parametrize(
    "name",
    [
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_CLIENT_ID",
        "JPY_API_TOKEN",
        "CONFIGPROXY_AUTH_TOKEN",
        "DEITA_LIFELINE",
        "DEITA_STORAGE_URL",
        "AWS_SECRET_ACCESS_KEY",
        "OPENAI_API_KEY",
        "DB_PASSWORD",
        "PGPASSWORD",
        "github_token",
    ],
)
def test_what_opens_doors_stays_with_the_server(name: str) -> None:
    assert carries_rights(name)


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "JPY_SESSION_NAME", "QUERY_STRING", "VOILA_KERNEL_ID", "KEYBOARD"]
)
def test_what_a_program_needs_is_handed_on(name: str) -> None:
    assert not carries_rights(name)


def test_a_kernel_gets_the_way_to_the_data_plane_and_its_own_token() -> None:
    environment = KernelEnvironment("http://127.0.0.1:1/deita/api/v1", "shop", Path("/spool"), Path("/profile"))
    built = environment.build({"PATH": "/bin", "DEITA_TOKEN": "another's", "JUPYTERHUB_USER": "me"}, "its own")
    assert built["PATH"] == "/bin"
    assert (built["DEITA_API"], built["DEITA_TOKEN"]) == ("http://127.0.0.1:1/deita/api/v1", "its own")
    assert (built["DEITA_WORKSPACE"], built["DEITA_SPOOL"], built["IPYTHONDIR"]) == ("shop", "/spool", "/profile")
    assert built["PLOOMBER_STATS_ENABLED"] == "false"
    assert "JUPYTERHUB_USER" not in built


def test_a_kernel_whose_results_come_by_http_is_told_no_folder() -> None:
    environment = KernelEnvironment("http://127.0.0.1:1/deita/api/v1", "shop", None, Path("/profile"))
    assert "DEITA_SPOOL" not in environment.build({"DEITA_SPOOL": "/spool"}, "its own")


def test_a_kernel_with_a_folder_of_its_own_keeps_everything_there() -> None:
    environment = KernelEnvironment("http://127.0.0.1:1/deita/api/v1", "shop", None, Path("/profile"))
    built = environment.build({"HOME": "/home", "TMPDIR": "/tmp"}, "its own", Path("/own"))
    assert (built["HOME"], built["TMPDIR"], built["IPYTHONDIR"]) == ("/own", "/own", "/own/ipython")


def test_a_kernel_without_a_network_is_told_the_proxy_that_leads_outside() -> None:
    way = "http://127.0.0.1:8083"
    environment = KernelEnvironment("http://127.0.0.1:1/deita/api/v1", "shop", None, Path("/profile"), egress=way)
    built = environment.build({"HTTPS_PROXY": "http://elsewhere"}, "its own")
    assert built["HTTPS_PROXY"] == built["https_proxy"] == way
    assert built["NO_PROXY"] == "127.0.0.1,localhost"
