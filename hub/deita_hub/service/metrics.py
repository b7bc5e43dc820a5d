"""The control plane's figures, for Prometheus. docs/monitoring.md has the list.

Labels come from closed sets: route templates, methods, statuses, names of parts. Workspaces are named by their ids, and
only the largest `MOST_WORKSPACES` have a series of their own. No figure names a person.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from deita_hub import __version__
from deita_hub.backing_up import making
from deita_hub.readiness import Answer
from deita_hub.settings import Settings

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MOST_WORKSPACES = 100
NO_ROUTE = "none"


class Metrics:
    """What is counted, and what is looked up when somebody asks."""

    def __init__(self, settings: Settings) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self._requests = Histogram(
            "deita_request_seconds", "Requests.", ["method", "route", "status"], buckets=SECONDS, registry=registry
        )
        self.created = Counter("deita_workspaces_created", "Workspaces that were made.", registry=registry)
        self.deleted = Counter("deita_workspaces_deleted", "Workspaces that were deleted.", registry=registry)
        build = Gauge("deita_build_info", "1, with the version.", ["version"], registry=registry)
        build.labels(version=__version__).set(1)
        self.looked_up = LookedUp(settings)
        registry.register(self.looked_up)
        ProcessCollector(registry=registry)

    def request(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request; `route` is the template that it matched."""
        known = method if method in METHODS else "other"
        self._requests.labels(known, route or NO_ROUTE, str(status)).observe(seconds)


class LookedUp(Collector):
    """Figures that stand somewhere already: free space, the last backup, what was measured last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.parts: dict[str, Answer] = {}
        self.storage: dict[str, int] = {}
        """Bytes of each workspace by its id, as they were measured last."""

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: looking happens when somebody asks."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Look. Reads two small things from the disk, so not on the event loop."""
        ready = GaugeMetricFamily("deita_part_ready", "Whether a part that is needed answers.", labels=["part"])
        took = GaugeMetricFamily("deita_part_seconds", "How long its answer took.", labels=["part"])
        for name, answer in self.parts.items():
            ready.add_metric([name], float(answer.fine))
            took.add_metric([name], answer.seconds)
        yield from (ready, took, *self._bytes(), *self._backups())

    def _bytes(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("deita_workspaces", "Workspaces that are not deleted.", float(len(self.storage)))
        total = float(sum(self.storage.values()))
        yield GaugeMetricFamily("deita_storage_bytes", "Bytes of all workspaces.", total)
        largest = sorted(self.storage.items(), key=lambda item: -item[1])[:MOST_WORKSPACES]
        each = GaugeMetricFamily(
            "deita_workspace_storage_bytes", "Bytes of each of the largest workspaces.", labels=["workspace"]
        )
        for workspace_id, size in largest:
            each.add_metric([workspace_id], float(size))
        yield each
        free = GaugeMetricFamily("deita_disk_free_bytes", "Bytes that are free.", labels=["place"])
        size_of = GaugeMetricFamily("deita_disk_size_bytes", "Bytes that there are.", labels=["place"])
        for place, path in (("home", self._settings.home), ("storage", self._settings.storage)):
            found = os.statvfs(path)
            free.add_metric([place], float(found.f_bavail * found.f_frsize))
            size_of.add_metric([place], float(found.f_blocks * found.f_frsize))
        yield from (free, size_of)

    def _backups(self) -> Iterator[Metric]:
        """Moments, as Prometheus wants them: an age would stand still where nobody looks."""
        noted = making.noted(self._settings)
        for key, text in (("backup", "When the last good backup was made"), ("drill", "When one was last restored")):
            at = noted.get(key, {}).get("time")
            moment = datetime.fromisoformat(str(at)).timestamp() if at else 0.0
            yield GaugeMetricFamily(f"deita_{key}_timestamp_seconds", f"{text}; 0: never.", moment)
