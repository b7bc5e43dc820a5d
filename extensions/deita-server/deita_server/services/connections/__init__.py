"""Databases outside: the workspace's connections, which the control plane keeps and reads for this server."""
