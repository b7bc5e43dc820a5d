"""Deita's hub, control plane and command line."""
