"""Deita's hub, control plane and command line."""

from importlib.metadata import version

__version__ = version("deita-hub")
