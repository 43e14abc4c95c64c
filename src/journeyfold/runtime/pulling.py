"""What is pulled while the platform runs: scheduled imports and followed changes (ADR 30).

Each source that is pulled has a thread of its own, which calls `step` when it is due and shows what
came of it; so a source never overtakes itself, and one that waits for its server delays no other.
What a step raises is shown, waited after and tried again: it never ends the process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from journeyfold.activate.again import wait_us
from journeyfold.core.errors import DamageError, JourneyfoldError
from journeyfold.core.ports import Clock
from journeyfold.runtime.pull_standing import PullStanding

LOOK_S = 0.25
JOIN_S = 5.0  # a thread that does not come back in this time ends with the process
NEVER_US = 1 << 62


class Pull(Protocol):
    """One source that is pulled. All but `stop` is called by one thread."""

    @property
    def source(self) -> str: ...

    @property
    def due_us(self) -> int:
        """When `step` wants to be called, in log time: 0 at once, `NEVER_US` never."""
        ...

    def step(self, standing: PullStanding) -> None:
        """A whole import, or a piece of a stream of about a second. Writes what it did into the
        standing. JourneyfoldError: it is tried again after a while.
        """
        ...

    def stop(self) -> None:
        """From another thread: a step that is under way ends soon."""
        ...

    def close(self) -> None: ...


class Turns:
    """The turns of one source, in a thread of their own until `stop`."""

    def __init__(self, pull: Pull, clock: Clock, report: Callable[[str], None]) -> None:
        self._pull, self._clock, self._report = pull, clock, report
        self.standing = PullStanding(pull.source)
        self.damage: DamageError | None = None
        self._stopping = threading.Event()
        self._not_before_us = 0
        self._thread = threading.Thread(target=self._run, name=f"pull-{pull.source}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._pull.stop()

    def join(self) -> None:
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                due_us = max(self._pull.due_us, self._not_before_us)
                self.standing.next_us = due_us if due_us < NEVER_US else 0
                if self._clock.now_us() >= due_us:
                    self._step()
                else:
                    self._stopping.wait(LOOK_S)
        finally:
            self._pull.close()

    def _step(self) -> None:
        standing, now_us = self.standing, self._clock.now_us()
        standing.state, standing.started_us = "running", now_us
        try:
            self._pull.step(standing)
        except DamageError as damage:
            self.damage = damage
            self._stopping.set()
        except JourneyfoldError as error:
            self._failed(str(error))
        else:
            if standing.failures:
                self._report(f"{standing.source} goes on")
            standing.state, standing.problem, standing.failures = "waiting", "", 0
            standing.succeeded_us = self._clock.now_us()
            self._not_before_us = 0
        standing.ended_us = self._clock.now_us()

    def _failed(self, problem: str) -> None:
        """Nothing, where it was told to end. Shown once while it stays the same; tried again with full jitter, after a while."""
        standing = self.standing
        if self._stopping.is_set():
            standing.state = "waiting"
            return
        standing.failures += 1
        if problem != standing.problem:
            is_named = standing.source in problem.replace(":", " ").split()
            self._report(problem if is_named else f"{standing.source}: {problem}")
        standing.state = "failed" if standing.is_final else "failing"
        standing.problem = problem
        pause_us = wait_us("api", standing.source, min(standing.failures, 12))
        self._not_before_us = self._clock.now_us() + max(1_000_000, pause_us)


class Pulling:
    """All sources that are pulled, under one version of the project after another."""

    def __init__(
        self,
        clock: Clock,
        report: Callable[[str], None],
        known: Mapping[str, PullStanding] | None = None,
    ) -> None:
        """`known` is how sources stood when this process ended last."""
        self._clock, self._report = clock, report
        self._turns: list[Turns] = []
        self._known = dict(known or {})

    @property
    def standings(self) -> list[PullStanding]:
        return [each.standing for each in self._turns]

    def take_over(self, pulls: Sequence[Pull]) -> None:
        """These from here on; what was under way is ended first and goes on where it stood."""
        self._known |= {each.standing.source: each.standing for each in self._turns}
        self.stop()
        self._turns = [Turns(pull, self._clock, self._report) for pull in pulls]
        for each in self._turns:
            known = self._known.pop(each.standing.source, None)
            if known is not None:
                known.failures, known.state, known.problem = 0, "waiting", ""
                each.standing = known
            each.start()

    def require_going(self) -> None:
        """Raises what nothing here can go on after."""
        for each in self._turns:
            if each.damage is not None:
                raise each.damage

    def stop(self) -> None:
        for each in self._turns:
            each.stop()
        for each in self._turns:
            each.join()
