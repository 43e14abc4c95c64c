"""docs/reference/openapi.json and http-api.md, written from the operations themselves.

`python -m journeyfold.api.reference docs/reference` writes both; a test keeps them current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from journeyfold.api.openapi import document
from journeyfold.api.operations import OPERATIONS

_HEAD = """\
# HTTP interface

Made by `python -m journeyfold.api.reference docs/reference` from [openapi.json](openapi.json),
which a running server has at `/openapi.json`. Keys go into `Authorization` (Bearer, or Basic as
the user name) or `X-Write-Key`. Codes of refusals: [error codes](error-codes.md).

Beside these, without a key: `GET /healthz`, `GET /readyz`, `GET /metrics`. For pages and
vendors: `GET /v1/pixel/{track,page,…}`, `GET /js/jf.js`, `POST /hooks/{source}`,
`GET /v1/projects/{key}/settings`, `GET /sourceConfig`, `POST /v1/validate` (says what would become
of a message, and stores nothing).
"""


def openapi_text() -> bytes:
    return msgspec.json.format(msgspec.json.encode(document(OPERATIONS)), indent=2) + b"\n"


def page() -> str:
    """The whole page: one section an operation, fields of what goes in and comes out."""
    told = document(OPERATIONS)
    components = told["components"]["schemas"]
    sections = [_HEAD]
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            sections.append("\n".join(_section(path, method.upper(), operation, components)))
    return "\n".join(sections)


def _section(
    path: str, method: str, operation: Mapping[str, Any], components: Mapping[str, Any]
) -> Iterator[str]:
    yield f"## {method} {path}\n"
    yield f"{operation['summary']} {operation.get('description', '')}".strip() + "\n"
    parameters = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    if parameters:
        yield "Query: " + ", ".join(f"`{name}`" for name in parameters) + ".\n"
    if body := _shape(operation.get("requestBody", {}), components):
        yield f"Body: {body}.\n"
    if reply := _shape(operation["responses"]["200"], components):
        yield f"Reply: {reply}.\n"
    refused = [status for status in operation["responses"] if status != "200"]
    if refused:
        yield f"Refusals: {', '.join(refused)}.\n"


def _shape(place: Mapping[str, Any], components: Mapping[str, Any]) -> str:
    """The members of a JSON object; those that may be absent in brackets."""
    schema = place.get("content", {}).get("application/json", {}).get("schema", {})
    named = components.get(schema.get("$ref", "").rpartition("/")[2], schema)
    needed = set(named.get("required", ()))
    return ", ".join(
        f"`{name}`" if name in needed else f"[`{name}`]" for name in named.get("properties", ())
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "openapi.json").write_bytes(openapi_text())
    (folder / "http-api.md").write_text(page(), encoding="utf-8")
