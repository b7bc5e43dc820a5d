"""Identifiers in SQL."""

from __future__ import annotations


def quote_name(name: str) -> str:
    """Quote an identifier, so that any name is one name.

    >>> quote_name('my "odd" table')
    '"my ""odd"" table"'
    """
    return '"' + name.replace('"', '""') + '"'
