"""The handler that every handler of the data plane is: who asks, may they, what went wrong.

Authentication is jupyter-server's identity provider; this class only turns its answers into 401, 403 and our error
shape. Errors are rendered in `write_error`, so that a handler method is just the good path.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from deita_engine import tracing
from deita_engine.shapes import EngineError
from jupyter_server.base.handlers import APIHandler
from tornado import web

from . import metrics, roles
from .asking import asks
from .errors import HTTP_CODES, RETRY_AFTER, DeitaError, KnownError, body_of, status_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .dataplane import DataPlane

    Model = TypeVar("Model", bound=BaseModel)

JSON_LIMIT = 8 * 2**20
MESSAGES = {
    401: "This needs a token or a signed-in browser.",
    403: "You may not do this here.",
    404: "There is nothing at this address.",
    405: "This address does not know that method.",
    503: "The hub, which knows who asks, does not answer. Try again in a moment.",
}


class DeitaHandler(APIHandler):
    """Base of all handlers. `actions` says what a method needs; see `roles`."""

    actions: ClassVar[dict[str, roles.Action]] = {"GET": "look", "HEAD": "look"}
    statuses: ClassVar[dict[str, int]] = {}  # where a code means something else here than in errors.STATUS
    _request_id: str | None = None
    route = metrics.NO_ROUTE

    def initialize(self, route: str = metrics.NO_ROUTE) -> None:
        """Take the template of the address, as which requests are counted."""
        self.route = route

    def on_finish(self) -> None:
        """Count the request."""
        super().on_finish()
        method, status = self.request.method or "", self.get_status()
        self.dataplane.metrics.request(method, self.route, status, self.request.request_time())

    @property
    def dataplane(self) -> DataPlane:
        """The workspace behind this server."""
        return self.settings["deita_dataplane"]

    @property
    def request_id(self) -> str:
        """The caller's `X-Request-Id` when it is a plain word, otherwise one of ours."""
        if self._request_id is None:
            trace = tracing.current() or tracing.trace_of(self.request.headers)
            self._request_id = trace.request_id
        return self._request_id

    def set_default_headers(self) -> None:
        """Name the request in every answer and keep answers out of caches."""
        super().set_default_headers()
        self.set_header("X-Request-Id", self.request_id)
        self.set_header("Cache-Control", "no-store")

    def compute_etag(self) -> str | None:
        """Send no ETag: answers change, and hashing each costs more than sending it."""
        return None

    # who asks

    async def prepare(self) -> None:
        """Identify the person and check what the role allows, before anything is read or started."""
        if not self.check_host():
            raise DeitaError("forbidden", "This server does not answer to that host name.")
        try:
            await super().prepare()
        except web.HTTPError as error:
            if error.status_code >= 500:  # nobody could say who asks
                raise
            if self.current_user is None:
                raise self.refusal() from error
            if error.status_code in (403, 404):
                raise DeitaError(
                    "forbidden",
                    "The request did not prove that it comes from this site.",
                    hint="Send the _xsrf cookie's value as X-XSRFToken, or use a token.",
                ) from error
            raise
        if self.current_user is None:
            raise self.refusal()
        action = self.actions.get(self.request.method or "", "change")
        role = self.dataplane.settings.role
        if not roles.may(role, action):
            raise DeitaError("forbidden", f"A {role} may not do this.", details={"role": role})
        asks(self.current_user.username if self.dataplane.settings.is_shared else self.dataplane.settings.person)
        if len(self.request.body or b"") > JSON_LIMIT:
            raise DeitaError("too_large", "The body of this request is too large.", details={"limit": JSON_LIMIT})

    def refusal(self) -> DeitaError:
        """Return 403 for somebody who is known but has no access here, 401 for everybody else.

        JupyterHub's identity provider marks the first by replacing `redirect` on the handler.
        """
        if "redirect" in vars(self):
            return DeitaError("forbidden", "You have no access to this workspace server.")
        return DeitaError("unauthorized", MESSAGES[401], hint="Send `Authorization: Bearer <token>`.")

    def get_login_url(self) -> str:
        """Refuse instead of redirecting: this is an API."""
        raise self.refusal()

    # what was asked

    def read_body(self, model: type[Model]) -> Model:
        """Return the body as `model`; raises `bad_request` with the fields that are wrong."""
        return validated(model, self.request.body or b"{}")

    def read_query(self, model: type[Model]) -> Model:
        """Return the URL's parameters as `model`; a list field takes a parameter that repeats."""
        values: dict[str, Any] = {}
        for name, field in model.model_fields.items():
            given = self.get_query_arguments(name)
            if given:
                values[name] = given if "list" in str(field.annotation) else given[-1]
        return validated(model, values)

    # what is answered

    def answer(self, body: dict[str, Any] | list[Any] | bytes | BaseModel, status: int = 200) -> None:
        """Send JSON: a model, plain values, or bytes that are JSON already."""
        self.set_status(status)
        if isinstance(body, (dict, list)):
            body = json.dumps(body, ensure_ascii=False).encode()
        elif not isinstance(body, bytes):
            body = body.model_dump_json().encode()
        self.finish(body)

    # what went wrong

    def send_known(self, error: KnownError) -> None:
        """Send an error that has a code."""
        self.set_status(self.statuses.get(error.code) or status_of(error.code))
        if error.code in RETRY_AFTER:
            self.set_header("Retry-After", str(RETRY_AFTER[error.code]))
        self.finish(json.dumps(body_of(error, self.request_id), ensure_ascii=False))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Give every error the one shape; an unknown one becomes 500 and says nothing."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        if isinstance(error, (DeitaError, EngineError)) and status_of(error.code) != 500:
            return self.send_known(error)
        if isinstance(error, web.HTTPError):
            code = HTTP_CODES.get(error.status_code, "internal" if error.status_code >= 500 else "bad_request")
            return self.send_known(
                DeitaError(code, MESSAGES.get(error.status_code, "The request cannot be understood."))
            )
        message = f"Something went wrong on our side. The server's log has it under {self.request_id}."
        return self.send_known(DeitaError("internal", message))

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log what nobody foresaw, once, with the request's id; what has a code is in the access log."""
        known = isinstance(value, (DeitaError, EngineError)) and status_of(value.code) != 500
        if not known and not isinstance(value, web.HTTPError):
            self.log.error("%s %s failed", self.request.method, self.request.path, exc_info=(typ, value, tb))


def validated(model: type[Model], given: bytes | dict[str, Any]) -> Model:
    """Return `given` (JSON, or strings by name) as `model`; raises `bad_request` with `details.fields`."""
    from pydantic import ValidationError

    try:
        return model.model_validate_json(given) if isinstance(given, bytes) else model.model_validate(given)
    except ValidationError as error:
        fields = [
            {"field": ".".join(map(str, item["loc"])), "message": item["msg"]}
            for item in error.errors(include_url=False, include_input=False, include_context=False)[:50]
        ]
    if fields and not fields[0]["field"]:
        raise DeitaError("bad_request", "The body is not a JSON object of the right shape.", details={"fields": fields})
    named = ", ".join(dict.fromkeys(field["field"] for field in fields))
    raise DeitaError("bad_request", f"These fields cannot be used: {named}.", details={"fields": fields})


class UnknownHandler(DeitaHandler):
    """Whatever is below our address and is no route: 404, for every method."""

    actions: ClassVar[dict[str, roles.Action]] = dict.fromkeys(
        ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), "look"
    )

    async def prepare(self) -> None:
        """Authenticate first, so that strangers learn nothing about routes."""
        await super().prepare()
        raise DeitaError("not_found", MESSAGES[404])
