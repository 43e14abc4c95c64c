"""The OpenAPI 3.1 document, made from the operations and their structs.

The door's own routes stand in `openapi_door`. `document()` is also the reference in `docs/`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from journeyfold import __version__
from journeyfold.api.errors import ErrorBody
from journeyfold.api.openapi_door import door_paths
from journeyfold.api.operation import Operation
from journeyfold.api.wire import Taken

REFS = "#/components/schemas/{name}"
ERRORS = {
    400: "The request is not what this operation takes; `pointer` says where.",
    401: "No live key.",
    403: "The key may not do this, not here, or not for this subject.",
    404: "There is no such thing.",
    405: "Not with this method.",
    408: "The body came too slowly.",
    409: "The same id was used for something else.",
    413: "The body is too large.",
    415: "Not JSON, or an encoding other than gzip.",
    422: "The text is no schema, or the version is none.",
    429: "More than this key may send; come back after Retry-After seconds.",
    503: "Busy; come back after Retry-After seconds.",
}
_PARAMETER = re.compile(r"\{(\w+)\}")


class Message(msgspec.Struct):
    """One message as Segment's clients send it; any further member is taken, too."""

    userId: Annotated[str, Meta(max_length=512)] = ""  # noqa: N815 - the wire's name
    anonymousId: Annotated[str, Meta(max_length=512)] = ""  # noqa: N815 - one of the two is needed
    messageId: Annotated[str, Meta(max_length=100)] = ""  # noqa: N815 - what makes a retry safe
    type: str = ""
    event: str = ""
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}


class Batch(msgspec.Struct):
    batch: Annotated[list[Message], Meta(min_length=1, max_length=2500)]


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document as plain values."""
    shapes: list[Any] = [ErrorBody, Taken, Message, Batch]
    for operation in operations:
        shapes += [each for each in (operation.reply, operation.body) if each not in {None, dict}]
    unique = list(dict.fromkeys(shapes))
    schemas, components = msgspec.json.schema_components(
        unique, schema_hook=_anything, ref_template=REFS
    )
    named = dict(zip(unique, schemas, strict=True))
    paths: dict[str, Any] = {}
    for operation in operations:
        described = _operation(operation, named)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "journeyfold",
            "version": __version__,
            "description": "Collect events, read people, decide. Errors have one form.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths
        | door_paths(
            named[Message], named[Batch], named[Taken], lambda each: _bad(set(each), named)
        ),
        "components": {"schemas": components, "securitySchemes": _SECURITY},
    }


_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A server or write key."},
    "basic": {"type": "http", "scheme": "basic", "description": "A key as the user name."},
    "writeKey": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
}


def _anything(_type: type) -> dict[str, Any]:
    """Any JSON value: what `Json` is at run time."""
    return {"description": "any JSON value"}


def _operation(operation: Operation, named: dict[Any, Any]) -> dict[str, Any]:
    statuses = {405, *operation.statuses}
    if operation.scope:
        statuses |= {401, 403, 429}
    if operation.query is not None:
        statuses.add(400)
    if operation.body is not None:
        statuses |= {400, 408, 413, 415}
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": [*_in_path(operation.path), *_in_query(operation.query)],
        "responses": {"200": _good(operation, named), **_bad(statuses, named)},
        "security": _security(operation),
    }
    if operation.scope:
        described["description"] = f"Scope `{operation.scope}`" + (
            ", or a write key for its own anonymous_id." if operation.is_public else "."
        )
    if operation.body is not None:
        described["requestBody"] = _json(named[operation.body]) | {
            "required": not operation.is_body_optional
        }
    return described


def _good(operation: Operation, named: dict[Any, Any]) -> dict[str, Any]:
    if operation.is_stream:
        return {"description": "A stream.", "content": {"text/event-stream": {"schema": {}}}}
    shape = {"type": "object"} if operation.reply is dict else named[operation.reply]
    return {"description": "Done.", **_json(shape)}


def _bad(statuses: set[int], named: dict[Any, Any]) -> dict[str, Any]:
    return {
        str(status): {"description": ERRORS[status], **_json(named[ErrorBody])}
        for status in sorted(statuses)
    }


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if not operation.scope:
        return []
    keys: list[dict[str, list[str]]] = [{"bearer": []}, {"basic": []}]
    return [*keys, {"writeKey": []}] if operation.is_public else keys


def _in_path(path: str) -> list[dict[str, Any]]:
    shape = {"type": "string", "minLength": 1, "maxLength": 256}
    return [
        {"name": name, "in": "path", "required": True, "schema": shape}
        for name in _PARAMETER.findall(path)
    ]


def _in_query(query: type | None) -> list[dict[str, Any]]:
    """One parameter a field, optional as the field is; absent stands for null."""
    if query is None:
        return []
    parameters = []
    for field in msgspec.structs.fields(query):
        schema = msgspec.json.schema(field.type, schema_hook=_anything)
        options = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
        shape = options[0] if len(options) == 1 else schema
        parameters.append({"name": field.encode_name, "in": "query", "schema": shape})
    return parameters


def _json(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
