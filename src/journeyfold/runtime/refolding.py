"""What the fold could not take, folded again after a fix (REL-12).

A state is a function of the log, so the people of a parked record get what they should have had by
folding the log anew beside the state in force and putting the new state in its place (ADR 0016).
Readers see the old one until then. Whoever asks leaves a mark in the log's file; `work` follows it,
and follows it again if it was killed on the way.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable

import msgspec

from journeyfold.adapters.lmdb_state import DIRECTORY_NAME, LmdbState
from journeyfold.adapters.state_opening import put_in_place
from journeyfold.core.errors import Busy
from journeyfold.core.ports import StateReader, StateStore
from journeyfold.log.store import Marks
from journeyfold.project.compile import PUSH
from journeyfold.project.parking import Parked, parked_records
from journeyfold.runtime import outbox
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.lease_mark import lose_leases
from journeyfold.runtime.worker import LAGGING, is_current
from journeyfold.runtime.workspace import Workspace

LOOK_S = 0.5
_ASKED = "refold_asked"
_BESIDE = f"{DIRECTORY_NAME}.next"


def parked_in(reader: StateReader) -> list[Parked]:
    """Records that could not be folded, and people a record could not be folded for."""
    return [msgspec.msgpack.decode(raw, type=Parked) for _, raw in reader.scan("parked")]


def ask(marks: Marks) -> None:
    marks.set_number(_ASKED, 1)


class Asked:
    """Is a fold from the beginning wanted? Looked up twice a second."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._next_look_s = 0.0

    def __call__(self) -> bool:
        now_s = time.monotonic()
        if now_s < self._next_look_s:
            return False
        self._next_look_s = now_s + LOOK_S
        return bool(self._marks.number(_ASKED))


def refold(
    workspace: Workspace,
    loop_over: Callable[[StateStore], FoldLoop],
    stop: threading.Event,
    report: Callable[[str], None],
) -> None:
    """Fold the whole log beside the state and put the result in its place; nobody has the state
    open for writing meanwhile. Ends early, with nothing changed, when `stop` is set.
    """
    beside = workspace.place.data / _BESIDE
    shutil.rmtree(beside, ignore_errors=True)  # of one that was killed
    report("folding all records again, beside the state in force")
    state = LmdbState(beside)
    try:
        parked = _fold_all(workspace, state, loop_over(state), stop)
    except Busy as busy:
        state.close()
        shutil.rmtree(beside)
        workspace.log.marks.set_number(_ASKED, 0)  # or it would be tried for ever
        report(f"not folded again: {busy}")
        return
    finally:
        state.close()
    if stop.is_set():
        shutil.rmtree(beside)
        return
    lose_leases(workspace.log.marks)
    put_in_place(workspace.place.data, beside)
    workspace.log.marks.set_number(_ASKED, 0)
    report(f"all records are folded again, {parked} of them are still parked")


def _fold_all(
    workspace: Workspace, state: StateStore, loop: FoldLoop, stop: threading.Event
) -> int:
    """How many records it had to park."""
    while not stop.is_set() and loop.standing.offset < workspace.log.head()[0]:
        _, delivers = loop.batch(LAGGING)
        newest_us = loop.standing.appended_us
        with state.write() as writer:
            for deliver in delivers:
                if deliver.destination == PUSH and not is_current(deliver, newest_us):
                    outbox.drop(writer, deliver.key)
    with state.read() as reader:
        return parked_records(reader)
