"""The Jupyter server extension: its configuration, its handlers, its end.

Loading it imports neither SQLAlchemy nor pydantic nor the engine's client: a workspace server idles most of its life,
and those cost 0.6 s and 30 MB. `DataPlane` brings them in, in a thread, when the first request needs them.
"""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp
from traitlets import Float, Integer

from .dataplane import DataPlane
from .logs import Logging
from .routes import tornado_rules
from .settings import Settings


class DeitaExtension(Logging, ExtensionApp):
    """Deita's data plane below `deita/api/v1`."""

    name = "deita_server"
    extension_url = "/"

    max_upload_bytes = Integer(2**40, help="The largest file that may be uploaded, in bytes.").tag(config=True)
    upload_lifetime = Float(
        7 * 24 * 3600.0, help="Seconds that an unfinished upload may be left alone; then it is 410 upload_expired."
    ).tag(config=True)
    max_queries = Integer(10_000, help="How many queries of a person are remembered; the oldest are forgotten.").tag(
        config=True
    )
    max_history_bytes = Integer(
        64 * 2**20, help="What a person's queries and their receipts may take; the oldest are forgotten."
    ).tag(config=True)
    max_spool_bytes = Integer(20 * 2**30, help="What all spooled results together may take; the oldest go first.").tag(
        config=True
    )
    result_lifetime = Float(
        24 * 3600.0, help="Seconds until a result expires; afterwards it is 410 result_expired."
    ).tag(config=True)
    max_imports = Integer(64, help="How many imports may run or wait at once; more are 429.").tag(config=True)
    max_previews = Integer(2, help="How many files are looked at at once; a few more wait, the rest are 429.").tag(
        config=True
    )
    review_below = Float(
        0.7, help="An import that may wait for a person does so when the reading's confidence is below this."
    ).tag(config=True)
    max_wait_ms = Integer(60_000, help="The longest that a request may ask to wait, in milliseconds.").tag(config=True)

    max_versions = Integer(
        100, min=1, help="How many newest versions of a table are kept whatever their age; see version_days."
    ).tag(config=True)
    version_days = Float(
        90.0, min=0, help="Days for which every version of a table is kept; older ones are 410 version_expired."
    ).tag(config=True)
    upkeep_idle = Float(60.0, help="Seconds that nothing may have run before upkeep begins by itself.").tag(config=True)
    upkeep_interval = Float(3600.0, help="Seconds between two times of upkeep.").tag(config=True)
    orphan_age = Float(
        86400.0, help="Seconds after which upkeep removes files that nothing names: a crash left them."
    ).tag(config=True)
    upkeep_grace = Float(
        3600.0, help="Seconds that files which no version needs are left to queries that still read them."
    ).tag(config=True)

    dataplane: DataPlane

    def initialize_settings(self) -> None:
        """Put the workspace where the handlers find it."""
        settings = Settings.from_environment(fallback=Path(self.serverapp.root_dir) / ".deita")
        self.dataplane = DataPlane(settings, self, self.log)
        self.settings["deita_dataplane"] = self.dataplane

    def initialize_handlers(self) -> None:
        """Add every route, and one that answers for those that do not exist."""
        self.handlers.extend(tornado_rules())

    async def stop_extension(self) -> None:
        """End the engine and close the database when the server ends."""
        await self.dataplane.close()
