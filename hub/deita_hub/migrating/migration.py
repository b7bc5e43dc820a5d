"""The whole migration, from the locks to the settings of the new place.

Workspaces first, then JupyterHub's tables, the catalog last: until that is there, the new place knows of no workspace.
The source is only read. Broken off at any point and run again, it goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from deita_hub.bucket import bucket_of
from deita_hub.lifeline import FileLock, LockBusyError
from deita_hub.migrating import installation, workspaces
from deita_hub.migrating.errors import MigrationError
from deita_hub.migrating.journal import Journal
from deita_hub.migrating.plan import Plan, check_empty, check_reachable
from deita_hub.migrating.workspace_side import Progress
from deita_hub.settings import Settings

LEFTOVER_SECONDS = 5.0
SAID_EACH = 100
"""Of many things, how far they are is said so often."""
Say = Callable[[str], None]
Report = dict[str, Any]


def dry_run(plan: Plan, say: Say) -> Report:
    """Look whether it can be done, and what it would move; writes nothing."""
    with _stopped(plan.source):
        check_reachable(plan)
        if Journal(plan.source).of(plan.places) is None:
            check_empty(plan)
        found = {slug: workspaces.inspect(plan, id, _stages(say, slug)) for id, slug in plan.workspaces.items()}
    return {"done": False, "workspaces": found, "left": plan.left, "settings": settings_of(plan)}


def run(plan: Plan, say: Say) -> Report:
    """Move everything; returns what was moved and the settings of the new place. Raises MigrationError."""
    journal = Journal(plan.source)
    with _stopped(plan.source):
        noted = journal.of(plan.places)
        if noted is not None and noted["report"] is not None:
            say(f"This was done already, at {noted['ended_at']}: nothing is copied over a place that may be in use.")
            done: Report = noted["report"]
            return done
        check_reachable(plan)
        if noted is None:
            check_empty(plan)
            journal.begin(plan.places)
        report = _moved(plan, say)
        journal.finish(plan.places, report)
    return report


def _moved(plan: Plan, say: Say) -> Report:
    found = {}
    for id, slug in plan.workspaces.items():
        found[slug] = workspaces.migrate(plan, id, _stages(say, slug))
        if plan.moves_storage and plan.target.objects is not None:
            bucket_of(plan.target.objects).sweep(id, older_than=timedelta(0))
    databases = {}
    if plan.moves_database:
        stage = _stages(say, "Deita")
        stage("copy users and tokens")
        databases["hub"] = installation.copy_hub(plan.source, plan.target)
        stage("copy people and workspaces")
        databases["catalog"] = installation.copy_catalog(plan.source, plan.target, list(plan.workspaces))
    return {
        "done": True,
        "workspaces": found,
        "databases": databases,
        "left": plan.left,
        "settings": settings_of(plan),
    }


def settings_of(plan: Plan) -> dict[str, str]:
    """What is to be set to run on the new place. Secrets are named and not said."""
    values: dict[str, str] = {}
    if plan.moves_database:
        file = plan.target.environ.get("DEITA_DATABASE_URL_FILE")
        values |= {"DEITA_DATABASE_URL_FILE": file} if file else {"DEITA_DATABASE_URL": "(the URL that you gave)"}
    if plan.moves_storage and plan.target.objects is not None:
        values["DEITA_STORAGE"] = plan.target.objects.url
        for name in ("DEITA_S3_ENDPOINT", "DEITA_S3_ROLE", "AWS_REGION", "AWS_ACCESS_KEY_ID"):
            if plan.target.environ.get(name):
                values[name] = plan.target.environ[name]
        secret = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a setting
        file = plan.target.environ.get(f"{secret}_FILE")
        values |= {f"{secret}_FILE": file} if file else {secret: "(as it is set now)"}
    return values


def _stages(say: Say, of: str) -> workspaces.Stage:
    """Say what begins, and within it what is done and how far each is."""

    def stage(what: str) -> Progress:
        say(f"{of}: {what}")
        return progress

    def progress(doing: str, done: int, total: int) -> None:
        if done % SAID_EACH == 0 or done == total:
            say(f"{of}: {doing}, {done} of {total}" if total else f"{of}: {doing}")

    return stage


@contextlib.contextmanager
def _stopped(settings: Settings) -> Iterator[None]:
    """Hold the locks of `deita up`, so that nothing of Deita runs meanwhile. Raises MigrationError."""
    only, lifeline = FileLock(settings.home / "up.lock"), FileLock(settings.lifeline)
    try:
        only.acquire()
    except LockBusyError:
        message = "Deita runs on this DEITA_HOME, or another migration does: stop it first."
        raise MigrationError("running", message) from None
    try:
        lifeline.acquire(timeout=LEFTOVER_SECONDS)
    except LockBusyError:
        only.release()
        message = "Processes of a Deita that was killed still run on this DEITA_HOME: wait for their end."
        raise MigrationError("running", message) from None
    try:
        yield
    finally:
        lifeline.release()
        only.release()
