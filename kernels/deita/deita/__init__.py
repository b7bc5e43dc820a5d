"""The Python client of Deita: a workspace's files, tables and queries, in a notebook and outside of it.

Inside a kernel of a workspace server the workspace is already there:

>>> import deita
>>> ws = deita.workspace()
>>> ws.sql("SELECT carrier, count(*) AS n FROM flights WHERE month = $month GROUP BY ALL", month=7).df()

From anywhere else it takes an address and a token:

>>> ws = deita.connect("http://127.0.0.1:8000", token="…", workspace="shop")
"""

from deita.control import connect
from deita.environment import workspace
from deita.errors import DeitaError, QueryError, ResultIncomplete, ServerUnavailable
from deita.files import File
from deita.imports import Import, Reject
from deita.previews import Preview
from deita.profiles import Profile
from deita.results import Column, Result
from deita.tables import Table, Version
from deita.workspace import Workspace

__version__ = "0.1.0"

__all__ = [
    "Column",
    "DeitaError",
    "File",
    "Import",
    "Preview",
    "Profile",
    "QueryError",
    "Reject",
    "Result",
    "ResultIncomplete",
    "ServerUnavailable",
    "Table",
    "Version",
    "Workspace",
    "__version__",
    "connect",
    "workspace",
]
