"""Deita's workspace server: the data plane as a Jupyter server extension."""
