"""What is asked of a Kubernetes cluster before servers are started in it, and what is said about its walls."""

from __future__ import annotations

import asyncio

import aiohttp
from kubernetes_asyncio import client, config
from kubernetes_asyncio.client.exceptions import ApiException
from kubernetes_asyncio.config.config_exception import ConfigException

from deita_hub.settings import Settings, SettingsError

SECONDS = 10
DESCRIPTION = (
    "kubernetes: each server is a pod of the image {image} with a read-only root, as a user without rights and without "
    "a way to get any. It sees its own workspace and its person's folder in it. Not protected against: what pods may "
    "reach is for the cluster's network policies to say (docs/isolation.md has one), the number of a pod's processes "
    "for its nodes, {unlimited}a hole in the nodes' Linux kernel opens everything."
)


def resolve(settings: Settings) -> Settings:
    """The settings, if the cluster lets Deita start pods. Raises `SettingsError` for what is missing."""
    if not (settings.spawner.listen and settings.spawner.address):
        raise SettingsError("DEITA_SPAWNER=kubernetes needs DEITA_LISTEN and DEITA_HUB_ADDRESS: where pods find Deita.")
    if settings.objects is None and not settings.spawner.storage:
        raise SettingsError("DEITA_SPAWNER=kubernetes needs DEITA_SERVER_STORAGE (a claim), or workspaces in a bucket.")
    try:
        allowed = asyncio.run(asyncio.wait_for(_may_start_pods(settings.spawner.namespace), SECONDS))
    except (ConfigException, ApiException, aiohttp.ClientError, TimeoutError) as error:
        raise SettingsError("The Kubernetes cluster does not answer, or does not know Deita's account.") from error
    if not allowed:
        raise SettingsError("Deita's account may not create pods in the namespace of DEITA_KUBERNETES_NAMESPACE.")
    return settings


def described(settings: Settings) -> str:
    """What is in force and what it does not protect against. Raises `SettingsError` for what is missing."""
    resolve(settings)
    unlimited = "" if settings.server_memory else "memory is not limited (DEITA_SERVER_MEMORY), "
    return DESCRIPTION.format(image=settings.spawner.image, unlimited=unlimited)


async def _may_start_pods(namespace: str) -> bool:
    try:
        config.load_incluster_config()  # type: ignore[no-untyped-call]
    except ConfigException:
        await config.load_kube_config()
    attributes = client.V1ResourceAttributes(namespace=namespace or None, resource="pods", verb="create")
    review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    async with client.ApiClient() as api:
        answer = await client.AuthorizationV1Api(api).create_self_subject_access_review(review)
    return bool(answer.status.allowed)
