"""The child process of an import: reads an untrusted file, maps its rows, tells its parent.

    python -P -m journeyfold.collect.reader   <job   >frames

Memory, CPU, open files and, where the system allows it, the network are given up before the first
byte of the file is read (trust SEC-17). It holds no key, no log and no project: whatever a file does
to it, the worst is a failed import.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, TypeAlias

import msgspec

from journeyfold.collect.envelope import fingerprint_of
from journeyfold.collect.frames import (
    EncodedBatch,
    Ended,
    Failed,
    Frame,
    Job,
    Started,
    read_job,
    write_frame,
)
from journeyfold.collect.limits import HELD_DEPTH, held_bytes, is_abysmal, size_of
from journeyfold.collect.line import BadLine, NoAnswer, Rows, WrongFile
from journeyfold.collect.rows import open_text
from journeyfold.collect.scratch import PREFIX
from journeyfold.collect.units import Past, Unit, units_of
from journeyfold.core.event import Event, Json
from journeyfold.sources.columns import columns_used
from journeyfold.sources.inventory import Source
from journeyfold.sources.local_time import Zone
from journeyfold.sources.mapped import Mapped, Message, Outcome, Passed
from journeyfold.sources.mapping import Mapping, MappingError
from journeyfold.sources.snapshot import mapping_of

BATCH_UNITS = 500
BATCH_BYTES = 1 << 20
PULL_CPU_S = 6 * 3600
CPU_S_PER_MIB = 10
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000

_encode = msgspec.msgpack.encode
Opened: TypeAlias = Callable[[Job, Source, ExitStack], Rows]
_RECEIVED = Event.__struct_fields__.index("received_us")


def main() -> int:
    return answer_job(_opened)


def answer_job(opened: Opened, *, isolated: bool = True) -> int:
    """Reads one job from standard input and answers in frames; 0 unless it was killed."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not become part of a frame
    job = read_job(sys.stdin.buffer)
    if job is None:
        return 1
    source = msgspec.convert(job.source, Source)
    assert source.read is not None, "an import has `read`: Source checks it"
    if isolated:
        import duckdb  # noqa: F401 - loaded before its address space is counted

        _give_up_rights(source.read.memory_bytes, source.read.cpu_s + _longer_s(job))
        _leave_the_network()
    else:  # how long it takes is up to who is asked
        _give_up_rights(source.read.memory_bytes, PULL_CPU_S)
    write_frame(answers, _last_frame(job, source, opened, answers))
    return 0


def _longer_s(job: Job) -> int:
    """A large file may take longer: ten seconds a MiB, where CSV needs a third of one."""
    sizes = [path.stat().st_size for path in map(Path, job.files.values()) if path.is_file()]
    return sum(sizes) * CPU_S_PER_MIB >> 20


def _last_frame(job: Job, source: Source, opened: Opened, answers: BinaryIO) -> Frame:
    try:
        with ExitStack() as stack:
            return _read(job, source, opened(job, source, stack), answers)
    except NoAnswer as error:
        return Failed("server", str(error))
    except WrongFile as error:
        return Failed("file", str(error))
    except MappingError as error:
        return Failed("mapping", str(error))
    except Exception as error:
        if not _ran_out(error):
            raise
        assert source.read is not None
        return Failed("memory", f"needs more than {source.read.memory} of memory (read.memory)")


def _ran_out(error: BaseException | None) -> bool:
    """Also where a library stumbled over it: a connection that is closed in the middle of an
    answer for which there was no room says something else.
    """
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _read(job: Job, source: Source, rows: Rows, answers: BinaryIO) -> Frame:
    if job.pulled is not None and rows.total == 0:  # nothing there says what its columns are
        return Ended(complete=True, mark=rows.mark())
    mapping = mapping_of(source, rows.columns, job.fingerprint, job.received_us)
    write_frame(answers, Started(dict(rows.columns), rows.total))
    past = Past.of(source, rows.columns, job.after) if job.pulled is None else Past(None, 0, None)
    units = units_of(rows, source.group, past)
    for _ in islice(units, job.skip):
        pass
    wanted = islice(units, job.limit) if job.limit is not None else units
    _send(wanted, mapping, source.max_event_bytes, job.skip, past, rows.mark, answers)
    reached = rows.mark()
    is_whole = next(units, None) is None
    return Ended(is_whole, rows.mark() if is_whole else reached)


def _opened(job: Job, source: Source, stack: ExitStack) -> Rows:
    read, zone = source.read, Zone(source.time_zone)
    assert read is not None, "an import has `read`: Source checks it"
    files = {name: Path(path) for name, path in job.files.items()}
    if read.format in ("csv", "ndjson"):
        return open_text(read, files[""], source.group, zone, columns_used(source), stack)
    if read.format == "excel":
        from journeyfold.collect.workbook import open_workbook

        return open_workbook(read, files[""], source.group, zone, stack)
    if read.format == "avro":
        from journeyfold.collect.avro import open_avro

        return open_avro(read, files[""], source.group, zone, stack)
    from journeyfold.collect.table import open_table

    scratch = Path(stack.enter_context(TemporaryDirectory(prefix=PREFIX)))
    return open_table(read, files, source.group, zone, scratch)


def _send(
    units: Iterator[Unit | BadLine],
    mapping: Mapping,
    event_bytes: int,
    skipped: int,
    past: Past,
    mark: Callable[[], Json],
    answers: BinaryIO,
) -> None:
    held: list[msgspec.Raw] = []
    size, done = 0, skipped
    try:
        for unit in units:
            done += 1
            raw = _encoded(_outcome(unit, mapping), event_bytes)
            held.append(msgspec.Raw(raw))
            size += len(raw)
            if len(held) >= BATCH_UNITS or size >= BATCH_BYTES:
                write_frame(answers, EncodedBatch(held, done, past.highest, mark()))
                held, size = [], 0
    finally:  # a server that stops giving does not undo what it gave
        if held:
            write_frame(answers, EncodedBatch(held, done, past.highest, mark()))


def _outcome(unit: Unit | BadLine, mapping: Mapping) -> Outcome:
    if isinstance(unit, BadLine):
        return Passed("quarantined", unit.code, 1, unit.line, unit.detail, unit.text)
    if unit.excess:
        detail = f"a group of {unit.rows} rows; at most {len(unit.values)} make one event"
        return Passed("quarantined", "group_too_large", unit.rows, unit.line, detail)
    return mapping.map(unit.line, unit.values)


def _encoded(outcome: Outcome, event_bytes: int) -> bytes:
    """What is beyond the limits of its source goes on, to be held whole; of what is far beyond
    them, or holds a number out of range, the place alone (C11, C13).
    """
    try:
        if is_abysmal(outcome):
            return _place_of(outcome, "too_deep", f"nested deeper than {HELD_DEPTH} levels")
        raw = _encode(_fingerprinted(outcome))
    except OverflowError:
        return _place_of(outcome, "number_out_of_range", "an integer is outside int64")
    if len(raw) <= event_bytes or isinstance(outcome, Passed):
        return raw
    if (size := len(raw)) > held_bytes(event_bytes):
        return _place_of(outcome, "event_too_large", f"{size} bytes; at most {event_bytes}")
    if isinstance(outcome, Message) or size_of(outcome.event) <= event_bytes:
        return raw
    marked = msgspec.structs.replace(outcome, excess=size_of(outcome.event))
    return _encode(_fingerprinted(marked))


def _place_of(outcome: Outcome, code: str, detail: str) -> bytes:
    event_id = f"{outcome.event.id}: " if isinstance(outcome, Mapped) else ""
    said = f"line {outcome.line}: {event_id}{detail}"
    return _encode(Passed("quarantined", code, outcome.rows, outcome.line, said))


def _fingerprinted(outcome: Outcome) -> Outcome:
    """A fingerprint leaves out when this run happened to read the event (C32)."""
    if not isinstance(outcome, Mapped):
        return outcome
    facts = msgspec.to_builtins(outcome.event)
    del facts[_RECEIVED]
    fingerprint, _ = fingerprint_of({"event": facts})
    return Mapped(outcome.event, outcome.rows, outcome.line, fingerprint, outcome.excess)


def _give_up_rights(memory_bytes: int, cpu_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))


def _leave_the_network() -> None:
    """An empty network namespace. Some systems forbid it to users; DuckDB's own lock remains."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


if __name__ == "__main__":
    sys.exit(main())
