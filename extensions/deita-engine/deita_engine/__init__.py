"""Deita's engine: the one process that opens a workspace's lake."""
