"""The pod that a start asks Kubernetes for. No cluster is here: it is checked against Kubernetes' own schemas."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubernetes_asyncio.client import ApiClient

GUIDE = Path(__file__).parents[3] / "docs" / "isolation.md"


@pytest.fixture
async def pod(spawner: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], Path, Path]:
    """The manifest as it is sent, with the workspace's and the person's folder."""
    monkeypatch.setattr("kubespawner.spawner.load_config", lambda **_: None)  # which cluster it is, is not asked here
    limits = {"DEITA_SERVER_MEMORY": "2000000000", "DEITA_SERVER_CPUS": "1.5"}
    found = {"DEITA_LISTEN": "0.0.0.0", "DEITA_HUB_ADDRESS": "deita-hub", "DEITA_SERVER_STORAGE": "workspaces"}
    made, folder, own = spawner("kubernetes", **limits, **found)
    manifest = await made.get_pod_manifest()
    async with ApiClient() as client:
        sent = client.sanitize_for_serialization(manifest)
    await made.api.api_client.close()
    return {"apiVersion": "v1", "kind": "Pod", **sent}, folder, own


def test_it_is_a_pod_that_kubernetes_knows(pod: tuple[dict[str, Any], Path, Path]) -> None:
    kubernetes_validate.validate(pod[0], "1.33", strict=True)


def test_it_has_no_rights(pod: tuple[dict[str, Any], Path, Path]) -> None:
    spec = pod[0]["spec"]
    (container,) = spec["containers"]
    rights = container["securityContext"]
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert (rights["readOnlyRootFilesystem"], rights["allowPrivilegeEscalation"]) == (True, False)
    assert (rights["runAsUser"], rights["runAsNonRoot"]) == (1000, True)
    assert (spec["automountServiceAccountToken"], spec["enableServiceLinks"]) == (False, False)
    assert container["resources"]["limits"] == {"cpu": 1.5, "memory": 2_000_000_000}


def test_it_mounts_one_workspace_and_the_own_folder(pod: tuple[dict[str, Any], Path, Path]) -> None:
    manifest, folder, own = pod
    mounts = {each["mountPath"]: each for each in manifest["spec"]["containers"][0]["volumeMounts"]}
    assert mounts[str(folder)]["subPath"] == folder.name
    assert mounts[str(own)]["subPath"] == f"{folder.name}/people/me"
    assert mounts[str(own.parent)]["name"] == "people"
    assert set(mounts) == {str(folder), str(own), str(own.parent), "/tmp"}
    claims = [each["persistentVolumeClaim"] for each in manifest["spec"]["volumes"] if "persistentVolumeClaim" in each]
    assert claims == [{"claimName": "workspaces"}]


def test_it_finds_the_hub_and_has_nothing_of_the_hubs_environment(pod: tuple[dict[str, Any], Path, Path]) -> None:
    given = {each["name"]: each.get("value") for each in pod[0]["spec"]["containers"][0]["env"]}
    assert given["JUPYTERHUB_API_URL"] == "http://deita-hub:8081/hub/api"
    assert given["DEITA_CONTROL_PLANE"] == "http://deita-hub:8082/services/deita/api/v1"
    assert given["DEITA_ISOLATION"] == "kubernetes"
    assert given["HOME"] == str(pod[2])
    assert not {"DEITA_LIFELINE", "PATH", "DEITA_HOME"} & set(given)


def test_the_network_policies_of_the_guide_are_valid() -> None:
    policies = list(yaml.safe_load_all("".join(re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.S))))
    assert {each["kind"] for each in policies} == {"NetworkPolicy"}
    for each in policies:
        kubernetes_validate.validate(each, "1.33", strict=True)
