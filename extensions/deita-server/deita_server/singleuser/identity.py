"""Who asks: people and programs by the hub, kernels of this server by the token that this server gave them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.utils import url_path_join
from tornado import web

from .lean import JupyterHubIdentityProvider, JupyterHubUser

if TYPE_CHECKING:
    from deita_server.kernels.tokens import KernelTokens

DATA_PLANE = "deita/api/v1/"


class KernelUser(JupyterHubUser):
    """The person, asking through one of their kernels."""

    kernel_id: str

    def __init__(self, person: str, kernel_id: str, scopes: list[str]) -> None:
        super().__init__({"name": person, "kind": "user", "scopes": scopes})
        self.kernel_id = kernel_id


class WorkspaceIdentity(JupyterHubIdentityProvider):
    """JupyterHub's identity provider that knows kernels too.

    A kernel's token opens the data plane and nothing else: with it nobody starts a kernel or reads a notebook.
    """

    kernel_tokens: KernelTokens
    person: str

    async def get_user(self, handler: web.RequestHandler) -> Any:
        """Return who asks, or None. Raises 403 when a kernel's token is used outside the data plane."""
        token = self.hub_auth.get_token(handler, in_cookie=False)
        kernel_id = self.kernel_tokens.kernel_of(token) if token else None
        if kernel_id is None:
            return await self._known_to_the_hub(handler)
        self._patch_xsrf(handler)
        if not handler.request.path.startswith(url_path_join(handler.settings["base_url"], DATA_PLANE)):
            handler.current_user = None
            raise web.HTTPError(403, "The token of a kernel opens the data plane only.")
        handler._token_authenticated = True  # type: ignore[attr-defined]  # what jupyter-server reads to skip the XSRF check
        person = self.kernel_tokens.person_of(kernel_id) or self.person
        return KernelUser(person, kernel_id, sorted(self.hub_auth.access_scopes))

    async def _known_to_the_hub(self, handler: web.RequestHandler) -> Any:
        """Whom the hub knows. Raises 503 while it does not answer, where JupyterHub says 500 or 502."""
        try:
            return await super().get_user(handler)
        except web.HTTPError as error:
            if error.status_code < 500:
                raise
            raise web.HTTPError(503, "The hub, which knows who asks, does not answer.") from error
