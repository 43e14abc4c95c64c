"""What a child is told that asks a database or an API, and where it goes on (ADR 30).

A pull keeps its own mark: how far a table was read, which page comes next, which snapshot is the
last. The mark commits with the append like any cursor, and nobody here looks into it. It is thrown
away only when the source asks for something else, since then it means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import msgspec

from journeyfold.collect.child import ImportFailed
from journeyfold.collect.frames import Job, Pulled
from journeyfold.collect.position import Position, Resolve, decoded, mapping_fingerprint, written
from journeyfold.core.event import Json
from journeyfold.sources.inventory import Source

_REFERENCE = re.compile(r"\$\{[^}]*\}")


class Pulling(msgspec.Struct, frozen=True):
    """What the shell lends: the module that reads, room on the disk, and what may be asked."""

    reader: str
    room: Path
    allow: tuple[str, ...] = ()


def pulled_job(
    source: Source,
    directory: Path,
    pulling: Pulling,
    resolve: Resolve,
    received_us: int,
    cursor: bytes | None,
    start: str,
) -> tuple[Job, Position]:
    """What the child must do, and the position it starts from."""
    assert source.read is not None, "a pull has `read`"
    pull = source.read.pull
    assert pull is not None, "asked for pulls only"
    about = msgspec.json.encode([pull.identity, msgspec.to_builtins(source.cursor)], order="sorted")
    here = Position(
        file=f"pull/{blake2b(about, digest_size=16).hexdigest()}",
        mapping=mapping_fingerprint(source),
    )
    prior = decoded(cursor)
    if prior is not None and prior.file == here.file and start != "start":
        is_continued = prior.mark is not None and not prior.is_complete
        rows = prior.rows if is_continued else 0
        here = msgspec.structs.replace(here, mark=prior.mark, rows=rows)
    after = written(source, start) if start not in {"", "start"} else None
    settings = msgspec.to_builtins(pull)
    try:
        secrets = tuple(resolve(each) for each in sorted(set(_references(settings))))
        filled = _filled(settings, resolve)
    except OSError as error:
        raise ImportFailed(source.source, "file", str(error)) from None
    assert isinstance(filled, dict), "settings are a struct's"
    told = Pulled(
        settings=filled,
        secrets=secrets,
        directory=str(directory),
        room=str(pulling.room / source.source),
        allow=pulling.allow,
        mark=here.mark,
    )
    job = Job(
        source=msgspec.to_builtins(source), files={}, received_us=received_us,
        fingerprint=here.mapping, after=after, pulled=told,
    )  # fmt: skip
    return job, here


def _filled(value: Json, resolve: Resolve) -> Json:
    match value:
        case str():
            return resolve(value)
        case dict():
            return {key: _filled(each, resolve) for key, each in value.items()}
        case list() | tuple():
            return [_filled(each, resolve) for each in value]
        case _:
            return value


def _references(value: Json) -> Iterator[str]:
    match value:
        case str():
            yield from _REFERENCE.findall(value)
        case dict():
            for each in value.values():
                yield from _references(each)
        case list() | tuple():
            for each in value:
                yield from _references(each)
        case _:
            return
