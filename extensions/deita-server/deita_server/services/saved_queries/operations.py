"""The operations of `/saved-queries` and of their endpoints, described."""

from __future__ import annotations

from deita_server.operations import Operation
from deita_server.services.queries.models import Query
from deita_server.services.queries.operations import ONCE, WHOLE

from .models import (
    DocumentedEndpointQuery,
    ListQuery,
    NewSavedQuery,
    RestoreSavedQuery,
    SavedQuery,
    SavedQueryChange,
    SavedQueryList,
    SavedQueryRun,
    SavedQueryVersionList,
)

SEEN = {"If-Match": "The ETag that the saved query came with: refuse when there is a newer version."}
KNOWN = {"If-None-Match": "The ETag of an answer that you have: 304 while it is still good."}
BODIES = ("application/json", *WHOLE)

OPERATIONS = [
    Operation("get", "/saved-queries", "List the saved queries by slug", {200: SavedQueryList}, ListQuery),
    Operation(
        "post",
        "/saved-queries",
        "Save a statement that reads",
        {201: SavedQuery},
        takes=NewSavedQuery,
        headers=ONCE,
        refuses=(409, 413, 503),
    ),
    Operation("get", "/saved-queries/{slug}", "Read a saved query", {200: SavedQuery}, refuses=(404,)),
    Operation(
        "patch",
        "/saved-queries/{slug}",
        "Save what is different as a new version",
        {200: SavedQuery},
        takes=SavedQueryChange,
        headers=SEEN,
        refuses=(404, 409, 503),
    ),
    Operation(
        "delete",
        "/saved-queries/{slug}",
        "Delete a saved query; its versions stay",
        {204: None},
        headers=SEEN,
        refuses=(404, 409, 503),
    ),
    Operation(
        "get",
        "/saved-queries/{slug}/versions",
        "List the versions, newest first",
        {200: SavedQueryVersionList},
        ListQuery,
        refuses=(404,),
    ),
    Operation(
        "post",
        "/saved-queries/{slug}/restore",
        "Bring a version back as the newest",
        {200: SavedQuery},
        takes=RestoreSavedQuery,
        refuses=(404, 410, 413, 503),
    ),
    Operation(
        "post",
        "/saved-queries/{slug}/run",
        "Run a saved query",
        {200: Query, 202: Query},
        takes=SavedQueryRun,
        headers=ONCE,
        refuses=(404, 409, 410, 429, 503),
    ),
    Operation(
        "get",
        "/q/{slug}.{format}",
        "Run a saved query and have the whole result as a file",
        {200: BODIES, 304: None},
        DocumentedEndpointQuery,
        headers=KNOWN,
        refuses=(404, 408, 410, 413, 429, 503, 507),
    ),
    Operation(
        "head",
        "/q/{slug}.{format}",
        "See whether the result has changed, without running anything",
        {200: None, 304: None},
        DocumentedEndpointQuery,
        headers=KNOWN,
        refuses=(404, 410, 503),
    ),
]
