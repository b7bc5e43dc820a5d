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
from deita.filesystems import filesystem
from deita.foreign import ForeignResult, ForeignTable, PostgresConnection
from deita.history import History, PastQuery
from deita.imports import Import, Reject
from deita.lineage import Lineage
from deita.open_files import open
from deita.paths import notebooks, path
from deita.previews import Preview
from deita.profiles import Profile
from deita.receipts import Receipt
from deita.results import Column, Result
from deita.saved import Parameter, SavedQuery, SavedVersion
from deita.tables import Table, Version
from deita.workspace import Workspace

__version__ = "0.1.0"

__all__ = [
    "Column",
    "DeitaError",
    "File",
    "ForeignResult",
    "ForeignTable",
    "History",
    "Import",
    "Lineage",
    "Parameter",
    "PastQuery",
    "PostgresConnection",
    "Preview",
    "Profile",
    "QueryError",
    "Receipt",
    "Reject",
    "Result",
    "ResultIncomplete",
    "SavedQuery",
    "SavedVersion",
    "ServerUnavailable",
    "Table",
    "Version",
    "Workspace",
    "__version__",
    "connect",
    "filesystem",
    "notebooks",
    "open",
    "path",
    "workspace",
]
