"""Images of other people's services that compose.yml names, made of Debian's and PyPI's packages, and Deita's own.

They do what the official ones do as far as compose.yml uses it: the same commands, accounts, folders and entrypoints.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from tests.servers import deita_images
from tests.servers.docker_engine import Engine
from tests.servers.edge import ROOT
from tests.servers.stand_in_images import PYTHON

ENTRYPOINT = r"""#!/bin/bash
set -Eeo pipefail
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
export PATH PGDATA=/var/lib/postgresql/data
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  export PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
  initdb -U postgres --pwfile=<(echo "$PGPASSWORD") $POSTGRES_INITDB_ARGS
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
  pg_ctl -w -o "-c listen_addresses=''" start
  for file in /docker-entrypoint-initdb.d/*.sh; do . "$file"; done
  pg_ctl -m fast -w stop
  unset PGPASSWORD
fi
exec "$@"
"""
POSTGRES = f"""
FROM {PYTHON}
RUN apt-get update && apt-get install -y --no-install-recommends postgresql && rm -rf /var/lib/apt/lists/* \\
 && usermod -u 999 postgres && groupmod -g 999 postgres && rm -rf /var/lib/postgresql \\
 && install -d -o 999 -g 999 -m 700 /var/lib/postgresql/data && install -d -o 999 -g 999 /var/run/postgresql \\
 && ln -sf /usr/lib/postgresql/*/bin/pg_isready /usr/local/bin/pg_isready
COPY --chmod=755 entrypoint /usr/local/bin/docker-entrypoint.sh
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
"""
PROGRAM = f"""
FROM {PYTHON}
RUN apt-get update && apt-get install -y --no-install-recommends busybox && rm -rf /var/lib/apt/lists/* \\
 && ln -s /bin/busybox /usr/local/bin/wget
COPY --chmod=755 {{program}} /usr/bin/{{program}}
"""
MAILPIT = f"""
FROM {PYTHON}
COPY --chmod=755 mailpit /mailpit
ENTRYPOINT ["/mailpit"]
"""
CATCHER = r"""#!/usr/bin/env python3
# says that it is there, on both ports; `readyz` asks it
import http.server, socketserver, sys, threading, urllib.request
if sys.argv[1:] == ["readyz"]:
    sys.exit(urllib.request.urlopen("http://127.0.0.1:8025", timeout=5).status != 200)
class Greeter(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"220 stand-in\r\n")
threading.Thread(target=socketserver.ThreadingTCPServer(("", 1025), Greeter).serve_forever, daemon=True).start()
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.ThreadingHTTPServer(("", 8025), Page).serve_forever()
"""
PROGRAMS = {"caddy": "caddy", "chrislusf/seaweedfs": "weed", "prom/prometheus": "prometheus"}
"""The program of an image. Those of PyPI's packages are in the environment, Prometheus is Debian's of this machine."""


def make(engine: Engine, client: docker.DockerClient) -> str:
    """Make what the engine does not have, and Deita's images anew; returns how the names of these begin."""
    for name in deita_images.NAMES:
        deita_images.build(engine, name)
    for image in re.findall(rf"^    image: ((?:postgres|axllent/mailpit|{'|'.join(PROGRAMS)}):\S+)$", _compose(), re.M):
        try:
            client.images.get(image)
        except ImageNotFound:
            _build(engine, image)
    return "deita-"


def _compose() -> str:
    return "".join((ROOT / name).read_text() for name in ("compose.yml", "compose.dev.yml"))


def _build(engine: Engine, image: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if image.startswith("postgres:"):
            (folder / "entrypoint").write_text(ENTRYPOINT)
            text = POSTGRES
        elif image.startswith("axllent/mailpit:"):
            (folder / "mailpit").write_text(CATCHER)
            text = MAILPIT
        else:
            program = PROGRAMS[image.partition(":")[0]]
            found = shutil.which(program, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
            assert found is not None, program
            shutil.copy(found, folder / program)
            text = PROGRAM.format(program=program)
            if program == "prometheus":  # whose command in compose.yml are options alone
                text += f'ENTRYPOINT ["/usr/bin/{program}"]\n'
        (folder / "Dockerfile").write_text(text)
        engine.run("buildx", "build", "--network", "host", "--tag", image, name, seconds=900)
