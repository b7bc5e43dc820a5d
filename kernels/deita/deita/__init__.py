"""The Python client of Deita."""
