"""A shop with millions of events in its log, made once in pieces and kept for the next run.

It lives in the directory that JOURNEYFOLD_BENCH_CACHE names, else in the system's temporary one,
under a name that changes with what is in it. A run adds what is missing for JOURNEYFOLD_BENCH_BUILD_S
seconds (40) and leaves the rest to the next; remove the directory to begin anew.

Events are small and go through the log's own `append`, sealed and indexed as all are, in groups so
large that each page of an index is written once a group. The first 50,000 are folded and the rest
is marked as folded.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from hashlib import blake2b
from pathlib import Path

import msgspec
from harness.shop import write_shop

from journeyfold.adapters.format import FORMAT
from journeyfold.adapters.sqlite_batch import SCHEMA
from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.standing import CONSUMED, Standing
from journeyfold.runtime.work import fold_loop
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

BUILD_S = float(os.environ.get("JOURNEYFOLD_BENCH_BUILD_S", "40"))
GROUP, FOLDED, PEOPLE = 100_000, 50_000, 200_000


def long_log(events: int) -> tuple[Path, int]:
    """(the shop's directory, how many events its log has by now)."""
    directory = kept(events)
    if not (directory / ".journeyfold").is_dir():
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        write_shop(directory)
    project = checked_project(directory)
    workspace = Workspace(place_of(directory, None), project)
    try:
        activate(workspace, project)
        made = _grown(workspace, events)
        _mark_folded(workspace)
        workspace.log.checkpoint()
    finally:
        workspace.close()
    return directory, made


def kept(events: int) -> Path:
    """Another layout of the log makes another directory."""
    layout = blake2b(f"{FORMAT} {SCHEMA} {GROUP}".encode(), digest_size=4).hexdigest()
    cache = Path(os.environ.get("JOURNEYFOLD_BENCH_CACHE") or tempfile.gettempdir())
    return cache / f"journeyfold-bench-log-{events}-{layout}" / "shop"


def user_of(number: int) -> str:
    """Who did event `number`: neighbours are strangers, everybody comes again."""
    return f"user-{number * 7919 % PEOPLE}"


def _grown(workspace: Workspace, events: int) -> int:
    """Groups are whole or not there, so the number in the marks is the number in the log."""
    deadline = time.monotonic() + BUILD_S
    made = workspace.log.marks.number("bench_events") or 0
    while made < events and time.monotonic() < deadline:
        now_us = workspace.clock.now_us()
        count = min(GROUP, events - made)
        workspace.log.append(_entries(made, count, now_us, workspace.node_key), now_us=now_us)
        made += count
        workspace.log.marks.set_number("bench_events", made)
        workspace.log.checkpoint()
    return made


def _entries(first: int, count: int, now_us: int, node_key: bytes) -> list[Entry]:
    entries = []
    for number in range(first, first + count):
        claim = Identifier("user_id", user_of(number))
        event = Event(
            f"e{number}", "Product Viewed", "track", "shop_server", (claim,), now_us, now_us,
            {"sku": f"SKU-{number % 120}", "category": "shoes", "price": 10.5 + number % 90},
            context={"auth": "server"},
        )  # fmt: skip
        entries.append(Entry(event, "event", number, (node_of(claim, node_key),)))
    return entries


def _mark_folded(workspace: Workspace) -> None:
    state = workspace.open_state()
    loop = fold_loop(workspace, state)
    while loop.standing.offset < min(FOLDED, workspace.log.head()[0]) and loop.batch(1_000)[0]:
        pass
    head, appended_us = workspace.log.head()
    with state.write() as writer:
        writer.put("meta", CONSUMED, msgspec.msgpack.encode(Standing(head, appended_us, head + 1)))
    state.close()
