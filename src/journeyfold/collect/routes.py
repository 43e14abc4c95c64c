"""Which paths are the door's, and what each is (collect C01 to C04). Pure.

One trailing slash is allowed; nothing is decoded, folded or cleaned, so a path is either exactly
one of these or not ours.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from journeyfold.collect.snippet import is_script

Action = Literal[
    "single", "batch", "pixel", "settings", "source_config", "hook", "validate", "script"
]

_TYPES = {"identify": "i", "track": "t", "page": "p", "screen": "s", "group": "g", "alias": "a"}
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}", re.ASCII)


class Route(msgspec.Struct, frozen=True):
    """`argument`: the type of a single or pixel, the source of a hook, the key of settings."""

    action: Action
    argument: str = ""
    methods: tuple[str, ...] = ("POST",)
    key_in_query: bool = False


_FIXED: dict[str, Route] = {
    "/v1/batch": Route("batch"),
    "/v1/import": Route("batch"),
    "/v1/b": Route("batch"),
    "/beacon/v1/batch": Route("batch", key_in_query=True),
    "/v1/validate": Route("validate"),
    "/sourceConfig": Route("source_config", methods=("GET",), key_in_query=True),
}
for _name, _short in _TYPES.items():
    _FIXED[f"/v1/{_name}"] = _FIXED[f"/v1/{_short}"] = Route("single", _name)
    _FIXED[f"/v1/pixel/{_name}"] = Route("pixel", _name, ("GET",), key_in_query=True)
for _name in ("page", "track"):
    _FIXED[f"/pixel/v1/{_name}"] = Route("pixel", _name, ("GET",), key_in_query=True)


def route_of(path: str) -> Route | None:
    """The route of a path, or None: not the door's."""
    if (exact := _FIXED.get(path)) is not None:
        return exact
    if len(path) > 1 and path.endswith("/"):
        path = path[:-1]
        if (slashed := _FIXED.get(path)) is not None:
            return slashed
    if path.startswith("/hooks/"):  # whatever stands there is no page of the console's
        return Route("hook", path[7:], ("POST", "GET"))
    if path.startswith("/v1/projects/") and path.endswith("/settings"):
        key = path[13:-9]
        return Route("settings", key, ("GET",)) if _NAME.fullmatch(key) else None
    if is_script(path):
        return Route("script", path, ("GET", "HEAD"))
    return None
