"""Uploaded bytes under names."""
