"""What can go wrong in the control plane: a stable code each, one table with its status, one shape on the wire."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

STATUS = {
    "bad_request": 400,
    "validation": 400,
    "name_refused": 400,
    "password_needed": 400,
    "not_signed_in": 401,
    "token_scope": 403,
    "trust_required": 403,
    "xsrf": 403,
    "role_required": 403,
    "connection_host_refused": 403,
    "not_found": 404,
    "member_not_found": 404,
    "connection_not_found": 404,
    "connection_table_not_found": 404,
    "method_not_allowed": 405,
    "connection_timeout": 408,
    "slug_taken": 409,
    "idempotency_key_reused": 409,
    "too_many_workspaces": 409,
    "member_exists": 409,
    "last_owner": 409,
    "too_many_members": 409,
    "connection_exists": 409,
    "too_many_connections": 409,
    "too_large": 413,
    "connection_result_too_large": 413,
    "connection_row_too_large": 413,
    "media_type": 415,
    "connection_login_refused": 422,
    "connection_no_database": 422,
    "connection_denied": 422,
    "connection_read_only": 422,
    "connection_query_refused": 422,
    "connection_query_failed": 422,
    "connection_value": 422,
    "connection_sealed": 422,
    "too_many_readers": 429,
    "internal": 500,
    "connection_unreachable": 502,
    "connection_tls": 502,
    "connection_failed": 502,
    "connection_lost": 502,
    "connection_busy": 503,
    "storage_unavailable": 503,
    "unavailable": 503,
    "unhealthy": 503,
}
BY_STATUS = {400: "bad_request", 401: "not_signed_in", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
RETRY_SECONDS = 2
log = logging.getLogger("uvicorn.error")


class ServiceError(Exception):
    """An answer that is not the one that was asked for. `code` must be in `STATUS`."""

    def __init__(self, code: str, message: str, hint: str | None = None, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.details = code, message, hint, details or {}
        self.status = STATUS[code]


def error_response(
    request_id: str, error: ServiceError, status: int | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The one shape of an error."""
    extra = dict(headers or {})
    if error.status == 401:
        extra.setdefault("WWW-Authenticate", "Bearer")
    if error.status in (429, 503):
        extra.setdefault("Retry-After", str(RETRY_SECONDS))
    body = {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "details": error.details,
        "request_id": request_id,
    }
    return JSONResponse(body, status_code=status or error.status, headers=extra)


async def on_service_error(request: Request, error: Exception) -> JSONResponse:
    """One of ours."""
    assert isinstance(error, ServiceError)
    return error_response(request.state.request_id, error)


async def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """The framework's: no such path, wrong method, a body that is no JSON."""
    assert isinstance(error, HTTPException)
    code = BY_STATUS.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
    message = {
        "not_found": "There is nothing at this address.",
        "method_not_allowed": "This address knows other methods.",
    }
    ours = ServiceError(code, message.get(code, str(error.detail)))
    return error_response(request.state.request_id, ours, error.status_code, error.headers)


async def on_database_error(request: Request, error: Exception) -> JSONResponse:
    """The catalog's database: away, being restarted, or busy for too long."""
    log.warning("the catalog's database did not answer: %s", type(getattr(error, "orig", error)).__name__)
    ours = ServiceError("unavailable", "The database does not answer right now.", "Try again in a moment.")
    return error_response(request.state.request_id, ours)


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """Input that does not fit the model: each problem with its place, never the value itself."""
    assert isinstance(error, RequestValidationError)
    problems = [
        {"at": ".".join(str(part) for part in each["loc"]), "problem": each["msg"]} for each in error.errors()[:20]
    ]
    first = problems[0] if problems else {"at": "", "problem": "unusable"}
    ours = ServiceError("validation", f"{first['at']}: {first['problem']}", details={"problems": problems})
    return error_response(request.state.request_id, ours)
