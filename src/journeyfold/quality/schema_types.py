"""JSON Schema types as types of the condition language (segments C5, C6). Pure.

What a schema leaves open, or declares as a union, is `any`: conditions then say `as_int(x)` and the
like. `null` beside a type changes nothing, because every type is nullable.
"""

from __future__ import annotations

from collections.abc import Mapping

from journeyfold.core.event import Json

_PLAIN = {"boolean": "bool", "integer": "int", "number": "float", "object": "object"}
_DEPTH = 8  # conditions reach no deeper


def types_of(schema: Mapping[str, Json]) -> dict[str, str]:
    """Dotted path → type, for every declared property and, below it, for members and list items."""
    found: dict[str, str] = {}
    _collect(schema, "", found, 0)
    return found


def type_of(schema: Json) -> str:
    """`string`, `list[object]`, `timestamp` … or `any`."""
    if not isinstance(schema, Mapping):
        return "any"
    declared = schema.get("type")
    names = [declared] if isinstance(declared, str) else declared
    if not isinstance(names, list):
        return _type_of_values(schema)
    solid = [name for name in names if name != "null"]
    if sorted(map(str, solid)) == ["integer", "number"]:
        return "float"
    if len(solid) != 1:
        return "any"
    if solid[0] == "string":
        return "timestamp" if schema.get("format") == "date-time" else "string"
    if solid[0] == "array":
        return f"list[{type_of(schema.get('items'))}]"
    return _PLAIN.get(str(solid[0]), "any")


def _type_of_values(schema: Mapping[str, Json]) -> str:
    """An `enum` or `const` without a type still has one if its values agree."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if not isinstance(values, list):
        return "any"
    kinds = {type(value) for value in values if value is not None}
    names = {str: "string", int: "int", float: "float", bool: "bool"}
    return names.get(kinds.pop(), "any") if len(kinds) == 1 else "any"


def _collect(schema: Mapping[str, Json], prefix: str, found: dict[str, str], depth: int) -> None:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or depth > _DEPTH:
        return
    for name, below in properties.items():
        path = prefix + name
        found[path] = type_of(below)
        if isinstance(below, Mapping):
            _collect(below, f"{path}.", found, depth + 1)
            if isinstance(items := below.get("items"), Mapping):
                _collect(items, f"{path}[].", found, depth + 1)
