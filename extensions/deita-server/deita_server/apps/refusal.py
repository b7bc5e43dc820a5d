"""The small page that says why an app cannot be shown."""

from __future__ import annotations

from html import escape
from string import Template

_WORDS = {
    403: ("You cannot open this", "Ask the owner of the workspace for access, or sign in as somebody else."),
    404: ("There is no such app", "The address may be old or mistyped. Explore is where the workspace's tables are."),
    503: ("Too many apps are open", "Close a tab that you do not need, wait a minute, and try again."),
}
_OTHERWISE = ("This app could not be opened", "Try again in a moment. The server's log has the details.")
_PAGE = Template(
    """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>$title</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem;color:#1f2933}
@media(prefers-color-scheme:dark){body{background:#16191d;color:#e4e7eb}}</style>
<h1>$title</h1><p>$advice</p></html>
"""
)


def render(status: int) -> str:
    """Return the page for an HTTP status."""
    title, advice = _WORDS.get(status, _OTHERWISE)
    return _PAGE.substitute(title=escape(title), advice=escape(advice))
