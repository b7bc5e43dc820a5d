"""Deita's SQL kernel and its Python kernel's set-up."""
