"""Kernels of a workspace server: what they may know, where they listen, how long their token lives."""
