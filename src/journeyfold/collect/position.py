"""Where an import stands and where the next run begins (collect C43).

Three cases: the same file, interrupted, goes on at the unit it reached; the same file, complete, is
read again (everything is a duplicate, and the account says so); another file under the same source
begins past the highest (column, key) of `cursor`, less its overlap, or at its start without one.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b, file_digest
from pathlib import Path

import msgspec

from journeyfold.collect.child import ImportFailed
from journeyfold.collect.frames import Batch, Job
from journeyfold.core.event import Json
from journeyfold.core.instant import instant_us
from journeyfold.sources.inventory import Source

Resolve = Callable[[str], str]
"""Fills `${env:NAME}` in a path; raises what the user should read."""


class Position(msgspec.Struct, frozen=True):
    """The cursor's value. `file` is the fingerprint of what was read; empty for a query."""

    file: str = ""
    mapping: str = ""
    units: int = 0
    rows: int = 0
    is_complete: bool = False
    highest: tuple[Json, Json] | None = None
    mark: Json = None  # of a pull, in its own words (ADR 30)


def job_of(
    source: Source,
    directory: Path,
    resolve: Resolve,
    received_us: int,
    cursor: bytes | None,
    start: str,
) -> tuple[Job, Position]:
    """What the child must do, and the position it starts from."""
    files = _files(source, directory, resolve)
    file = fingerprint_of_file(files[""]) if "" in files else ""
    mapping = mapping_fingerprint(source)
    here = Position(file=file, mapping=mapping)
    prior = decoded(cursor)
    after = written(source, start) if start not in {"", "start"} else None
    if prior is not None and not start:
        if file and not prior.is_complete and (prior.file, prior.mapping) == (file, mapping):
            here = prior
        elif (source.cursor is not None and prior.file != file) or (prior.highest and not file):
            after = _less_overlap(source, prior.highest)
    job = Job(
        source=msgspec.to_builtins(source),
        files={name: str(path) for name, path in files.items()},
        received_us=received_us,
        fingerprint=file or mapping,
        skip=here.units,
        after=after,
    )
    return job, here


def position_after(before: Position, batch: Batch, rows: int) -> Position:
    """The position once this batch is in the log; `rows` counts from where the run began."""
    return msgspec.structs.replace(
        before,
        units=batch.units,
        rows=before.rows + rows,
        highest=batch.highest,
        mark=batch.mark,
    )


def _files(source: Source, directory: Path, resolve: Resolve) -> dict[str, Path]:
    read = source.read
    if read is None:
        raise ImportFailed(
            source.source, "file", f"is kind {source.kind}; only imports have a file"
        )
    named = dict(read.tables)
    if read.database:
        named["database"] = read.database
    if (whole := read.file) is not None:
        named[""] = whole
    return {name: _path(source, directory / resolve(text)) for name, text in named.items()}


def _path(source: Source, path: Path) -> Path:
    if path.is_dir():
        raise ImportFailed(
            source.source, "file", f"{path} is a directory; write a pattern, as {path.name}/*.csv"
        )
    if not path.is_file():
        raise ImportFailed(source.source, "file", f"there is no file {path}")
    return path.resolve()


def fingerprint_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def stamps(job: Job) -> dict[str, tuple[int, int, int]]:
    """What changes with a file: its size, its time and which file it is; nothing for one that went."""
    found = {}
    for text in job.files.values():
        path = Path(text)
        if path.is_file():
            seen = path.stat()
            found[path.name] = (seen.st_size, seen.st_mtime_ns, seen.st_ino)
    return found


def mapping_fingerprint(source: Source) -> str:
    """A changed mapping makes other events, so it starts the file anew."""
    parts = {
        "group": source.group, "map": source.map, "fields": source.fields, "read": source.read,
        "columns": source.columns, "preset": source.preset, "zone": source.time_zone,
    }  # fmt: skip
    body = msgspec.json.encode(msgspec.to_builtins(parts), order="sorted")
    return blake2b(body, digest_size=16).hexdigest()


def decoded(cursor: bytes | None) -> Position | None:
    """A cursor of an earlier release that no longer reads means: from the start, all duplicates."""
    if cursor is None:
        return None
    try:
        return msgspec.msgpack.decode(cursor, type=Position)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _less_overlap(source: Source, highest: tuple[Json, Json] | None) -> tuple[Json, Json] | None:
    """Rows committed late are read again; the log knows which of them it has (C32)."""
    if highest is None or source.cursor is None or not isinstance(highest[0], int):
        return highest
    return (highest[0] - source.cursor.overlap_us, None) if source.cursor.overlap_us else highest


def written(source: Source, start: str) -> tuple[Json, Json]:
    """`--from 2026-01-31T00:00:00Z`, a number or a text of the cursor's column."""
    if source.cursor is None:
        raise ImportFailed(source.source, "file", "has no `cursor`; only `--from start` works here")
    at = instant_us(start)
    if at is not None:
        return at - 1, None
    return (int(start) - 1, None) if start.lstrip("-").isdecimal() else (start, None)
