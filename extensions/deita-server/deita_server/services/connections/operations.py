"""The operations of `/connections`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import ConnectionList, ForeignTableList, Sample, SampleRows, ToRead

REFUSES = (404, 408, 422, 429, 502, 503)

OPERATIONS = [
    Operation("get", "/connections", "List the databases outside", {200: ConnectionList}, refuses=(503,)),
    Operation(
        "get",
        "/connections/{name}/tables",
        "List what can be read there",
        {200: ForeignTableList},
        refuses=REFUSES,
    ),
    Operation(
        "post",
        "/connections/{name}/sample",
        "See the first rows of a table or query there",
        {200: SampleRows},
        takes=Sample,
        refuses=REFUSES,
    ),
    Operation(
        "post",
        "/connections/{name}/query",
        "Read a table or query there",
        {200: ("application/vnd.apache.arrow.stream",)},
        takes=ToRead,
        refuses=(*REFUSES, 413),
    ),
]
