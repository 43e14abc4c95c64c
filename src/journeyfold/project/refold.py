"""Facts of somebody from the records their nodes own: as if nothing else had ever been.

A split needs them (identity M4), and so does cleaning that changes: facts are made again from what
was sent, under the steps that hold from here on (quality Q18).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeyfold.core.effect import Effect
from journeyfold.core.event import Record
from journeyfold.core.ports import EventLog
from journeyfold.core.profile import Profile
from journeyfold.decide.assignment import fold_decision
from journeyfold.identity.resolve import Resolver
from journeyfold.privacy.consent import states_consent
from journeyfold.profile.aggregates import Aggregation
from journeyfold.project.compile import Compiled
from journeyfold.project.erasing import close_again
from journeyfold.project.step import STATED, Stages, Step
from journeyfold.quality.steps import Note, unnoted


class Refolding:
    """Call it with a person and their nodes; `upto` is the last record that counts."""

    def __init__(
        self, log: EventLog, identity: Resolver, compiled: Compiled,
        collecting: Sequence[Aggregation], upto: int, note: Note = unnoted,
    ) -> None:  # fmt: skip
        self._log, self._identity = log, identity
        self._compiled, self._collecting = compiled, collecting
        self._upto, self._note = upto, note

    def __call__(self, person: str, nodes: Iterable[bytes]) -> Profile:
        profile, own = Profile(person=person), frozenset(nodes)
        for old in self._log.history(self._identity.indexed(own), upto=self._upto):
            self._refold(old, profile, own)
        close_again(profile, own, self._identity, self._compiled)
        return profile

    def mended(self, profile: Profile, now_us: int, cause: str) -> list[Effect]:
        """What depends on cleaning is made anew, traits and aggregates, and settled on."""
        fresh = self(profile.person, self._identity.nodes_of(profile.person))
        profile.traits, profile.aggregates = fresh.traits, fresh.aggregates
        return self._compiled.settle(profile, now_us, cause)

    def _refold(self, old: Record, profile: Profile, own: frozenset[bytes]) -> None:
        """A record that only names the person's nodes may still state their consent."""
        owner = self._identity.owner_of(old.event, old.offset)
        if owner is None:
            return
        if old.kind == "decision" and owner in own:
            fold_decision(profile, old.event)
            profile.seen = old.offset
        elif old.kind in {"event", "consent"}:
            says = states_consent(old.event)
            bound = self._identity.bound_by(old.event, old.offset) if says else ()
            binds = [node for node in bound if node in own]
            if owner in own:
                self._facts(old, profile, owner, binds, note=self._note)
            elif binds:
                self._facts(old, profile, owner, binds, STATED)

    def _facts(
        self, old: Record, profile: Profile, owner: bytes, binds: Iterable[bytes],
        stages: Stages | None = None, note: Note = unnoted,
    ) -> None:  # fmt: skip
        record = self._compiled.cleaning.cleaned(old, note)
        Step(record, profile, owner, binds, self._compiled, self._collecting).facts(stages)
