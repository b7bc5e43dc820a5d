"""Ways through the network: the hub's API, the proxy's, the control plane, other people's servers."""

from __future__ import annotations

import http.client
import json
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from tests.escape.registry import World, attempt, tried

HUB_REQUESTS = (
    ("GET", "/users", None),
    ("GET", "/users/{other}", None),
    ("POST", "/users/eve", {}),
    ("POST", "/users/{me}/tokens", {"note": "mine", "scopes": ["self"]}),
    ("POST", "/users/{other}/tokens", {"note": "theirs"}),
    ("GET", "/users/{other}/tokens", None),
    ("PATCH", "/users/{me}", {"admin": True}),
    ("DELETE", "/users/{other}", None),
    ("POST", "/users/{me}/servers/{other_slug}", {}),
    ("POST", "/users/{other}/servers/{slug}", {}),
    ("DELETE", "/users/{other}/servers/{slug}", None),
    ("POST", "/users/{other}/activity", {"last_activity": "2030-01-01T00:00:00Z"}),
    ("GET", "/groups", None),
    ("POST", "/groups/mine", {}),
    ("GET", "/services", None),
    ("GET", "/proxy", None),
    ("POST", "/proxy", {}),
    ("PATCH", "/proxy", {"api_url": "http://127.0.0.1:1"}),
    ("GET", "/info", None),
    ("POST", "/shutdown", {}),
    ("POST", "/shares/{other}/{slug}", {"user": "{me}"}),
)


def server_token() -> str:
    """The own server's token at the hub, which a prisoner takes from the server's process: it must be worth nothing."""
    for place in Path("/proc").glob("[0-9]*/environ"):
        for word in tried(place).split(b"\0"):
            if word.startswith(b"JUPYTERHUB_API_TOKEN="):
                return word.partition(b"=")[2].decode()
    raise LookupError("no token was found: what is tried without it proves nothing")


def ask(url: str, method: str = "GET", token: str = "", body: object = None) -> tuple[int, str]:
    """Status and text of an answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=10)
    door = Path(os.environ.get("ESCAPE_DOORS", "/"), str(parts.port))
    if door.is_socket():
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(10)
        connection.sock.connect(str(door))
    headers = {"Authorization": f"token {token}"} if token else {}
    payload = None if body is None else json.dumps(body)
    connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, payload, headers)
    answer = connection.getresponse()
    return answer.status, answer.read(10_000).decode(errors="replace")


def tokens() -> list[str]:
    """Everything that a prisoner can present."""
    return ["", server_token(), os.environ["DEITA_TOKEN"]]


def allowed(world: World, requests: list[tuple[str, str, object]]) -> list[str]:
    """The requests that were granted with any of the tokens."""
    granted = []
    os.environ["ESCAPE_DOORS"] = world["doors"]
    for method, url, body in requests:
        for token in tokens():
            status, text = ask(url, method, token, body)
            if status < 300:
                granted.append(f"{method} {urlsplit(url).path} {status} {text[:60]}")
    return granted


@attempt
def use_the_hubs_api(world: World) -> object:
    names = {
        "me": world["person"],
        "other": world["other_person"],
        "slug": world["slug"],
        "other_slug": world["other_slug"],
    }
    requests = [(method, world["hub_api"] + path.format(**names), body) for method, path, body in HUB_REQUESTS]
    return allowed(world, requests)


@attempt
def use_the_proxys_api(world: World) -> object:
    url = f"http://127.0.0.1:{world['proxy_api_port']}/api/routes"
    return allowed(
        world,
        [("GET", url, None), ("POST", f"{url}/mine", {"target": "http://127.0.0.1:1"}), ("DELETE", f"{url}/", None)],
    )


@attempt
def use_the_control_plane(world: World) -> object:
    api, slug, other = world["control_plane"], world["slug"], world["other_slug"]
    paths = ("/me", "/workspaces", f"/workspaces/{slug}", f"/workspaces/{slug}/members", f"/workspaces/{other}")
    requests: list[tuple[str, str, object]] = [("GET", api + path, None) for path in paths]
    requests += [
        ("POST", f"{api}/workspaces", {"name": "Mine"}),
        ("PATCH", f"{api}/workspaces/{slug}", {"name": "Mine"}),
        ("DELETE", f"{api}/workspaces/{slug}", None),
        ("POST", f"{api}/workspaces/{other}/start", None),
        ("POST", f"{api}/workspaces/{other}/credentials", None),
    ]
    return allowed(world, requests)


@attempt
def use_another_persons_server(world: World) -> object:
    urls = [
        f"{base}{path}" for base in world["other_servers"] for path in ("deita/api/v1/files", "api/kernels", "lab", "")
    ]
    return [each for each in allowed(world, [("GET", url, None) for url in urls]) if "sign" not in each.lower()]


@attempt
def use_an_own_server_elsewhere(world: World) -> object:
    """The own server's token at a server of the same person in another workspace."""
    return allowed(
        world, [("GET", f"{world['public']}/user/{world['person']}/{world['other_slug']}/deita/api/v1/files", None)]
    )


@attempt
def talk_to_kernels_over_ports(world: World) -> object:
    """A ZMQ socket greets with 0xFF; kernels have no ports."""
    got = []
    for port in world["ports"] if world["network"] == "shared" else ():
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.settimeout(0.3)
            try:
                got += [port] if connection.recv(10).startswith(b"\xff") else []
            except TimeoutError:
                continue
    return got


@attempt
def reach_anything_by_address(world: World) -> object:
    """Without a network: ports of this machine, what clouds tell to whoever asks, the rest of the world."""
    if world["network"] == "shared":
        return None
    got = []
    places = [("127.0.0.1", port) for port in world["ports"]]
    for place in [*places, ("169.254.169.254", 80), ("192.0.2.1", 80), ("1.1.1.1", 53), ("::1", world["ports"][0])]:
        try:
            socket.create_connection(place, timeout=3).close()
        except OSError:
            continue
        got.append(place)
    return [place for place in got if place[1] != own_port()]


@attempt
def reach_abstract_sockets(world: World) -> object:
    """Sockets of desktops and container engines that have a name and no file."""
    if world["network"] == "shared":
        return None
    return [line for line in Path("/proc/net/unix").read_text().splitlines() if " @" in line]


@attempt
def find_further_doors(world: World) -> object:
    """Hub and control plane have one each."""
    return os.listdir(world["doors"])[2:] if world["network"] == "none" else None


@attempt
def replace_a_door(world: World) -> object:
    for door in Path(world["doors"]).iterdir():
        door.unlink()
    return world["network"] == "none"


def own_port() -> int:
    """The port of the own server, where its kernels reach it."""
    return urlsplit(os.environ["DEITA_API"]).port or 0
