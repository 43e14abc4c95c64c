"""The fold with twenty live journeys: the shop's own and more, over what its shoppers do.

An input is an event, or a person whom time moves on. Sixty days of history stand before what is
timed, so people are waiting in journeys, have been through some, and come back; a tick every 250
events lets time pass for those who do nothing. The same is folded with the journeys and without:
the figure is inputs by the processor time that journeys add, everything included that they cause
(what they say is counted, profiles and the wake index grow). `whole_fold_per_s` is all of it:
identity, twenty segments, journeys, LMDB commits; `without_per_s` the fold that has none.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from figure import report
from shop20 import SEGMENTS, SHOP, START_US, OneProject, records

from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.core.effect import Deliver, Effect, Emit, Say
from journeyfold.core.event import Event, Record
from journeyfold.core.instant import DAY_US
from journeyfold.project.compile import Compiled, compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.load import load, read_directory
from journeyfold.runtime.work import GC_THRESHOLDS
from journeyfold.runtime.worker import LAGGING
from journeyfold.testing.shoppers import history

KEY = bytes(32)
LIVE = 20
SHOPPERS, HISTORY_DAYS = 1_000, 60
TICK_EVENTS = 250  # ten ticks a second at 2,500 events/s

# Beside the shop's own: the kinds of steps that a marketer strings together.
MORE = {
    "first-look": "entry: [{event: Product Viewed, where: 'count(\"Product Viewed\") == 3'}]\nexit: [{event: Order Completed, reason: bought}]\nsteps:\n  - {id: wait, wait: {for: 2h}}\n  - {id: mail, send: {channel: email, template: welcome, expires: 4h}}\n",
    "dear-cart": "entry: [{event: Cart Updated, where: 'properties.total >= 150'}]\nexit: [{event: Order Completed, reason: bought}]\ngoal: {event: Order Completed, within: 3d, value: properties.total}\nsteps:\n  - {id: watch, wait_for: {any: [{event: Checkout Started, goto: far}], timeout: 4h, reset_on: Cart Updated}}\n  - {id: near, exit: left}\n  - {id: far, wait: {for: 1h}}\n  - {id: mail, send: {channel: email, template: welcome}}\n",
    "checkout-left": "entry: [{event: Checkout Started}]\nexit: [{event: Order Completed, reason: bought}]\nreentry: {min_interval: 1d}\nsteps:\n  - {id: hour, wait: {for: 1h}}\n  - {id: mail, send: {channel: email, template: welcome, expires: 1d}}\n  - {id: answer, wait_for: {any: [{event: message.clicked, goto: done}], timeout: 2d}}\n  - {id: done, exit: completed}\n",
    "second-order": "entry: [{event: Order Completed, where: 'count(\"Order Completed\") == 1'}]\nexit: [{event: Order Completed, reason: bought}]\nsteps:\n  - {id: month, wait: {local_days: 30}}\n  - {id: nine, wait: {until: \"09:00\", days: [1, 2, 3, 4, 5]}}\n  - {id: mail, send: {channel: email, template: welcome}}\n",
    "refunded": "entry: [{event: Order Refunded}]\nsteps:\n  - {id: days, wait: {for: 3d}}\n  - {id: ask, send: {channel: email, template: welcome}}\n",
    "survey-low": "entry: [{event: Survey Answered, where: 'properties.score <= 6'}]\nsteps:\n  - {id: tell, update: {traits: {last_complaint: told}}}\n  - {id: wait, wait: {for: 7d}}\n",
    "regular": "entry: [{segment: {id: regulars}}]\nreentry: {min_interval: 30d}\nsteps:\n  - {id: split, split: {salt: regular, arms: {a: {weight: 50, goto: mail}, b: {weight: 50, goto: wait}}}}\n  - {id: wait, wait: {for: 3d}}\n  - {id: mail, send: {channel: email, template: welcome}}\n",
    "taste": "entry: [{segment: {id: wide-taste}}]\nexit: [{when: 'not in_segment(\"wide-taste\")', reason: narrow}]\nsteps:\n  - {id: wait, wait: {for: 14d}}\n  - {id: way, branch: [{if: 'count(\"Order Completed\") >= 1', goto: done}]}\n  - {id: mail, send: {channel: email, template: welcome}}\n  - {id: done, exit: completed}\n",
    "letters": "entry: [{segment: {id: german-speaking}}]\nreentry: {mode: once}\nsteps:\n  - {id: one, wait: {local_days: 7}}\n  - {id: mail, send: {channel: email, template: welcome}}\n  - {id: again, goto: one, max: 8}\n",
    "promoter": "entry: [{segment: {id: promoters}}]\nsteps:\n  - {id: ask, send: {channel: email, template: welcome}}\n  - {id: heard, wait_for: {any: [{event: message.opened, goto: done}], timeout: 5d}}\n  - {id: done, exit: completed}\n",
    "big-basket": "entry: [{segment: {id: big-basket}}]\nexit: [{event: Order Completed, reason: bought}]\ngoal: {event: Order Completed, within: 7d, value: properties.total, exit: true}\nsteps:\n  - {id: wait, wait: {for: 5d}}\n",
    "stage": "entry: [{stage: {lifecycle: customer, to: Active}}]\nsteps:\n  - {id: wait, wait: {for: 10d}}\n  - {id: mail, send: {channel: email, template: welcome}}\n",
}  # fmt: skip


def compiled(*, journeys: bool) -> Compiled:
    files = {**read_directory(SHOP), "segments/bench.yaml": SEGMENTS}
    own = [path for path in files if path.startswith("journeys/")]
    for name, text in list(MORE.items())[: LIVE - len(own)]:
        policy = "policy: {purpose: marketing, caps: [daily, weekly]}\n"
        files[f"journeys/{name}.yaml"] = f"title: {name}\n{policy}{text}"
    if not journeys:
        files = {path: text for path, text in files.items() if not path.startswith("journeys/")}
        files = {path: text for path, text in files.items() if not path.startswith("tests/")}
    made = load(files)
    assert not journeys or len(made.journeys) == LIVE, f"{len(made.journeys)} journeys"
    return compile_project(made)


def with_ticks(events: Sequence[Record]) -> list[Record]:
    """Records of a log in which time passes too, numbered anew."""
    found: list[Record] = []
    for at, event in enumerate(events):
        if at % TICK_EVENTS == 0:
            found.append(
                Record(len(found) + 1, event.appended_us, "timer", _timer(event.appended_us))
            )
        found.append(Record(len(found) + 1, event.appended_us, event.kind, event.event))
    return found


def _timer(at_us: int) -> Event:
    return Event(
        id=f"timer/{at_us}", name="timer.fired", type="system", source="_system", identifiers=(),
        occurred_us=at_us, received_us=at_us, properties={"until_us": at_us},
        context={"auth": "system"},
    )  # fmt: skip


class Fold:
    """A state and an engine; `said` counts what the fold would have told."""

    def __init__(self, directory: Path, project: Compiled) -> None:
        self.state = LmdbState(directory)
        log = OneProject(project.project)
        self.engine = Engine(log, KEY, lambda _texts: project)
        self.said: Counter[str] = Counter()
        self.moved = 0
        self._count_moved()
        self.fold(log.read(-1, 1))

    def _count_moved(self) -> None:
        due = self.engine.people.due

        def counted(*asked):
            found = due(*asked)
            self.moved += len(found)
            return found

        self.engine.people.due = counted

    def fold(self, batch: list[Record]) -> float:
        """Processor seconds for batches with a durable commit each."""
        started = time.process_time()
        for at in range(0, len(batch), LAGGING):
            with self.state.write() as writer:
                effects = self.engine.fold(writer, batch[at : at + LAGGING])
            self.said.update(_named(each) for each in effects)
        return time.process_time() - started


def _named(effect: Effect) -> str:
    if isinstance(effect, Emit | Say):
        return effect.name
    return "message" if isinstance(effect, Deliver) else ""


def measured(directory: Path, project: Compiled, before, after) -> tuple[float, int, Counter[str]]:
    """(seconds, inputs, what was said) of the records after a history."""
    fold = Fold(directory, project)
    fold.fold(before)
    gc.collect()
    gc.freeze()
    fold.said.clear()
    fold.moved = 0
    seconds = fold.fold(after)
    fold.state.close()
    events = sum(record.kind == "event" for record in after)
    return seconds, events + fold.moved, fold.said


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    gc.set_threshold(*GC_THRESHOLDS)  # as `work` does
    messages = history("journeys", SHOPPERS, START_US, START_US + 2 * HISTORY_DAYS * DAY_US)
    every = with_ticks(records(messages, 10**9, 1))
    border = next(
        n for n, each in enumerate(every) if each.appended_us >= START_US + HISTORY_DAYS * DAY_US
    )
    before, after = every[:border], every[border : border + count]
    with tempfile.TemporaryDirectory() as directory:
        none = compiled(journeys=False)
        plain_s, plain, _ = measured(Path(directory) / "none", none, before, after)
        live = compiled(journeys=True)
        seconds, inputs, said = measured(Path(directory) / "live", live, before, after)
    report(
        "journey_inputs_per_s", inputs / (seconds - plain_s), "inputs/s/core", goal=15_000,
        better="higher", journeys=LIVE, inputs=inputs, whole_fold_per_s=round(inputs / seconds),
        without_per_s=round(plain / plain_s),
        entered=said["journey.entered"], exited=said["journey.exited"], messages=said["message"],
        refused=said["journey.refused"], skipped=said["message.skipped"],
    )  # fmt: skip


if __name__ == "__main__":
    main()
