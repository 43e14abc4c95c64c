"""An Avro schema as a JSON Schema (quality, Avro import). Pure.

What is described is the event as it arrives here: instants as RFC 3339 texts, bytes as base64,
decimals as numbers. Named types become `$defs`, so a type may lead into itself. A field with a
default may be missing; every other one is required.
"""

from __future__ import annotations

import re

import msgspec

from journeyfold.core.event import Json

_PLAIN: dict[str, dict[str, Json]] = {
    "null": {"type": "null"},
    "boolean": {"type": "boolean"},
    "int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "long": {"type": "integer"},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "string": {"type": "string"},
}
_LOGICAL: dict[str, dict[str, Json]] = {
    "timestamp-millis": {"type": "string", "format": "date-time"},
    "timestamp-micros": {"type": "string", "format": "date-time"},
    "local-timestamp-millis": {"type": "string"},
    "local-timestamp-micros": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "time-millis": {"type": "string"},
    "time-micros": {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"},
    "decimal": {"type": "number"},
}
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\W]+")
DEPTH_MAX = 32


class AvroSchemaError(ValueError):
    """The text is no Avro schema of a record; says where and why."""


def from_avro(text: str, name: str = "", type_: str = "track") -> dict[str, Json]:
    """A schema of one event; `name` is the event's, else made from the record's name.

    Raises AvroSchemaError with one sentence.
    """
    try:
        given: Json = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise AvroSchemaError(f"this is no JSON: {error}") from None
    if not isinstance(given, dict) or given.get("type") != "record":
        raise AvroSchemaError("the outermost type must be a record")
    reading = _Reading()
    body = reading.record(given, "", "", 0)
    title = name or " ".join(part for part in _WORD.split(str(given.get("name", ""))) if part)
    document: dict[str, Json] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **({"description": given["doc"]} if isinstance(given.get("doc"), str) else {}),
        "x-journeyfold": {"type": type_, "owner": "", "purposes": []},
        **{key: value for key, value in body.items() if key != "description"},
    }
    own = reading.full_name(given, "")
    if own in reading.used:
        reading.definitions[own] = body
    kept = {key: value for key, value in reading.definitions.items() if key in reading.used}
    if kept:
        document["$defs"] = kept
    return document


class _Reading:
    """One reading: named types as they are met."""

    def __init__(self) -> None:
        self.definitions: dict[str, Json] = {}
        self.used: set[str] = set()

    def full_name(self, given: dict[str, Json], space: str) -> str:
        name = str(given.get("name", ""))
        space = str(given.get("namespace", space) or "")
        return name if "." in name or not space else f"{space}.{name}"

    def record(self, given: dict[str, Json], space: str, at: str, depth: int) -> dict[str, Json]:
        name = self.full_name(given, space)
        if not given.get("name"):
            raise AvroSchemaError(f"{at or '/'}: a record needs a name")
        self.definitions.setdefault(name, True)  # it may lead into itself
        fields = given.get("fields")
        if not isinstance(fields, list):
            raise AvroSchemaError(f"{at or '/'}: a record needs `fields`, a list")
        inner = name.rpartition(".")[0]
        properties: dict[str, Json] = {}
        required: list[Json] = []
        for each in fields:
            if not isinstance(each, dict) or not isinstance(each.get("name"), str):
                raise AvroSchemaError(f"{at or '/'}: a field needs a name and a type")
            field = str(each["name"])
            made = self.type(each.get("type"), inner, f"{at}/{field}", depth + 1)
            if isinstance(each.get("doc"), str):
                made = {**made, "description": each["doc"]}
            properties[field] = made
            if "default" not in each:
                required.append(field)
        found: dict[str, Json] = {"type": "object", "properties": properties}
        if isinstance(given.get("doc"), str):
            found["description"] = given["doc"]
        if required:
            found["required"] = required
        return found

    def type(self, given: Json, space: str, at: str, depth: int) -> dict[str, Json]:
        if depth > DEPTH_MAX:
            raise AvroSchemaError(f"{at}: more than {DEPTH_MAX} levels")
        if isinstance(given, list):
            return self._union(given, space, at, depth)
        if isinstance(given, str):
            return self._named(given, space, at)
        if not isinstance(given, dict):
            raise AvroSchemaError(f"{at}: a type is a name, a list or an object")
        logical = _LOGICAL.get(str(given.get("logicalType", "")))
        return dict(logical) if logical else self._complex(given, space, at, depth)

    def _complex(self, given: dict[str, Json], space: str, at: str, depth: int) -> dict[str, Json]:
        match given.get("type"):
            case "record" | "error":
                name = self.full_name(given, space)
                self.definitions[name] = self.record(given, space, at, depth)
                return self._reference(name)
            case "enum":
                name = self.full_name(given, space)
                symbols = given.get("symbols")
                if not isinstance(symbols, list) or not symbols:
                    raise AvroSchemaError(f"{at}: an enum needs `symbols`")
                self.definitions[name] = {"type": "string", "enum": symbols}
                return self._reference(name)
            case "fixed":
                self.definitions[self.full_name(given, space)] = dict(_PLAIN["bytes"])
                return dict(_PLAIN["bytes"])
            case "array":
                items = self.type(given.get("items"), space, f"{at}/-", depth + 1)
                return {"type": "array", "items": items}
            case "map":
                values = self.type(given.get("values"), space, f"{at}/*", depth + 1)
                return {"type": "object", "additionalProperties": values}
            case inner:
                return self.type(inner, space, at, depth + 1)

    def _union(self, given: list[Json], space: str, at: str, depth: int) -> dict[str, Json]:
        made = [self.type(each, space, at, depth + 1) for each in given]
        simple = [each["type"] for each in made if set(each) == {"type"}]
        if len(simple) == len(made):
            return dict(made[0]) if len(made) == 1 else {"type": simple}
        others = [each for each in made if each != {"type": "null"}]
        if len(others) == 1 and len(made) == 2 and isinstance(others[0].get("type"), str):
            return (
                {**others[0], "type": [others[0]["type"], "null"]}
                if ("enum" not in others[0])
                else {"anyOf": list[Json](made)}
            )
        return {"anyOf": list[Json](made)}

    def _named(self, given: str, space: str, at: str) -> dict[str, Json]:
        if given in _PLAIN:
            return dict(_PLAIN[given])
        for name in (given if "." in given else f"{space}.{given}", given):
            if name.strip(".") in self.definitions:
                return self._reference(name.strip("."))
        raise AvroSchemaError(f"{at}: unknown type '{given}'")

    def _reference(self, name: str) -> dict[str, Json]:
        self.used.add(name)
        return {"$ref": f"#/$defs/{name}"}
