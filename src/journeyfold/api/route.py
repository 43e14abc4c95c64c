"""From a path to an operation: fixed paths by a dictionary, others segment by segment.

Parameters are one percent-decoded segment each; nothing is folded or cleaned, so a path is either
exactly one of ours or not ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

import msgspec

from journeyfold.api.operation import Operation

SEGMENT_MAX = 512


class Route(msgspec.Struct, frozen=True):
    """The operations of one path, and the values of its parameters."""

    by_method: dict[str, Operation]
    values: dict[str, str] = {}

    @property
    def is_public(self) -> bool:
        return any(operation.is_public for operation in self.by_method.values())

    @property
    def allow(self) -> str:
        methods = [*self.by_method, *(["OPTIONS"] if self.is_public else [])]
        return ", ".join(methods)


class Routes:
    def __init__(self, operations: Iterable[Operation]) -> None:
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        self._fixed = {path: Route(found) for path, found in by_path.items() if "{" not in path}
        self._patterns = [
            (path.split("/"), found) for path, found in by_path.items() if "{" in path
        ]

    def find(self, path: str) -> Route | None:
        """The route of a raw path; fixed paths win over parameters."""
        if (fixed := self._fixed.get(path)) is not None:
            return fixed
        parts = path.split("/")
        for pattern, by_method in self._patterns:
            values = _matched(pattern, parts)
            if values is not None:
                return Route(by_method, values)
        return None


def _matched(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    values: dict[str, str] = {}
    for wanted, part in zip(pattern, parts, strict=True):
        if not wanted.startswith("{"):
            if wanted != part:
                return None
            continue
        value = _decoded(part)
        if value is None:
            return None
        values[wanted[1:-1]] = value
    return values


def _decoded(part: str) -> str | None:
    try:
        value = unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        return None
    is_plain = value and len(value) <= SEGMENT_MAX and "/" not in value and "\x00" not in value
    return value if is_plain else None
