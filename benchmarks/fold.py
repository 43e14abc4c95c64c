"""The fold with its store: resolve, stages, 20 segments, LMDB commits. Figures per core.

`fold_mature` folds the traffic that follows sixty days of history, by the same people: profiles of
about 2 kB. `fold_new` folds the first visits of people nobody has seen; `first_event` beside it
counts a person for every event, so identity, every segment and four new rows are paid each time.
The baseline is decoding and encoding the profile of each event with nothing in between. Time is the
process's processor time, so other programs do not count.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from figure import report
from shop20 import BENCH_SEGMENTS, START_US, OneProject, project, records

from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.core.event import Record
from journeyfold.core.instant import DAY_US
from journeyfold.core.profile import Profile
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.people import encode_profile
from journeyfold.runtime.work import GC_THRESHOLDS
from journeyfold.runtime.worker import LAGGING  # what `work` folds in one commit at this rate
from journeyfold.testing.shoppers import history

KEY = bytes(32)
SHOPPERS = 1_500
HISTORY_DAYS = 60


def mature_messages() -> Iterator[dict[str, object]]:
    return history("mature", SHOPPERS, START_US, START_US + 2 * HISTORY_DAYS * DAY_US)


def first_visits(wanted: int) -> list[Record]:
    """Everything newcomers do in the first two hours of theirs."""
    people = wanted // 3
    found, begun = [], {}
    for record in records(history("new", people, START_US, START_US + 30 * DAY_US), wanted * 3, 1):
        who = record.event.identifiers[-1].value
        since_us = begun.setdefault(who, record.appended_us)
        if record.appended_us - since_us < DAY_US // 12:
            found.append(record)
    return found[:wanted]


def first_events(visits: list[Record]) -> list[Record]:
    """The first event of each person alone."""
    seen: set[str] = set()
    found = []
    for record in visits:
        who = record.event.identifiers[-1].value
        if who not in seen:
            seen.add(who)
            found.append(record)
    return found


class Fold:
    """A state, an engine and the records folded so far."""

    def __init__(self, directory: Path, log: OneProject, compiled: object) -> None:
        self.state = LmdbState(directory)
        self.engine = Engine(log, KEY, lambda _texts: compiled)
        self.fold(log.read(-1, 1))

    def fold(self, batch: list[Record]) -> float:
        """Processor seconds for batches with a durable commit each."""
        started = time.process_time()
        for at in range(0, len(batch), LAGGING):
            with self.state.write() as writer:
                self.engine.fold(writer, batch[at : at + LAGGING])
        return time.process_time() - started

    def profiles(self) -> list[bytes]:
        with self.state.read() as reader:
            return [raw for _, raw in reader.scan("profile")]


def coding(raws: list[bytes], count: int) -> float:
    """Processor seconds to decode and encode a profile for each record."""
    decode = msgspec.msgpack.Decoder(Profile).decode
    started = time.process_time()
    for number in range(count):
        encode_profile(decode(raws[number % len(raws)]))
    return time.process_time() - started


def new(directory: Path, log: OneProject, compiled: object, count: int) -> None:
    visits = first_visits(count)
    firsts = first_events(visits)
    gc.freeze()
    alone = Fold(directory / "first", log, compiled)
    first_s = alone.fold(firsts)
    alone.state.close()
    fold = Fold(directory / "new", log, compiled)
    seconds = fold.fold(visits)
    raws = fold.profiles()
    report(
        "fold_new_events_per_s", len(visits) / seconds, "events/s/core", goal=40_000,
        better="higher", baseline=len(visits) / coding(raws, len(visits)), people=len(raws),
        first_event_per_s=round(len(firsts) / first_s), segments=BENCH_SEGMENTS,
    )  # fmt: skip
    fold.state.close()


def mature(directory: Path, log: OneProject, compiled: object, count: int) -> None:
    every = records(mature_messages(), 10**9, 1)
    border = next(
        n for n, each in enumerate(every) if each.appended_us >= START_US + HISTORY_DAYS * DAY_US
    )
    fold = Fold(directory / "mature", log, compiled)
    fold.fold(every[:border])
    gc.freeze()
    raws = {raw[2:30]: raw for raw in fold.profiles()}
    after = every[border : border + count]
    seconds = fold.fold(after)
    raws = fold.profiles()
    report(
        "fold_mature_events_per_s", len(after) / seconds, "events/s/core", goal=15_000,
        better="higher", baseline=len(after) / coding(raws, len(after)),
        profile_bytes=sum(map(len, raws)) // len(raws), people=len(raws), segments=BENCH_SEGMENTS,
    )  # fmt: skip
    fold.state.close()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    gc.set_threshold(*GC_THRESHOLDS)  # as `work` does
    made = project()
    compiled, log = compile_project(made), OneProject(made)
    with tempfile.TemporaryDirectory() as directory:
        new(Path(directory), log, compiled, count)
        mature(Path(directory), log, compiled, count)


if __name__ == "__main__":
    main()
