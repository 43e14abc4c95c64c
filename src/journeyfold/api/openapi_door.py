"""The door's own routes in the OpenAPI document: Segment's names, and what watches the process.

They are described as openly as the door takes them: a message may hold any further member, and the
fate of each message stands in the reply, not in its status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Described = dict[str, Any]
Bad = Callable[[Iterable[int]], Described]
"""Error responses for these statuses."""

_TYPES = {"identify": "i", "track": "t", "page": "p", "screen": "s", "group": "g", "alias": "a"}
_POST = (400, 401, 403, 405, 408, 413, 415, 429, 503)
_GET = (401, 403, 405)
_KEYS: list[dict[str, list[str]]] = [{"basic": []}, {"bearer": []}, {"writeKey": []}]
_TAKEN = "Taken; counts say what became of it. A 200 means durable."


def door_paths(message: Described, batch: Described, taken: Described, bad: Bad) -> Described:
    """Every path of `collect.routes`, and health; the shapes are references."""
    answers = {"200": _json(_TAKEN, taken), **bad(_POST)}
    paths: Described = {}
    for name, short in _TYPES.items():
        for path in (name, short):
            said = f"Collect: {name}." if path == name else f"The short form of /v1/{name}."
            paths[f"/v1/{path}"] = {"post": _sent(path, said, message, answers)}
    for path in ("batch", "import", "b"):
        paths[f"/v1/{path}"] = {"post": _sent(path, "Collect: many messages.", batch, answers)}
    beacon = _sent("beacon", "Collect: many messages as a page closes.", batch, answers)
    paths["/beacon/v1/batch"] = {"post": beacon | {"parameters": [_write_key()]}}
    fate = {"200": _json("What would become of it.", {"type": "object"}), **bad(_POST)}
    paths["/v1/validate"] = {"post": _sent("validate", "Try one message.", message, fate)}
    for name in _TYPES:
        paths[f"/v1/pixel/{name}"] = {"get": _pixel(f"pixel_{name}", bad)}
    for name in ("page", "track"):
        paths[f"/pixel/v1/{name}"] = {"get": _pixel(f"pixel_of_{name}", bad)}
    return paths | _bootstrap(bad) | _hook(taken, bad) | _health(bad)


def _sent(name: str, summary: str, shape: Described, answers: Described) -> Described:
    return {
        "operationId": f"collect_{name}",
        "summary": summary,
        "requestBody": {"content": {"application/json": {"schema": shape}}, "required": True},
        "responses": answers,
        "security": _KEYS,
    }


def _pixel(name: str, bad: Bad) -> Described:
    picture = {"description": "A picture, always; `X-Result` says the fate.", "content": {}}
    picture["content"] = {"image/gif": {"schema": {}}}
    data = {
        "name": "data", "in": "query", "schema": {"type": "string", "maxLength": 4096},
        "description": "The message as base64 JSON; or its members as query parameters.",
    }  # fmt: skip
    return {
        "operationId": name,
        "summary": "Collect from where no script runs, as in mail.",
        "parameters": [_write_key(), data],
        "responses": {"200": picture, **bad((405,))},
    }


def _bootstrap(bad: Bad) -> Described:
    key = {
        "name": "key", "in": "path", "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,200}$"},
    }  # fmt: skip
    settings = _json("Settings of Segment's browser library.", {"type": "object"})
    config = _json("Settings of RudderStack's browser library.", {"type": "object"})
    return {
        "/v1/projects/{key}/settings": {
            "get": {
                "operationId": "client_settings",
                "summary": "What a client asks for before it sends.",
                "parameters": [key],
                "responses": {"200": settings, **bad((*_GET, 404))},
            }
        },
        "/sourceConfig": {
            "get": {
                "operationId": "client_source_config",
                "summary": "What a client asks for before it sends.",
                "parameters": [_write_key()],
                "responses": {"200": config, **bad(_GET)},
            }
        },
    }


def _hook(taken: Described, bad: Bad) -> Described:
    source = {
        "name": "source", "in": "path", "required": True,
        "schema": {"type": "string", "pattern": "^[a-z0-9_-]{1,200}$"},
    }  # fmt: skip
    return {
        "/hooks/{source}": {
            "post": {
                "operationId": "hook",
                "summary": "A vendor's delivery, verified by its signature.",
                "parameters": [source],
                "requestBody": {"content": {"application/json": {"schema": {}}}, "required": True},
                "responses": {"200": _json(_TAKEN, taken), **bad((*_POST, 404))},
            }
        }
    }


def _health(bad: Bad) -> Described:
    ready = _json("Whether it should get traffic, and why not.", {"type": "object"})
    return {
        "/healthz": {"get": _watched("healthz", "Does the process live?", {"200": ready})},
        "/readyz": {
            "get": _watched("readyz", "Should it get traffic?", {"200": ready, "503": ready})
        },
        "/metrics": {
            "get": _watched(
                "metrics",
                "Figures in the Prometheus text format; off this machine, for a server key.",
                {
                    "200": {"description": "Text.", "content": {"text/plain": {"schema": {}}}},
                    **bad((401,)),
                },
            )
        },
    }


def _watched(name: str, summary: str, responses: Described) -> Described:
    return {"operationId": name, "summary": summary, "responses": responses}


def _write_key() -> Described:
    return {
        "name": "writeKey", "in": "query", "schema": {"type": "string", "maxLength": 200},
        "description": "A write key; a server key in an address is refused.",
    }  # fmt: skip


def _json(description: str, schema: Described) -> Described:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
