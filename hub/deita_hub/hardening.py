"""What a bucket should do by itself against loss and leftovers: keep old versions for a while, end unfinished uploads.

Each measure is asked for and looked at again, because stores accept what they do not do. Rules of others in the
bucket's lifecycle stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from deita_hub.bucket import ABANDONED
from deita_hub.object_storage import ObjectStorage

OLD_DAYS = 30
"""How long a replaced or deleted key's bytes can still be had: as long as a deleted workspace."""
UNFINISHED_DAYS = ABANDONED.days
OURS = ("deita-old-versions", "deita-unfinished-uploads")

State = Literal["in force", "set", "would be set", "refused"]


@dataclass(frozen=True)
class Measure:
    """One measure and how it stands; `reason` is the store's own code of why it refuses."""

    name: str
    text: str
    state: State
    reason: str = ""


class BucketGuard:
    """The measures of the installation's bucket; methods block. With the root key, which needs the right to do this."""

    def __init__(self, objects: ObjectStorage) -> None:
        self._objects, self._client = objects, objects.client()

    def harden(self, *, dry_run: bool) -> list[Measure]:
        """Set what is not in force; with `dry_run` say what would be set."""
        texts = descriptions()
        steps: dict[str, tuple[Callable[[], bool], Callable[[], object]]] = {
            "versioning": (self._keeps_versions, self._keep_versions),
            OURS[0]: (lambda: self._has_rule(OURS[0]), lambda: self._add_rule(OURS[0])),
            OURS[1]: (lambda: self._has_rule(OURS[1]), lambda: self._add_rule(OURS[1])),
        }
        return [self._measure(name, texts[name], *step, dry_run=dry_run) for name, step in steps.items()]

    def _measure(
        self, name: str, text: str, is_there: Callable[[], bool], do: Callable[[], object], *, dry_run: bool
    ) -> Measure:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if is_there():
                return Measure(name, text, "in force")
            if dry_run:
                return Measure(name, text, "would be set")
            do()
            if is_there():
                return Measure(name, text, "set")
        except ClientError as error:
            return Measure(name, text, "refused", str(error.response.get("Error", {}).get("Code", "unknown")))
        except BotoCoreError as error:
            return Measure(name, text, "refused", type(error).__name__)
        return Measure(name, text, "refused", "accepted, and not done")

    def _keeps_versions(self) -> bool:
        found = self._client.get_bucket_versioning(Bucket=self._objects.bucket)
        return bool(found.get("Status") == "Enabled")

    def _keep_versions(self) -> None:
        wanted = {"Status": "Enabled"}
        self._client.put_bucket_versioning(Bucket=self._objects.bucket, VersioningConfiguration=wanted)

    def _has_rule(self, name: str) -> bool:
        return any(_says(rule, self._rule(name)) for rule in self._rules())

    def _add_rule(self, name: str) -> None:
        rules = [rule for rule in self._rules() if rule.get("ID") != name]
        wanted = {"Rules": [*rules, self._rule(name)]}
        self._client.put_bucket_lifecycle_configuration(Bucket=self._objects.bucket, LifecycleConfiguration=wanted)

    def _rules(self) -> list[dict[str, Any]]:
        from botocore.exceptions import ClientError

        try:
            found = self._client.get_bucket_lifecycle_configuration(Bucket=self._objects.bucket)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchLifecycleConfiguration":
                return []
            raise
        rules: list[dict[str, Any]] = found.get("Rules", [])
        return rules

    def _rule(self, name: str) -> dict[str, Any]:
        prefix = f"{self._objects.prefix}/" if self._objects.prefix else ""
        rule: dict[str, Any] = {"ID": name, "Status": "Enabled", "Filter": {"Prefix": prefix}}
        if name == OURS[0]:
            rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": OLD_DAYS}
        else:
            rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": UNFINISHED_DAYS}
        return rule


def descriptions() -> dict[str, str]:
    """What each measure does, by its name."""
    return {
        "versioning": "what is deleted or replaced can be had back",
        OURS[0]: f"old versions go after {OLD_DAYS} days",
        OURS[1]: f"uploads in parts that are not finished go after {UNFINISHED_DAYS} days",
    }


def _says(rule: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a rule of the store is the one that is wanted; stores tell the same filter in several ways."""
    prefix = rule.get("Filter", {}).get("Prefix", rule.get("Prefix", ""))
    same = all(rule.get(key) == value for key, value in wanted.items() if key != "Filter")
    return same and prefix == wanted["Filter"]["Prefix"]
