"""The OpenAPI document, made from the operations and the models that validate; imported when asked for."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from . import __version__
from .operations import Model, Operation
from .services.connections.operations import OPERATIONS as CONNECTIONS
from .services.files.operations import OPERATIONS as FILES
from .services.health.operations import OPERATIONS as HEALTH
from .services.imports.operations import OPERATIONS as IMPORTS
from .services.lineage.operations import OPERATIONS as LINEAGE
from .services.queries.operations import OPERATIONS as QUERIES
from .services.receipts.operations import OPERATIONS as RECEIPTS
from .services.saved_queries.operations import OPERATIONS as SAVED_QUERIES
from .services.statements.operations import OPERATIONS as STATEMENTS
from .services.tables.operations import OPERATIONS as TABLES
from .services.undo.operations import OPERATIONS as UNDO
from .services.uploads.operations import OPERATIONS as UPLOADS
from .services.workspace.operations import OPERATIONS as WORKSPACE

DOCUMENTATION = [
    Operation("get", "/openapi.json", "Read this document", {200: ("application/json",)}),
    Operation("get", "/docs", "Read it as a page", {200: ("text/html",)}),
    Operation(
        "get", "/notebook/{asset}", "What outputs of notebooks load", {200: ("text/javascript",)}, refuses=(404,)
    ),
    Operation("get", "/docs/{asset}", "A part of that page", {200: ("text/css", "text/javascript")}, refuses=(404,)),
]
OPERATIONS = [
    *HEALTH,
    *WORKSPACE,
    *FILES,
    *UPLOADS,
    *IMPORTS,
    *CONNECTIONS,
    *TABLES,
    *STATEMENTS,
    *QUERIES,
    *LINEAGE,
    *RECEIPTS,
    *UNDO,
    *SAVED_QUERIES,
    *DOCUMENTATION,
]
ALWAYS_REFUSES = (400, 401, 403)
REFERENCE = "#/components/schemas/{model}"


class Error(BaseModel):
    """What went wrong; every error of every operation has this shape."""

    code: str
    message: str
    hint: str | None
    details: dict[str, Any]
    request_id: str


def document(server_url: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a data plane at `server_url`."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Deita data plane", "version": __version__},
        "servers": [{"url": server_url}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """References to the models' schemas, and the schemas."""

    def __init__(self) -> None:
        wanted: dict[tuple[Model, Literal["validation", "serialization"]], None] = {(Error, "serialization"): None}
        for operation in OPERATIONS:
            if model := _taken(operation):
                wanted[model, "validation"] = None
            for answer in operation.answers.values():
                for part in answer if isinstance(answer, tuple) else (answer,):
                    if part is not None and not isinstance(part, str):
                        wanted[part, "serialization"] = None
        self._references, schema = models_json_schema(list(wanted), ref_template=REFERENCE)
        self.definitions: dict[str, Any] = schema["$defs"]

    def taken(self, model: Model) -> dict[str, Any]:
        """Return the reference to a model as it comes in."""
        return self._references[model, "validation"]

    def sent(self, model: Model) -> dict[str, Any]:
        """Return the reference to a model as it goes out."""
        return self._references[model, "serialization"]


def _described(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": _operation_id(operation),
        "tags": [operation.path.split("/")[1]],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation)],
        "responses": _responses(operation, schemas),
    }
    if operation.takes is bytes:
        described["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    elif isinstance(operation.takes, str):
        described["requestBody"] = {"required": False, "content": {operation.takes: {}}}
    elif model := _taken(operation):
        content = {"application/json": {"schema": schemas.taken(model)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _taken(operation: Operation) -> Model | None:
    takes = operation.takes
    return takes if isinstance(takes, type) and issubclass(takes, BaseModel) else None


def _operation_id(operation: Operation) -> str:
    return operation.method + re.sub(r"\W+", "_", operation.path.replace("}", "")).rstrip("_")


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)\}", operation.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if not operation.query:
        return []
    properties = operation.query.model_json_schema()["properties"]
    return [
        {"name": name, "in": "query", "required": False, "description": schema.pop("description", ""), "schema": schema}
        for name, schema in properties.items()
    ]


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in operation.headers.items()
    ]


def _responses(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answer in operation.answers.items():
        responses[str(status)] = {"description": operation.summary, "content": _content(answer, schemas)}
    error = {"application/json": {"schema": schemas.sent(Error)}}
    for status in sorted({*ALWAYS_REFUSES, *operation.refuses}):
        responses[str(status)] = {"description": "Refused", "content": error}
    responses["default"] = {"description": "Failed", "content": error}
    return responses


def _content(answer: Model | tuple[Model | str, ...] | None, schemas: _Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for part in answer if isinstance(answer, tuple) else (answer,):
        if isinstance(part, str):
            content[part] = {}
        elif part is not None:
            content["application/json"] = {"schema": schemas.sent(part)}
    return content
