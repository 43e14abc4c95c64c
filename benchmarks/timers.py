"""Timers under `journeyfold up`: very many pending, a backlog after a stop, then a steady stream.

A million people wait in a journey (50,000 in quick mode, and shares to match); `harness/waiting.py`
says how they come there. At full length it takes a minute and a half. A hundred thousand of them were due while nothing ran: `timer_backlog_s` is
the time from the command that starts the platform to the record that says the last of them went on.
After that a thousand are due each second; `timer_lateness_p99_s` compares, person by person, the
instant at which they were due with the log time of the record that says they went on. Memory and
disk are read at the end. The baseline of the backlog is a table of timers in SQLite: 500 rows read,
marked and committed at a time.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from pathlib import Path

from figure import report
from harness.load import percentile
from harness.serving import family, scratch, up
from harness.shop import IS_QUICK
from harness.waiting import Crowd

from journeyfold.core.instant import DAY_US, SECOND_US
from journeyfold.runtime.workspace import Workspace, place_of

PENDING = 50_000 if IS_QUICK else 1_000_000
BACKLOG = 10_000 if IS_QUICK else 100_000
PER_S = 1_000
STREAM_S = 4 if IS_QUICK else 15
SETTLE_S = 15 if IS_QUICK else 45  # from the start to the first due of the stream
COMMIT = 500


def made(directory: Path, now_us: int) -> int:
    """Everybody waits: the first due of the stream."""
    crowd = Crowd(directory, now_us)
    span_us = 2_000 * SECOND_US
    crowd.add([now_us - 3_000 * SECOND_US + n * span_us // BACKLOG for n in range(BACKLOG)])
    crowd.add([now_us + 10 * DAY_US + n * SECOND_US for n in range(PENDING)])
    first_us = time.time_ns() // 1000 + SETTLE_S * SECOND_US
    crowd.add([first_us + n * SECOND_US // PER_S for n in range(PER_S * STREAM_S)])
    crowd.close()
    return first_us


class Watch:
    """The log as `up` writes it, read beside it."""

    def __init__(self, directory: Path) -> None:
        self.workspace = Workspace(place_of(directory, None))
        self.after = self.workspace.log.head()[0]
        self.gone: list[tuple[int, int]] = []  # (due, log time) of everyone who went on

    def look(self) -> int:
        while records := self.workspace.log.read(self.after, 10_000):
            self.after = records[-1].offset
            self.gone += [
                (each.event.occurred_us, each.appended_us)
                for each in records
                if each.event.name == "journey.exited"
            ]
        return len(self.gone)

    def wait(self, people: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.look() < people:
            if time.monotonic() > deadline:
                sys.exit(f"only {len(self.gone)} of {people} timers fired in {seconds:g} s")
            time.sleep(0.5)


def memory(process: int) -> dict[str, int]:
    """MB of `work`: the most it ever held, and of what is held now its own and the state's file."""
    (work,) = (each for each in family(process) if _is_work(each))
    rows = Path(f"/proc/{work}/status").read_text().splitlines()
    sizes = {row.split(":")[0]: int(row.split()[1]) // 1024 for row in rows if row.endswith("kB")}
    return {"most": sizes["VmHWM"], "own": sizes["RssAnon"], "file": sizes["RssFile"]}


def _is_work(process: int) -> bool:
    return b"\0work\0" in Path(f"/proc/{process}/cmdline").read_bytes()


def table_of_timers_s(directory: Path) -> float:
    """Seconds in which a durable table of as many timers fires the backlog."""
    connection = sqlite3.connect(directory / "timers.sqlite", isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE timer (id INTEGER PRIMARY KEY, due INTEGER, state INTEGER DEFAULT 0);"
        "CREATE INDEX due ON timer(state, due); BEGIN"
    )
    connection.executemany("INSERT INTO timer (due) VALUES (?)", ((n,) for n in range(PENDING)))
    connection.execute("COMMIT")
    started = time.perf_counter()
    for _ in range(0, BACKLOG, COMMIT):
        connection.execute("BEGIN IMMEDIATE")
        found = connection.execute(
            "SELECT id FROM timer WHERE state = 0 AND due < ? ORDER BY due LIMIT ?",
            (BACKLOG, COMMIT),
        ).fetchall()
        connection.executemany("UPDATE timer SET state = 1 WHERE id = ?", found)
        connection.execute("COMMIT")
    took = time.perf_counter() - started
    connection.close()
    return took


def main() -> None:
    with scratch() as directory:
        directory.parent.mkdir(exist_ok=True)
        now_us = time.time_ns() // 1000
        baseline = table_of_timers_s(directory.parent)
        first_us = made(directory, now_us)
        state = directory / ".journeyfold/state.lmdb/data.mdb"
        state_mb = state.stat().st_size // 2**20
        watch = Watch(directory)
        started_us = time.time_ns() // 1000
        with up(directory) as (_, process):
            watch.wait(BACKLOG, 120)
            backlog_us = max(at for _, at in watch.gone[:BACKLOG]) - started_us
            after_backlog = memory(process)
            left_s = (first_us - time.time_ns() // 1000) / SECOND_US
            time.sleep(max(0.0, left_s) + STREAM_S)
            watch.wait(BACKLOG + PER_S * STREAM_S, 60)
            held = memory(process)
        late = [(at - due) / SECOND_US for due, at in watch.gone if due >= first_us]
        watch.workspace.close()
        told = {"pending": PENDING, "work_mb": held, "work_after_backlog_mb": after_backlog}
        report(
            "timer_backlog_s", backlog_us / SECOND_US, "s", goal=15, better="lower",
            baseline=baseline, backlog=BACKLOG, state_mb=state_mb, **told,
        )  # fmt: skip
        report(
            "timer_lateness_p99_s", percentile(late, 0.99), "s", goal=1, better="lower",
            due_per_s=PER_S, began_s_after_backlog=round(left_s, 1), most_s=round(max(late), 3), median_s=round(percentile(late, 0.5), 3),
            **told,
        )  # fmt: skip


if __name__ == "__main__":
    main()
