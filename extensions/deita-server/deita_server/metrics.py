"""This server's figures, for Prometheus. docs/monitoring.md has the list.

Labels come from closed sets: route templates, methods, statuses, kinds and states. No figure names a person, a file, a
table or a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from . import __version__

if TYPE_CHECKING:
    from deita_engine.client import Run

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
RUN_SECONDS = (0.01, 0.1, 1.0, 10.0, 60.0, 300.0, 1800.0)
NO_ROUTE = "none"
Counted = Callable[[], int]


class Metrics:
    """What is counted, and what is looked up when somebody asks."""

    def __init__(self, engine_status: Callable[[], dict[str, Any]]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self._requests = Histogram(
            "deita_request_seconds", "Requests to the data plane.", labels, buckets=SECONDS, registry=registry
        )
        self._runs = Histogram(
            "deita_run_seconds",
            "Statements that read or write, and imports, from acceptance to end.",
            ["kind", "state"],
            buckets=RUN_SECONDS,
            registry=registry,
        )
        self._uploads = Counter("deita_uploads", "Uploads that became files, or failed.", ["result"], registry=registry)
        for result in ("ok", "failed"):
            self._uploads.labels(result)
        build = Gauge("deita_build_info", "1, with the version.", ["version"], registry=registry)
        build.labels(version=__version__).set(1)
        self.looked_up = LookedUp(engine_status)
        registry.register(self.looked_up)
        ProcessCollector(registry=registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is the template that it matched."""
        self._requests.labels(method if method in METHODS else "other", route, str(status)).observe(seconds)

    def ran(self, kind: str, run: Run) -> None:
        """Count what the engine ended: `read`, `write` or `import`."""
        self._runs.labels(kind, run.state).observe(run.elapsed_ms / 1000)

    def upload(self, status: int) -> None:
        """Count an upload that is over, by how its last request was answered."""
        self._uploads.labels("ok" if status < 400 else "failed").inc()


class LookedUp(Collector):
    """The engine's state and the kernels as they are now."""

    def __init__(self, engine_status: Callable[[], dict[str, Any]]) -> None:
        self._engine_status = engine_status
        self.kernels: dict[str, Counted] = {}
        """How many kernels run, by what they are for."""

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: looking happens when somebody asks."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Look; everything is in memory."""
        status = self._engine_status()
        yield GaugeMetricFamily("deita_engine_up", "Whether an engine runs.", float(status["state"] == "ready"))
        yield CounterMetricFamily(
            "deita_engine_restarts", "Engines started after the first.", float(status["restarts"])
        )
        under_way = GaugeMetricFamily("deita_runs_under_way", "Queries and imports under way.", labels=["state"])
        for state in ("running", "waiting"):
            under_way.add_metric([state], float(status[state]))
        yield under_way
        kernels = GaugeMetricFamily("deita_kernels", "Kernels that run.", labels=["kind"])
        for kind, count in self.kernels.items():
            kernels.add_metric([kind], float(count()))
        yield kernels
