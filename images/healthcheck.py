"""Whether the program of this container answers over HTTP: what the images' HEALTHCHECK runs. Exits with 0 or 1.

It asks `DEITA_HEALTH_URL`, or, in a workspace's container, the address at which the hub had it listen. Any answer will
do but a server's error: a server that asks who you are is well.
"""

import http.client
import os
import sys
from urllib.parse import urlsplit

SECONDS = 5


def address() -> tuple[str, int, str]:
    """Host, port and path to ask."""
    given = os.environ.get("DEITA_HEALTH_URL")
    parts = urlsplit(given or os.environ.get("JUPYTERHUB_SERVICE_URL") or "http://127.0.0.1:8888/")
    host = parts.hostname or ""
    near = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host
    return near, parts.port or 80, parts.path if given else f"{parts.path.rstrip('/')}/api"


def main() -> int:
    """0 when it answers."""
    host, port, path = address()
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"{host}:{port} does not answer: {error}")  # noqa: T201
        return 1
    finally:
        connection.close()
    print(f"{host}:{port}{path} answers {status}")  # noqa: T201
    return 0 if status < 500 else 1


if __name__ == "__main__":
    sys.exit(main())
