"""A call of decide and what comes back: values only.

Whoever answers a call hands over the person and the conditions bound to them; everything else a
decision depends on is in `Asked` and in the `Catalogue`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from journeyfold.core.decision import Assigned, Decision, Mode
from journeyfold.core.event import Json
from journeyfold.core.profile import Contact, Profile


class Person(Protocol):
    """Whom the decision is for. Without the purpose `personalization` this is nobody: an empty
    profile, so that only the context counts (decisions A5).
    """

    @property
    def profile(self) -> Profile | None: ...

    def consents(self, purpose: str) -> bool:
        """Stored consent, narrowed by the call's."""
        ...

    def plain_values(self) -> Mapping[str, object]:
        """`traits` and `features` as plain values for templates (decisions D7)."""
        ...


class Question(msgspec.Struct, frozen=True):
    """One placement of a call. `forced_*` pin offer and variant in a preview."""

    placement: str
    limit: int | None = None
    forced_offer: str | None = None
    forced_variant: str | None = None


class Asked(msgspec.Struct, frozen=True):
    """A call, everything but the person. `unit` is whom variants are drawn by; `is_personal` says
    that the purpose `personalization` is granted.
    """

    decision_id: str
    questions: tuple[Question, ...]
    unit: str
    now_us: int
    profile_offset: int
    context: Mapping[str, Json] = {}
    mode: Mode = "live"
    is_personal: bool = True
    is_traced: bool = False
    degraded: tuple[str, ...] = ()
    reserved: tuple[Contact, ...] = ()
    receipt_key: bytes = b""


class Answer(msgspec.Struct, frozen=True):
    """The decision, what to remember of it, and the caps it uses until exposures come in."""

    decision: Decision
    assigned: tuple[Assigned, ...] = ()
    reserved: tuple[Contact, ...] = ()


class Nobody:
    """An unknown person: no facts, no consent but to what is necessary, and no condition holds."""

    profile: Profile | None = None

    def consents(self, purpose: str) -> bool:
        return purpose == "necessary"

    def plain_values(self) -> Mapping[str, object]:
        return {"traits": {}, "features": {}}


class Narrowed:
    """A person whose stored consents a call has narrowed, never widened (decisions A5)."""

    def __init__(self, person: Person, said: Mapping[str, bool]) -> None:
        self._person, self._said = person, said
        self.profile = person.profile

    def consents(self, purpose: str) -> bool:
        return self._said.get(purpose, True) and self._person.consents(purpose)

    def plain_values(self) -> Mapping[str, object]:
        return self._person.plain_values()
