"""The types of the condition language and what a condition may name (segments C4-C6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from journeyfold.core.event import Json

if TYPE_CHECKING:
    from journeyfold.core.condition_typed import Expr

TypeName = Literal[
    "bool", "int", "float", "string", "timestamp", "duration", "list", "object", "any", "null"
]
ConditionPlace = Literal[
    "segment",  # a stored segment or a report filter
    "contextual",  # an offer, a contextual segment, a placement: `context` is there
    "lifecycle",  # a stage; folds before membership
    "feature",
    "where",  # decided when the event arrives
    "record",  # where one record is handled: `properties` and `event` are there
    "step",  # a running instance of a journey: `entry` and `vars` are there
    "step_record",  # the same, where one record is handled
    "mapping",  # a source's columns: `row` and `rows`
    "quality",  # a rule about one event or row: `properties`, `traits`, `event` or `row`
]


class Type(msgspec.Struct, frozen=True):
    """A nullable type. `fields` of an object are its declared keys; None means any key."""

    name: TypeName
    item: Type | None = None
    fields: tuple[tuple[str, Type], ...] | None = None

    def __str__(self) -> str:
        """As an author reads it; `[1, 2]` holds numbers, whatever becomes of them inside."""
        if self.item is None:
            return self.name
        return f"list of {'numbers' if self.item.name in NUMBERS else self.item}"

    def field(self, key: str) -> Type | None:
        """The type of one key, `any` in an open object, None when it is not declared."""
        if self.name == "any" or (self.name == "object" and self.fields is None):
            return ANY
        return next((kind for name, kind in self.fields or () if name == key), None)

    def keys(self) -> list[str]:
        return [name for name, _ in self.fields or ()]


BOOL, INT, FLOAT, STRING = Type("bool"), Type("int"), Type("float"), Type("string")
TIMESTAMP, DURATION, ANY, NULL = Type("timestamp"), Type("duration"), Type("any"), Type("null")
NUMBERS = ("int", "float")


def list_of(item: Type) -> Type:
    return Type("list", item=item)


def object_of(fields: Mapping[str, Type]) -> Type:
    return Type("object", fields=tuple(sorted(fields.items())))


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The names in force where a condition stands.

    `contextual` holds the typed conditions of contextual segments, which are evaluated in place;
    `features` the typed values of features.yaml, also `NAME.prepared`, and `unprepared` why there
    is none, `levels` the trees of fields that are cleaned by
    a taxonomy (path → level → value → ancestor). In an `open` scope an undeclared trait or
    property has the type `any` and needs a cast.
    """

    place: ConditionPlace = "segment"
    traits: Type = Type("object", fields=())
    context: Type = Type("object", fields=())
    properties: Type = Type("object", fields=())
    row: Type = Type("object", fields=())
    entry: Type = Type("object", fields=())
    vars: Type = Type("object")
    events: Mapping[str, Type] = {}
    segments: frozenset[str] = frozenset()
    contextual: Mapping[str, Expr] = {}
    lifecycles: Mapping[str, tuple[str, ...]] = {}
    features: Mapping[str, Expr] = {}
    unprepared: Mapping[str, str] = {}
    models: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    levels: Mapping[tuple[str, ...], Mapping[int, Mapping[str, str]]] = {}
    open: bool = False
    retention_us: int | None = None


EVENT_TYPE = object_of(
    {
        "name": STRING,
        "source": STRING,
        "type": STRING,
        "id": STRING,
        "occurred": TIMESTAMP,
        "received": TIMESTAMP,
        "context": Type("object"),
        "properties": Type("object"),
    }
)

CONTEXT_TYPE = object_of(
    dict.fromkeys(
        ("page", "url", "device", "os", "browser", "locale", "timezone", "country"), STRING
    )
)
"""The built-in schema of a decision's context; placements extend it."""

_JSON_TYPES: dict[str, Type] = {
    "boolean": BOOL, "integer": INT, "number": FLOAT, "string": STRING, "null": NULL,
}  # fmt: skip
Schema: TypeAlias = Mapping[str, Json]


def type_of_schema(schema: Json) -> Type:
    """The type a JSON Schema declares; `any` where it leaves the type open (segments C6).

    `$ref`, `anyOf` and the like are unions to us. A date or date-time string is a timestamp.
    """
    if not isinstance(schema, dict):
        return ANY
    declared = schema.get("type")
    names = [declared] if isinstance(declared, str) else declared
    if not isinstance(names, list):
        return _type_of_values(schema)
    present = [name for name in names if name != "null" and isinstance(name, str)]
    if sorted(present) == ["integer", "number"]:
        return FLOAT
    if len(present) != 1:
        return ANY
    if present[0] == "string" and schema.get("format") in {"date-time", "date"}:
        return TIMESTAMP
    if present[0] == "array":
        return list_of(type_of_schema(schema.get("items")))
    if present[0] == "object":
        return _object_type(schema)
    return _JSON_TYPES.get(present[0], ANY)


def _object_type(schema: Schema) -> Type:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return Type("object")
    return object_of({key: type_of_schema(value) for key, value in properties.items()})


def _type_of_values(schema: Schema) -> Type:
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if not isinstance(values, list):
        return _object_type(schema) if "properties" in schema else ANY
    classes = {type(value) for value in values if value is not None}
    known = {bool: BOOL, int: INT, float: FLOAT, str: STRING}
    return known.get(classes.pop(), ANY) if len(classes) == 1 else ANY


def unify(left: Type, right: Type) -> Type:
    """The type of a value that is one or the other."""
    if left == right or right.name == "null":
        return left
    if left.name == "null":
        return right
    if left.name in NUMBERS and right.name in NUMBERS:
        return FLOAT
    return ANY
