"""Replay: the state of a shop built anew from its log, with identity, twenty segments and LMDB.

The log is made as in life: simulated shoppers' messages pass the collector's gate (envelope,
consent, plan, identity) into the encrypted SQLite log, with log time running as it ran then and a
`timer.fired` every hour. Timed is what `journeyfold replay` runs. The baseline reads, decrypts and
decodes the same records and does nothing with them. Seconds are the process's processor time.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from figure import report
from shop20 import BENCH_SEGMENTS, SEGMENTS, START_US

from journeyfold.collect.admit import admit
from journeyfold.collect.arrival import Arrival
from journeyfold.core.event import Event
from journeyfold.core.instant import DAY_US, HOUR_US, instant_us
from journeyfold.core.ports import Entry
from journeyfold.project.scaffold import write_template
from journeyfold.runtime.gates import gates_of
from journeyfold.runtime.replaying import replay
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of
from journeyfold.testing.shoppers import history

SHOPPERS = 900
DAYS = 60
GROUP = 200  # messages the log takes in one commit
READ = 1_000


def timer(at_us: int) -> Entry:
    event = Event(
        id=f"timer/{at_us}", name="timer.fired", type="system", source="_system", identifiers=(),
        occurred_us=at_us, received_us=at_us, properties={"until_us": at_us},
        context={"auth": "system"},
    )  # fmt: skip
    return Entry(event=event, kind="timer")


def take_in(workspace: Workspace, shoppers: int) -> int:
    """Events in the log, once all messages have passed the gate."""
    project = checked_project(workspace.place.directory)
    activate(workspace, project)
    start_us = max(START_US, workspace.log.head()[1])
    key = workspace.keyring.derive("link")
    gates = gates_of(project, workspace.node_key, lambda: None, receipt_key=key)
    events, waiting, hour_us, at_us = 0, [], start_us, start_us
    for message in history("replay", shoppers, start_us, start_us + DAYS * DAY_US):
        is_browser = "anonymousId" in message
        at_us = instant_us(str(message["timestamp"])) or start_us
        gate = gates["shop_web" if is_browser else "shop_server"]
        arrival = Arrival(received_us=at_us, auth="browser" if is_browser else "server")
        item = admit(gate, message, arrival, "")
        assert isinstance(item, Entry), f"{message} is not taken: {item}"
        waiting.append(item)
        events += 1
        if len(waiting) >= GROUP or at_us - hour_us > HOUR_US:
            workspace.log.append(waiting, now_us=at_us)
            waiting = []
        if at_us - hour_us > HOUR_US:
            hour_us = at_us
            waiting.append(timer(at_us))
    workspace.log.append(waiting, now_us=at_us)
    return events


def reading(workspace: Workspace) -> float:
    """Processor seconds to read everything."""
    started, after = time.process_time(), -1
    while records := workspace.log.read(after, READ):
        after = records[-1].offset
    return time.process_time() - started


def main() -> None:
    shoppers = int(sys.argv[1]) if len(sys.argv) > 1 else SHOPPERS
    with tempfile.TemporaryDirectory() as directory:
        write_template("shop", Path(directory))
        for folder in ("journeys", "tests"):  # what journeys cost is a figure of its own
            shutil.rmtree(Path(directory) / folder)
        (Path(directory) / "segments" / "bench.yaml").write_text(SEGMENTS)
        workspace = Workspace(place_of(Path(directory), None))
        events = take_in(workspace, shoppers)
        read_s = reading(workspace)
        started = time.process_time()
        done = replay(workspace, verify=False, by="appended", progress=lambda *_: None)
        seconds = time.process_time() - started
        workspace.close()
    report(
        "replay_events_per_s", events / seconds, "events/s/core", goal=30_000, better="higher",
        baseline=events / read_s, people=done.people, events=events, segments=BENCH_SEGMENTS,
        encrypted=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
