"""Benchmarks: each figure as a ratio to a named peer, measured in one run on one machine."""
