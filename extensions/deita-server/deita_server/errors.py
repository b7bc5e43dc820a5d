"""Every error that leaves the data plane: its code, its status, its shape.

Managers and the engine raise an error with a stable `code`; the table below gives it a status. The engine's errors have
the same fields, so nothing in between translates them.
"""

from __future__ import annotations

from typing import Any

from deita_engine.shapes import EngineError

STATUS: dict[str, int] = {
    # what was sent
    "bad_request": 400,
    "bad_name": 400,
    "bad_cursor": 400,
    "unsupported_format": 400,
    "query_syntax": 400,
    "query_binding": 400,
    "query_failed": 400,
    "multiple_statements": 400,
    "column_mismatch": 400,
    "bad_recipe": 400,
    "bad_parameter": 400,
    # who sent it
    "unauthorized": 401,
    "forbidden": 403,
    "write_mode_required": 403,
    "not_allowed": 403,
    "read_only": 403,
    "connection_host_refused": 403,
    # what it is about
    "not_found": 404,
    "file_not_found": 404,
    "upload_not_found": 404,
    "import_not_found": 404,
    "query_not_found": 404,
    "saved_query_not_found": 404,
    "table_not_found": 404,
    "version_not_found": 404,
    "connection_not_found": 404,
    "connection_table_not_found": 404,
    "method_not_allowed": 405,
    "preview_timeout": 408,
    "query_timeout": 408,
    "connection_timeout": 408,
    "conflict": 409,
    "file_exists": 409,
    "offset_mismatch": 409,
    "table_exists": 409,
    "query_exists": 409,
    "saved_query_exists": 409,
    "saved_query_changed": 409,
    "no_result": 409,
    "nothing_to_undo": 409,
    "table_changed_since": 409,
    "not_repeatable": 409,
    "query_cancelled": 409,
    "import_cancelled": 409,
    "import_state": 409,
    "idempotency_key_reused": 409,
    "result_expired": 410,
    "version_expired": 410,
    "upload_expired": 410,
    "tus_version": 412,
    "too_large": 413,
    "result_too_large": 413,
    "connection_result_too_large": 413,
    "connection_row_too_large": 413,
    "quota_exceeded": 413,
    "unsupported_media_type": 415,
    "bad_range": 416,
    "file_empty": 422,
    "file_binary": 422,
    "file_unreadable": 422,
    "table_unreadable": 422,
    "sha256_mismatch": 422,
    "line_too_long": 422,
    "file_encrypted": 422,
    "archive_nested": 422,
    "archive_too_large": 422,
    "connection_login_refused": 422,
    "connection_no_database": 422,
    "connection_denied": 422,
    "connection_read_only": 422,
    "connection_query_refused": 422,
    "connection_query_failed": 422,
    "connection_value": 422,
    "connection_sealed": 422,
    "upload_locked": 423,
    "too_many_queries": 429,
    "too_many_imports": 429,
    "too_many_previews": 429,
    "too_many_uploads": 429,
    "too_many_readers": 429,
    "checksum_mismatch": 460,
    # what happened to us
    "internal": 500,
    "connection_unreachable": 502,
    "connection_tls": 502,
    "connection_failed": 502,
    "connection_lost": 502,
    "connection_busy": 503,
    "control_plane_unavailable": 503,
    "hub_unavailable": 503,
    "interrupted": 503,
    "storage_unavailable": 503,
    "engine_lost": 503,
    "workspace_busy": 503,
    "workspace_outdated": 503,
    "unhealthy": 503,
    "no_space": 507,
    "out_of_memory": 507,
}

# Seconds until a retry makes sense; sent as Retry-After.
RETRY_AFTER: dict[str, int] = {
    "too_many_queries": 1,
    "too_many_imports": 5,
    "too_many_previews": 1,
    "too_many_uploads": 60,
    "too_many_readers": 5,
    "connection_busy": 5,
    "control_plane_unavailable": 5,
    "hub_unavailable": 2,
    "upload_locked": 1,
    "workspace_busy": 2,
    "workspace_outdated": 5,
    "engine_lost": 1,
    "storage_unavailable": 5,
    "interrupted": 1,
}

HTTP_CODES: dict[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    503: "hub_unavailable",
}


class DeitaError(Exception):
    """An error that a person can act on. The message holds no path, no secret and no stack."""

    def __init__(self, code: str, message: str, hint: str | None = None, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.details = code, message, hint, details or {}


KnownError = DeitaError | EngineError


def status_of(code: str) -> int:
    """Return the HTTP status of an error code; one that nobody listed is our own fault."""
    return STATUS.get(code, 500)


def body_of(error: KnownError, request_id: str) -> dict[str, Any]:
    """Return the one shape that every error has."""
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "details": error.details,
        "request_id": request_id,
    }


def embedded(error: KnownError, request_id: str) -> dict[str, Any]:
    """Return the error as it stands inside a query or an import that failed: the one shape and its status."""
    return {**body_of(error, request_id), "status": status_of(error.code)}


def bad_field(field: str, message: str) -> DeitaError:
    """Return the error for one field of the input that cannot be used."""
    return DeitaError("bad_request", f"{field}: {message}", details={"fields": [{"field": field, "message": message}]})
