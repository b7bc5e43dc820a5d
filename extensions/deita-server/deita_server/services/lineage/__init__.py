"""Lineage: what a table version is made from, and what is made from it."""
