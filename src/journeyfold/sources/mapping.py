"""Rows of a file to events, by the mapping of their source (collect C41).

`compile_mapping` reads every expression once against the columns of the file; the result maps a
group of rows to an event, or says why there is none. It is pure: when the event was received and
which file it came from are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Map
from hashlib import sha256
from typing import Any

import msgspec

from journeyfold.core.condition import Call, IsNull, Node, Place
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    STRING,
    TIMESTAMP,
    Scope,
    Type,
    list_of,
    object_of,
)
from journeyfold.core.condition_typed import Each, Missing
from journeyfold.core.condition_types import check
from journeyfold.core.errors import ProjectError
from journeyfold.core.event import Event, Identifier, Json
from journeyfold.core.instant import rfc3339
from journeyfold.sources.columns import columns_used
from journeyfold.sources.expression import Compiler, Env, Evaluate, environment
from journeyfold.sources.inventory import Column, Source
from journeyfold.sources.mapped import Mapped, Message, Outcome, Passed
from journeyfold.sources.missing import missing_columns
from journeyfold.sources.presets import FINISHES, with_preset
from journeyfold.sources.recipe import Branch, Field, Fields

NAMES = {
    "identify": "Identify", "page": "Page", "screen": "Screen", "group": "Group", "alias": "Alias",
}  # fmt: skip
ID_MAX = 100  # C11
TEXT_MAX = 1_000
Rows = list[tuple[object, ...]]
Locate = Callable[[tuple[str | int, ...]], Place]
"""Where a key of the source's file stands: ("map", 0, "when") → its place in the YAML."""

_NO_FIELDS = Fields()
_YEAR_1_US, _YEAR_10000_US = -62_135_596_800_000_000, 253_402_300_800_000_000
_TYPES = {
    "bool": BOOL, "int": INT, "float": FLOAT, "string": STRING, "timestamp": TIMESTAMP,
    "list": list_of(ANY), "object": Type("object"), "any": ANY,
    "names": list_of(STRING),
}  # fmt: skip


class MappingError(ProjectError):
    """A mapping that cannot be meant, or that names columns the file does not have.

    `at` is where in the source's file.
    """

    def __init__(self, sentence: str, at: tuple[str | int, ...] = ("fields",)) -> None:
        super().__init__(())
        self.args = (sentence,)
        self.at = at


class Mapping(msgspec.Struct, frozen=True):
    """A compiled mapping; `map` is called once per group of rows, or per row without groups."""

    map: Callable[[int, Rows], Outcome]


def compile_mapping(
    source: Source, columns: Map[str, str], file: str, received_us: int,
    locate: Locate | None = None,
) -> Mapping:  # fmt: skip
    """`columns` are the names and types of the file, in the order of its rows; `file` its hash.

    Raises:
        MappingError: columns that are not there, in one sentence.
        ConditionError: an expression that is no expression or has no type.
    """
    source = with_preset(source)
    if source.preset == "wire":
        return Mapping(_wire(file))
    missing = [name for name in columns_used(source) if name not in columns]
    if missing:
        raise MappingError(missing_columns(missing, columns, "the file"))
    mapper = _Mapper(source, columns, file, received_us, locate or _nowhere)
    finish = FINISHES.get(source.preset) if source.preset else None
    return Mapping(_finished(mapper.map, finish) if finish else mapper.map)


def tells_time(fields: Fields, columns: Sequence[Column]) -> bool:
    """Does the mapping say when it happened? A webhook's need not."""
    return _time(fields, columns) is not None


def _time(fields: Fields, columns: Sequence[Column]) -> str | None:
    named = (_row(column) for column in columns if column.to == "occurred")
    return fields.occurred or next(named, None)


class _Mapper:
    def __init__(
        self, source: Source, columns: Map[str, str], file: str, received_us: int, locate: Locate
    ) -> None:
        self._names, self._file, self._received_us = list(columns), file, received_us
        self._source, self._locate = source, locate
        kinds = {name: _TYPES[kind] for name, kind in columns.items()}
        self._scope = Scope(place="mapping", row=object_of(kinds), open=True)
        self._kinds = kinds
        self._compiler = Compiler(
            {name: index for index, name in enumerate(columns)}, source.time_zone
        )
        fields = source.fields or _NO_FIELDS
        self._branches = [self._branch(i, branch) for i, branch in enumerate(source.map)]
        self._id = [self._names.index(name) for name in fields.id]
        self._occurred = self._occurrence(fields, source.columns)
        self._identifiers = self._claims(fields, source.columns)
        self._properties = self._object("properties", fields.properties, source.columns)
        self._traits = self._object("traits", fields.traits, source.columns)
        self._context = self._object("context", fields.context, source.columns)

    def map(self, line: int, rows: Rows) -> Outcome:
        env = environment(rows)
        branch = next((b for when, b in self._branches if when is None or when(env) is True), None)
        if branch is None:
            return self._passed("unmapped", "no line of `map` fits", line, rows)
        if (passed := branch.filter or branch.otherwise) is not None:
            detail = "" if passed.fate == "filtered" else f"line {line}: {passed.reason}"
            return Passed(passed.fate, passed.reason, len(rows), line, detail)
        event_id = self._event_id(line, rows[0])
        if event_id is None:
            keys = ", ".join((self._source.fields or _NO_FIELDS).id)
            return self._passed("no_id", f"{keys} is empty", line, rows)
        occurred = self._occurred(env)
        if not isinstance(occurred, int):
            return self._passed("no_time", "the time it occurred is empty", line, rows)
        if not 0 <= occurred < _YEAR_10000_US:
            return self._passed("bad_timestamp", "not between 1970 and 9999", line, rows)
        identifiers = tuple(
            Identifier(kind, str(value))
            for kind, read in self._identifiers
            if type(value := read(env)) is str or type(value) is int
        )
        if not identifiers and not self._source.names_nobody:
            return self._passed("no_identity", "no identifier has a value", line, rows)
        event = Event(
            id=event_id,
            name=branch.event or NAMES[branch.type],
            type=branch.type,
            source=self._source.source,
            identifiers=identifiers,
            occurred_us=occurred,
            received_us=self._received_us,
            properties=self._properties(env),
            traits=self._traits(env),
            context={"auth": "import", **self._context(env)},
        )
        return Mapped(event, len(rows), line)

    def _passed(self, reason: str, detail: str, line: int, rows: Rows) -> Passed:
        row = dict(zip(self._names, rows[0], strict=True))
        text = msgspec.json.encode(row, order=None).decode()[:TEXT_MAX]
        return Passed("quarantined", reason, len(rows), line, f"line {line}: {detail}", text)

    def _event_id(self, line: int, row: tuple[object, ...]) -> str | None:
        """The key columns; several are told apart by escaping their separator."""
        if not self._id:
            return sha256(f"{self._file}:{line}".encode()).hexdigest()[:32]
        parts: list[str] = []
        for index in self._id:
            value = row[index]
            if value is None or value == "":
                return None
            stamp = self._kinds[self._names[index]] == TIMESTAMP and isinstance(value, int)
            parts.append(rfc3339(value) if stamp and isinstance(value, int) else str(value))
        if len(parts) > 1:
            parts = [part.replace("%", "%25").replace("/", "%2F") for part in parts]
        joined = "/".join(parts)
        return joined if len(joined) <= ID_MAX else sha256(joined.encode()).hexdigest()

    # --- compiling ------------------------------------------------------------------------------

    def _branch(self, index: int, branch: Branch) -> tuple[Evaluate | None, Branch]:
        if branch.when is None:
            return None, branch
        parsed = parse(branch.when, self._locate(("map", index, "when")))
        return self._compiler.value(check(parsed, self._scope, BOOL).expr), branch

    def _occurrence(self, fields: Fields, columns: Sequence[Column]) -> Evaluate:
        text = _time(fields, columns)
        if text is None and self._source.kind == "webhook":
            return lambda _env: self._received_us  # few vendors say; a delivery follows at once
        if text is None:
            raise MappingError("`fields` needs `occurred`: when did it happen?")
        kind, read = self._expression(text, ("fields", "occurred"), [])
        if kind != TIMESTAMP:
            raise MappingError(
                f"fields.occurred: {text} is {kind}, not a timestamp; declare the column under "
                "`read: {types: …}` or use as_time(…)",
                ("fields", "occurred"),
            )
        return read

    def _claims(self, fields: Fields, columns: Sequence[Column]) -> list[tuple[str, Evaluate]]:
        texts = dict(fields.identifiers)
        for column in columns:
            root, _, name = column.to.partition(".")
            if root == "identifiers":
                texts[name] = _row(column)
        if not texts and not self._source.names_nobody:
            raise MappingError("`fields` needs `identifiers`: whom does it belong to?")
        claims: list[tuple[str, Evaluate]] = []
        for name, text in texts.items():
            kind, read = self._expression(text, ("fields", "identifiers", name), [])
            if kind.name not in {"string", "int", "any"}:
                raise MappingError(
                    f"fields.identifiers.{name}: {text} is {kind}; ids are text or whole numbers, "
                    "so use as_int(…) or as_string(…)",
                    ("fields", "identifiers", name),
                )
            claims.append((name, read))
        return claims

    def _object(
        self, root: str, fields: Map[str, Field], columns: Sequence[Column]
    ) -> Callable[[Env], dict[str, Any]]:
        parts: dict[str, Field] = dict(fields)
        for column in columns:
            where, _, name = column.to.partition(".")
            if where not in {"properties", "traits", "identifiers", "occurred"}:
                raise MappingError(
                    f"columns: {column.source}: `to: {column.to}` begins with none of "
                    "properties., traits., identifiers., occurred",
                    ("columns", columns.index(column), "to"),
                )
            if where == root:
                parts[name] = _row(column)
        made = [
            (name, self._field(part, ("fields", root, name), [])) for name, part in parts.items()
        ]
        return _built(made)

    def _field(self, field: Field | Json, at: tuple[str | int, ...], lists: list[Node]) -> Evaluate:
        if isinstance(field, str):
            kind, read = self._expression(field, at, lists)
            return _written(read) if kind == TIMESTAMP else read
        if not isinstance(field, dict):
            raise MappingError(f"{'.'.join(map(str, at))}: write an expression, as text", at)
        each = field.get("each")
        if each is None:
            inner = [(key, self._field(part, (*at, key), lists)) for key, part in field.items()]
            return _built(inner)
        if not isinstance(each, str):
            raise MappingError(f"{'.'.join(map(str, at))}.each: write a list, such as `rows`", at)
        listed = parse(each, self._locate((*at, "each"))).node
        kind, items = self._expression(each, (*at, "each"), lists)
        if kind.name != "list":
            raise MappingError(f"{'.'.join(map(str, at))}.each: {each} is {kind}, not a list", at)
        inner = [
            (key, self._field(part, (*at, key), [*lists, listed]))
            for key, part in field.items()
            if key != "each"
        ]
        return _repeated(items, _built(inner), len(lists) + 1)

    def _expression(
        self, text: str, at: tuple[str | int, ...], lists: list[Node]
    ) -> tuple[Type, Evaluate]:
        """Typed and compiled where `lists` enclose it, the innermost last.

        The checker meets it inside `any(LIST, … is not None)`, so that `item` has its meaning.
        """
        parsed = parse(text, self._locate(at))
        node = parsed.node
        for depth, listed in enumerate(reversed(lists)):
            inside = IsNull(node, negated=True) if depth == 0 else node
            node = Call("any", {"list": listed, "each": inside})
        expr = check(msgspec.structs.replace(parsed, node=node), self._scope, None).expr
        for _ in lists:
            assert isinstance(expr, Each), "it was wrapped so"
            expr = expr.body
        if lists:
            assert isinstance(expr, Missing), "it was wrapped so"
            expr = expr.of
        return expr.type, self._compiler.value(expr)


def _finished(
    mapped: Callable[[int, Rows], Outcome], finish: Callable[[Event], Event]
) -> Callable[[int, Rows], Outcome]:
    def finished(line: int, rows: Rows) -> Outcome:
        outcome = mapped(line, rows)
        if not isinstance(outcome, Mapped):
            return outcome
        return msgspec.structs.replace(outcome, event=finish(outcome.event))

    return finished


def _wire(file: str) -> Callable[[int, Rows], Outcome]:
    def message(line: int, rows: Rows) -> Outcome:
        event_id = sha256(f"{file}:{line}".encode()).hexdigest()[:32]
        found = rows[0][0]
        assert isinstance(found, dict), "the reader passes objects only"
        return Message(found, event_id, 1, line)

    return message


def _built(parts: list[tuple[str, Evaluate]]) -> Callable[[Env], dict[str, Any]]:
    """An object of its parts; what is null is left out."""

    def build(env: Env) -> dict[str, Any]:
        return {name: value for name, read in parts if (value := read(env)) is not None}

    return build


def _repeated(items: Evaluate, build: Callable[[Env], dict[str, Any]], depth: int) -> Evaluate:
    def repeat(env: Env) -> list[dict[str, Any]] | None:
        found = items(env)
        if not isinstance(found, list):
            return None
        made = []
        for env[depth] in found:
            made.append(build(env))
        return made

    return repeat


def _written(read: Evaluate) -> Evaluate:
    """An instant inside an event's properties is RFC 3339 text; beyond the year 9999, nothing."""

    def text(env: Env) -> str | None:
        at = read(env)
        return rfc3339(at) if at is not None and _YEAR_1_US <= at < _YEAR_10000_US else None

    return text


def _row(column: Column) -> str:
    return f"row[{msgspec.json.encode(column.source).decode()}]"


def _nowhere(_key: tuple[str | int, ...]) -> Place:
    return Place("<mapping>")
