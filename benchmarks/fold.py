"""The fold with its store: resolve, stages, 20 segments, LMDB commits. Figures per core.

`fold_new` folds the first events of people who are new; `fold_mature` folds further events of
people with profiles of about 2 kB. The baseline is decoding and encoding the same profiles with
nothing in between. Time is the process's processor time, so other programs do not count.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import msgspec
from figure import report

from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.core.event import Event, Identifier, Record
from journeyfold.core.profile import Profile
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.load import load, read_directory
from journeyfold.project.people import encode_profile, profile_of

ROOT = Path(__file__).resolve().parent.parent
SHOP = ROOT / "src/journeyfold/project/templates/shop"
KEY = bytes(32)
START_US = 1_790_000_000_000_000
SEGMENTS = 20
BATCH = 500


class OneProject:
    """A log of one record: the project."""

    def __init__(self, files: dict[str, str], hash_: str) -> None:
        self.first = Record(0, START_US, "project", _event(0, "project.activated", "", {"hash": hash_, "files": files}))

    def read(self, after: int, limit: int) -> list[Record]:
        return [self.first][: max(0, -after)][:limit]


def _event(number: int, name: str, user: str, properties: dict, anonymous: str = "") -> Event:
    claims = [Identifier("user_id", user)] if user else []
    claims += [Identifier("anonymous_id", anonymous)] if anonymous else []
    at_us = START_US + number * 50_000
    return Event(
        id=f"e{number}", name=name, type="track", source="shop_server", identifiers=tuple(claims),
        occurred_us=at_us, received_us=at_us, properties=properties, context={"auth": "server"},
    )  # fmt: skip


def files() -> dict[str, str]:
    """The shop with segments added up to twenty that read traits, windows and lifetimes."""
    texts = read_directory(SHOP)
    have = sum(text.count("- {id: ") + text.count("- id: ") for path, text in texts.items() if path.startswith("segments/"))
    rows = [
        f"  - {{id: bench-{n}, when: 'count(\"Product Viewed\", within=\"{n + 1}d\") >= {n + 2} and traits.country != \"XX\"'}}"
        for n in range(max(0, SEGMENTS - have))
    ]
    if rows:
        texts["segments/bench.yaml"] = "segments:\n" + "\n".join(rows) + "\n"
    return texts


def stream(people: int, first: int, count: int) -> list[Record]:
    """Mostly views, some carts and orders, spread over people."""
    records = []
    for number in range(first, first + count):
        user = f"user-{number * 7919 % people}"
        view = {"sku": f"SKU-{number % 120}", "name": "Trail shoe", "category": ("shoes", "coats", "bags")[number % 3], "price": 10.5 + number % 90}
        match number % 20:
            case 0:
                event = _event(number, "Order Completed", user, {"order_id": f"o{number}", "total": 120.5, "currency": "EUR"})
            case 5 | 10:
                event = _event(number, "Cart Updated", user, {"cart_id": f"c{number}", "total": 80.0, "currency": "EUR"})
            case _:
                event = _event(number, "Product Viewed", user, view)
        records.append(Record(number, START_US + number * 50_000, "event", event))
    return records


def fold(engine: Engine, state: LmdbState, records: list[Record]) -> float:
    """Processor seconds for batches with a durable commit each."""
    started = time.process_time()
    for at in range(0, len(records), BATCH):
        with state.write() as writer:
            engine.fold(writer, records[at : at + BATCH])
    return time.process_time() - started


def coding(state: LmdbState, records: list[Record]) -> float:
    """Processor seconds to read, decode and encode a profile for each record."""
    decoder = msgspec.msgpack.Decoder(Profile)
    with state.read() as reader:
        raws = [raw for _, raw in reader.scan("profile")]
    started = time.process_time()
    for number in range(len(records)):
        encode_profile(decoder.decode(raws[number % len(raws)]))
    return time.process_time() - started


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    project = load(files())
    compiled = compile_project(project)
    log = OneProject(dict(project.files), project.hash)
    with tempfile.TemporaryDirectory() as directory:
        state = LmdbState(Path(directory) / "state.lmdb")
        engine = Engine(log, KEY, lambda _texts: compiled)
        with state.write() as writer:
            engine.fold(writer, log.read(-1, 1))
        new = stream(count, 1, count)
        seconds = fold(engine, state, new)
        base = coding(state, new)
        report(
            "fold_new_events_per_s", count / seconds, "events/s/core", goal=40_000, better="higher",
            baseline=count / base,
        )  # fmt: skip
        people = 2_000
        state.close()
        state = LmdbState(Path(directory) / "mature.lmdb")
        engine = Engine(log, KEY, lambda _texts: compiled)
        with state.write() as writer:
            engine.fold(writer, log.read(-1, 1))
        fold(engine, state, stream(people, 1, people * 40))
        mature = stream(people, people * 40 + 1, count)
        seconds = fold(engine, state, mature)
        base = coding(state, mature)
        with state.read() as reader:
            sizes = [len(raw) for _, raw in reader.scan("profile")]
        report(
            "fold_mature_events_per_s", count / seconds, "events/s/core", goal=15_000, better="higher",
            baseline=count / base, profile_bytes=sum(sizes) // len(sizes), segments=len(project.segments),
        )  # fmt: skip
        state.close()


if __name__ == "__main__":
    main()
