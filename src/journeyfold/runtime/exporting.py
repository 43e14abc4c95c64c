"""`export`: events, people or decisions as a file other tools read. Bounded memory, whole or not.

CSV is for people: cells that a spreadsheet would run start with an apostrophe (trust SEC-18);
NDJSON and Parquet stay raw. Instants are RFC 3339 text, in Parquet timestamps. Everybody comes with
the consents that hold, defaults included, so that what is done with the file can respect them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from journeyfold.core.event import Json
from journeyfold.core.instant import instant_us, rfc3339
from journeyfold.project.people import decode_profile, sizes
from journeyfold.project.reports import ExportReport
from journeyfold.runtime.explaining import look_at
from journeyfold.runtime.workspace import Workspace

Progress = Callable[[str, int, int | None], None]
Row = dict[str, Json]
_PIECE = 2_000
_RISKY = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = {
    "events": (
        "offset", "appended", "kind", "id", "name", "type", "source", "occurred", "received",
        "identifiers", "properties", "traits", "context", "schema",
    ),
    "decisions": ("offset", "decided", "id", "person", "decision", "context"),
    "people": (
        "person", "identifiers", "seen", "first", "last", "events", "traits", "features",
        "segments", "stages", "consents",
    ),
}  # fmt: skip
_INSTANTS = frozenset({"appended", "occurred", "received", "decided", "first", "last"})
_WHOLE = frozenset({"offset", "seen", "events"})


def export(
    workspace: Workspace, *, what: str, to: Path, form: str, progress: Progress
) -> ExportReport:
    """Writes beside the file and renames, so that a half-written export is never seen."""
    rows = _ROWS[what](workspace, progress)
    beside = to.with_name(to.name + ".part")
    try:
        count = _WRITERS[form](beside, COLUMNS[what], rows)
        beside.replace(to)
    finally:
        beside.unlink(missing_ok=True)
    return ExportReport(what=what, path=str(to), rows=count, bytes=to.stat().st_size)


def _events(workspace: Workspace, progress: Progress) -> Iterator[Row]:
    head, _ = workspace.log.head()
    after = -1
    while records := workspace.log.read(after, _PIECE):
        for record in records:
            event = record.event
            yield {
                "offset": record.offset, "appended": rfc3339(record.appended_us),
                "kind": record.kind, "id": event.id, "name": event.name, "type": event.type,
                "source": event.source, "occurred": rfc3339(event.occurred_us),
                "received": rfc3339(event.received_us),
                "identifiers": [[each.kind, each.value] for each in event.identifiers],
                "properties": event.properties, "traits": event.traits,
                "context": event.context, "schema": event.schema,
            }  # fmt: skip
        after = records[-1].offset
        progress("exporting", after + 1, head + 1)


def _decisions(workspace: Workspace, progress: Progress) -> Iterator[Row]:
    for row in _events(workspace, progress):
        if row["kind"] == "decision":
            told = row["properties"]
            assert isinstance(told, dict), "a decision record carries its decision"
            yield {
                "offset": row["offset"], "decided": row["occurred"], "id": row["id"],
                "person": told.get("person"), "decision": told.get("decision"),
                "context": told.get("context"),
            }  # fmt: skip


def _people(workspace: Workspace, progress: Progress) -> Iterator[Row]:
    """One commit of the state: everybody by the definitions and borders in force there."""
    with look_at(workspace, None) as look:
        compiled, reader = look.compiled, look.reader
        purposes = sorted(compiled.project.settings.privacy.known)
        people = sizes(reader).get("people", 0)
        for number, (_, raw) in enumerate(reader.scan("profile"), 1):
            profile = decode_profile(raw)
            known = look.resolver.explain(profile.person).nodes
            yield {
                "person": profile.person,
                "identifiers": [[node.kind, node.value] for node in known],
                "seen": profile.seen,
                "first": rfc3339(profile.first_us), "last": rfc3339(profile.last_us),
                "events": profile.events, "traits": compiled.traits(profile),
                "features": compiled.feature_values(profile, look.now_us),
                "segments": _names(profile.memberships),
                "stages": {name: at.stage for name, at in profile.stages.items()},
                "consents": {
                    purpose: "granted" if compiled.consents(profile, purpose) else "denied"
                    for purpose in purposes
                },
            }  # fmt: skip
            if number % _PIECE == 0 or number == people:
                progress("exporting", number, people)


def _names(names: Iterable[str]) -> list[Json]:
    return [*sorted(names)]


def _ndjson(path: Path, columns: tuple[str, ...], rows: Iterator[Row]) -> int:
    del columns
    count = 0
    with path.open("wb") as file:
        for row in rows:
            file.write(msgspec.json.encode(row) + b"\n")
            count += 1
    return count


def _csv(path: Path, columns: tuple[str, ...], rows: Iterator[Row]) -> int:
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(row[column]) for column in columns])
            count += 1
    return count


def _cell(value: Json) -> str | int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = value if isinstance(value, str) else _text(value)
    return f"'{text}" if text.startswith(_RISKY) else text


def _parquet(path: Path, columns: tuple[str, ...], rows: Iterator[Row]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    instant = pa.timestamp("us", tz="UTC")
    types = {
        name: instant if name in _INSTANTS else pa.int64() if name in _WHOLE else pa.string()
        for name in columns
    }
    schema = pa.schema(list(types.items()), metadata={"journeyfold.format": "1"})
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        piece: list[Row] = []
        for row in rows:
            piece.append({name: _arrow(name, row[name]) for name in columns})
            count += 1
            if len(piece) == _PIECE:
                writer.write_table(pa.Table.from_pylist(piece, schema))
                piece = []
        if piece:
            writer.write_table(pa.Table.from_pylist(piece, schema))
    return count


def _arrow(name: str, value: Json) -> str | int | None:
    if name in _INSTANTS and isinstance(value, str):
        return instant_us(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return value if isinstance(value, str) else _text(value)


def _text(value: Json) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()


_ROWS: dict[str, Callable[[Workspace, Progress], Iterator[Row]]] = {
    "events": _events, "people": _people, "decisions": _decisions,
}  # fmt: skip
_WRITERS: dict[str, Callable[[Path, tuple[str, ...], Iterator[Row]], int]] = {
    "ndjson": _ndjson, "csv": _csv, "parquet": _parquet,
}  # fmt: skip
