"""A row's change to the message a client would have sent (collect C47). Pure.

`row` is the change: `op` (insert, update, delete, or snapshot for a row that was there before),
`schema`, `table`, `key`, `before`, `after`, `changed` (names of columns, null where it is not
known), `at` (when it was committed), `position`. A delete is a line of `map` that asks for
`row.op`, else an event of its own name that carries the table and the key; it erases nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from journeyfold.core.condition import Node, Path, children
from journeyfold.core.condition_parse import parse
from journeyfold.core.event import Json
from journeyfold.sources.columns import columns_used
from journeyfold.sources.inventory import Source
from journeyfold.sources.mapped import Mapped, Passed
from journeyfold.sources.mapping import Locate, MappingError, compile_mapping
from journeyfold.sources.payload import message_of
from journeyfold.sources.recipe import Branch, Field, Fields

COLUMNS = {
    "op": "string", "schema": "string", "table": "string", "key": "any", "before": "any",
    "after": "any", "changed": "names", "at": "timestamp", "position": "string",
}  # fmt: skip
ChangeMapping: TypeAlias = Callable[[object], "dict[str, Json] | Passed"]

_NO_CHANGE = Passed("quarantined", "unmapped", 1, 1, "it is no change of a row")
_AFTER = re.compile(r"""\brow(\.after\b|\[["']after["']\])""")
_OWN = re.compile(r"""row(?:\.after|\["after"\])(?:\.(\w+)|\["([^"\\]+)"\])""")


def change_mapping(source: Source, locate: Locate | None = None) -> ChangeMapping:
    """The mapping of a source of `kind: cdc`, compiled.

    Raises:
        ConditionError, MappingError: as `compile_mapping`.
    """
    written, deletes, gone = _written(source), *_deletes(source)
    usual = compile_mapping(written, COLUMNS, "", 0, locate)
    asked = compile_mapping(deletes, COLUMNS, "", 0, locate)
    otherwise = compile_mapping(gone, COLUMNS, "", 0, locate)
    traits = _own_columns(written.fields or Fields())

    def message(change: object) -> dict[str, Json] | Passed:
        if not isinstance(change, dict) or not {"op", "before", "after"} <= change.keys():
            return _NO_CHANGE  # as what is held of a row that was too large to be kept
        row = tuple(change.get(name) for name in COLUMNS)
        if change.get("op") != "delete":
            found = usual.map(1, [row])
        else:
            found = asked.map(1, [row]) if deletes.map else _NO_CHANGE
            if isinstance(found, Passed) and found.reason == "unmapped":
                found = otherwise.map(1, [row])
        if isinstance(found, Passed):
            return found
        assert isinstance(found, Mapped), "a change is no wire message"
        made = message_of(found.event, has_id=False, has_time=True)
        unset = _nulls(change.get("after"), traits)
        if unset and isinstance(context := made["context"], dict):
            context["unset"] = unset
        return made

    return message


def columns_read(source: Source) -> frozenset[str]:
    """Names of the table's columns that the mapping reads, of whatever table."""
    source = _written(source)
    fields = source.fields or Fields()
    texts = [branch.when for branch in source.map if branch.when]
    texts += [fields.occurred] if fields.occurred else []
    for group in (fields.identifiers, fields.properties, fields.traits, fields.context):
        for field in group.values():
            texts += _texts(field)
    return frozenset(name for text in texts for name in _read_by(parse(text).node))


def _written(source: Source) -> Source:
    """With the time of the commit where no other is named, and `columns` as fields."""
    fields = source.fields or Fields()
    groups: dict[str, dict[str, Field]] = {"properties": {}, "traits": {}, "identifiers": {}}
    occurred = fields.occurred or "row.at"
    for column in source.columns:
        root, _, name = column.to.partition(".")
        text = f"row.after[{msgspec.json.encode(column.source).decode()}]"
        if root == "occurred":
            occurred = text
        elif root in groups and name:
            groups[root][name] = text
        else:
            raise MappingError(
                f"columns: {column.source}: `to: {column.to}` begins with none of properties., "
                "traits., identifiers., occurred"
            )
    identifiers = {**fields.identifiers, **groups["identifiers"]}
    fields = msgspec.structs.replace(
        fields,
        occurred=occurred,
        identifiers={name: text for name, text in identifiers.items() if isinstance(text, str)},
        properties={**fields.properties, **groups["properties"]},
        traits={**fields.traits, **groups["traits"]},
    )
    return msgspec.structs.replace(source, fields=fields, columns=())


def _deletes(source: Source) -> tuple[Source, Source]:
    """The lines of `map` that ask for `row.op`, and the event of a delete that none of them takes.

    What a deleted row was identified by stands in its before-image.
    """
    written = _written(source)
    fields = written.fields or Fields()
    identifiers = {
        name: _AFTER.sub("row.before", text) for name, text in fields.identifiers.items()
    }
    asked = msgspec.structs.replace(fields, identifiers=identifiers)
    branches = tuple(branch for branch in written.map if _asks(branch))
    follows = written.read.postgres if written.read is not None else None
    name = follows.deleted if follows is not None else "deleted"
    told = Fields(
        occurred="row.at",
        identifiers=identifiers,
        properties={"table": "row.table", "key": "row.key"},
    )
    return (
        msgspec.structs.replace(written, map=branches, fields=asked),
        msgspec.structs.replace(written, map=(Branch(event=name),), fields=told),
    )


def _asks(branch: Branch) -> bool:
    if branch.when is None:
        return False
    only = Source(kind="server", map=(msgspec.structs.replace(branch, otherwise=None),))
    return "op" in columns_used(only)


def _own_columns(fields: Fields) -> list[tuple[str, str]]:
    """(trait, column) where a trait is a column and nothing else: its null says the trait is gone."""
    found = []
    for trait, text in fields.traits.items():
        match = _OWN.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is not None:
            found.append((trait, match[1] or match[2]))
    return found


def _nulls(after: object, traits: list[tuple[str, str]]) -> list[Json]:
    """Absent is not null: a value that did not change and was not sent stays what it was."""
    if not isinstance(after, dict):
        return []
    return [trait for trait, column in traits if column in after and after[column] is None]


def _read_by(node: Node) -> Iterator[str]:
    if isinstance(node, Path):
        if node.root == "row" and len(node.path) > 1 and node.path[0] in {"after", "before"}:
            yield node.path[1]
        return
    for child in children(node):
        yield from _read_by(child)


def _texts(field: Field | Json) -> list[str]:
    if isinstance(field, str):
        return [field]
    if not isinstance(field, dict):
        return []
    return [text for part in field.values() for text in _texts(part)]
