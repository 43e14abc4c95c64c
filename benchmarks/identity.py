"""Who is who: in any order, taken back, at speed, on a kiosk, looked up and explained.

The two counts of differences play random worlds (`testing.worlds`, `testing.undone`) and must be
nought. Events are resolved and kept in LMDB in batches of 500 with a durable commit each; the
baseline is the same records over a dict. Time of a core is processor time.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from figure import report

from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.core.event import Record
from journeyfold.core.ports import StateReader
from journeyfold.identity.explain import why_between
from journeyfold.identity.graph import Graph
from journeyfold.identity.marks import Marks
from journeyfold.identity.resolve import Resolver, person_in
from journeyfold.identity.rules import DEFAULT_RULES, IdentityRules, KindRule, Limit
from journeyfold.runtime.work import GC_THRESHOLDS
from journeyfold.testing.evidence import NODE_KEY, Shelves, sighting
from journeyfold.testing.shopper import dice
from journeyfold.testing.undone import unlike
from journeyfold.testing.worlds import differences

QUICK = bool(os.environ.get("JOURNEYFOLD_BENCH_QUICK"))
WORLDS = 300 if QUICK else 10_000
EVENTS = 10_000 if QUICK else 100_000
KIOSK = 1_000 if QUICK else 10_000
BATCH = 500
NODES = 1_000


def traffic(count: int) -> list[Record]:
    """Visits of some ten events by people who log in on half of them; one device of three is shared."""
    random, records = dice("identity", count), []
    people = count // 20
    while len(records) < count:
        person = random.randrange(people)
        shared = random.random() < 0.3
        device = f"d{person // 2}s" if shared else f"d{person}-{random.randrange(2)}"
        names = [f"anonymous_id:{device}"]
        for step in range(random.randint(5, 15)):
            if step == 3 and random.random() < 0.5:
                names += [f"user_id:u{person}", f"email:u{person}@example.com"]
            records.append(sighting(len(records), *names, at_us=len(records) * 1_000_000))
    return records[:count]


def kiosk(users: int) -> list[Record]:
    return [
        sighting(n, f"user_id:u{n}", "anonymous_id:kiosk", at_us=n * 1_000_000)
        for n in range(users)
    ]


def folded(directory: Path, records: list[Record], rules: IdentityRules) -> tuple[LmdbState, float]:
    """The state with these records in it, and the processor seconds it took."""
    state = LmdbState(directory)
    with state.write() as writer:
        resolver = Resolver(rules, NODE_KEY, writer)
    started = time.process_time()
    for at in range(0, len(records), BATCH):
        with state.write() as writer:
            resolver.begin(writer)
            for record in records[at : at + BATCH]:
                resolver.resolve(record)
            resolver.flush(writer)
    return state, time.process_time() - started


def in_memory(records: list[Record], rules: IdentityRules) -> float:
    shelves = Shelves()
    resolver = Resolver(rules, NODE_KEY, shelves)
    started = time.process_time()
    for at in range(0, len(records), BATCH):
        for record in records[at : at + BATCH]:
            resolver.resolve(record)
        resolver.flush(shelves)
    return time.process_time() - started


def correctness() -> None:
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        ordered = list(pool.map(differences, range(WORLDS), chunksize=50))
        undone = list(pool.map(unlike, range(WORLDS), chunksize=50))
    for found in [*(one for each in ordered for one in each), *filter(None, undone)][:20]:
        print(found, file=sys.stderr)
    report(
        "identity_order_differences", sum(map(bool, ordered)), "worlds", goal=0, better="lower",
        worlds=WORLDS,
    )  # fmt: skip
    report(
        "identity_undone_differences", sum(map(bool, undone)), "worlds", goal=0, better="lower",
        worlds=WORLDS,
    )  # fmt: skip


def speed(directory: Path) -> None:
    records = traffic(EVENTS)
    gc.collect()
    gc.freeze()
    state, seconds = folded(directory, records, DEFAULT_RULES)
    memory_s = in_memory(records, DEFAULT_RULES)
    report(
        "identity_events_per_s", EVENTS / seconds, "events/s/core", goal=20_000, better="higher",
        baseline=EVENTS / memory_s, batch=BATCH,
    )  # fmt: skip
    with state.read() as reader:
        nodes = [key for key, _ in reader.scan("id_node")][:5_000]
        took = [timed(lambda node=node: person_in(reader, node)) for node in nodes]
    report(
        "identity_lookup_p50_us", 1e6 * median(took), "us", goal=10, better="lower",
        lookups=len(took),
    )  # fmt: skip
    state.close()


def shared(directory: Path) -> None:
    """A device of everybody: with the hub rule as it stands by default, and without it."""
    open_ended = IdentityRules(
        kinds=(
            KindRule("user_id", "account", 1),
            KindRule("anonymous_id", "device", Limit(count=5, within="7d"), hub=10**9),
        )
    )
    for name, rules in (("hub", DEFAULT_RULES), ("open", open_ended)):
        shared_under(directory / name, name, rules)


def shared_under(directory: Path, name: str, rules: IdentityRules) -> None:
    records = kiosk(KIOSK)
    memory_s = in_memory(records, rules)
    state, seconds = folded(directory, records, rules)
    with state.write() as writer:
        resolver = Resolver(rules, NODE_KEY, writer)
        early = sighting(KIOSK, "user_id:u0", "anonymous_id:kiosk", at_us=-1)
        again_s = timed(lambda: resolver.resolve(early))
        resolver.flush(writer)
        people = {resolver.person_of(node) for node, _ in writer.scan("id_node")}
    # with the rule the device is a person of its own, without it its first user's
    merged = KIOSK + (name == "hub") - len(people)
    report(
        f"identity_kiosk_{name}_ms", 1e3 * seconds, "ms", goal=50, better="lower",
        baseline=1e3 * memory_s, users=KIOSK, recompute_ms=round(1e3 * again_s, 2), merged=merged,
    )  # fmt: skip
    state.close()


def explained(directory: Path) -> None:
    """A chain of devices, each seen with the next: the longest way there is."""
    rules = IdentityRules(
        kinds=(KindRule("user_id", "account", 1), KindRule("anonymous_id", "device", 10**6, 10**6)),
        max_nodes=2 * NODES,
    )
    chain = [sighting(n, f"anonymous_id:d{n}", f"anonymous_id:d{n + 1}") for n in range(NODES - 1)]
    state, _ = folded(directory, chain, rules)
    with state.read() as reader:
        ends = [node_in(reader, rules, f"d{n}") for n in (0, NODES - 1)]
        took = [
            timed(lambda: why_between(Graph(reader), Marks(), ends[0], ends[1])) for _ in range(9)
        ]
        path = why_between(Graph(reader), Marks(), ends[0], ends[1]).path
    assert len(path) == NODES - 1, "the way leads through every node"
    report("identity_why_ms", 1e3 * median(took), "ms", goal=10, better="lower", nodes=NODES)
    state.close()


def node_in(reader: StateReader, rules: IdentityRules, value: str) -> bytes:
    (identifier,) = sighting(0, f"anonymous_id:{value}").event.identifiers
    return Resolver(rules, NODE_KEY, reader).node(identifier)


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def parts() -> Iterator[Callable[[Path], None]]:
    yield speed
    yield shared
    yield explained


def main() -> None:
    gc.set_threshold(*GC_THRESHOLDS)  # as `work` does
    for part in parts():
        with tempfile.TemporaryDirectory() as directory:
            part(Path(directory))
    correctness()


if __name__ == "__main__":
    main()
