"""Whom a decision is for: one person, one context, one instant, and the conditions bound to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial

from journeyfold.core.condition_eval import evaluate
from journeyfold.core.event import Json
from journeyfold.core.profile import Profile, Statement
from journeyfold.privacy.consent import fold_basis
from journeyfold.project.compile import Compiled

_SHOWN_MAX = 200  # characters of an operand in a reason


class _OnDemand(Mapping[str, Json]):
    """Values worked out when a template asks for the first of them; few do."""

    def __init__(self, work_out: Callable[[], Mapping[str, Json]]) -> None:
        self._work_out = work_out

    @cached_property
    def _values(self) -> Mapping[str, Json]:
        return self._work_out()

    def __getitem__(self, name: str) -> Json:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Situated:
    """The person and the conditions bound to them (`api.ports.Situation`).

    Conditions of the project are evaluated together on the first question, by one generated
    function that shares what they have in common.
    """

    def __init__(
        self,
        compiled: Compiled,
        profile: Profile | None,
        unit: str,
        context: Mapping[str, Json],
        now_us: int,
        offset: int,
        grants: Mapping[str, Statement] | None = None,
    ) -> None:
        """`grants` are what the source that asks grants a stranger: the consents that the fold
        will note with the first event it sends of them (trust PRV-3).
        """
        self._compiled, self._context, self._now_us = compiled, context, now_us
        self.profile, self.unit, self.profile_offset = profile, unit, offset
        self.person = profile.person if profile else ""
        self._view = compiled.view(profile or _stranger(grants), context)
        self._outcome: dict[str, tuple[Json, int]] | None = None

    def consents(self, purpose: str) -> bool:
        return self._compiled.consents(self._view.profile, purpose)

    def plain_values(self) -> Mapping[str, object]:
        if self.profile is None:
            return {"traits": {}, "features": {}}
        return {
            "traits": self._compiled.traits(self.profile),
            "features": _OnDemand(
                partial(self._compiled.feature_values, self.profile, self._now_us)
            ),
        }

    def holds(self, condition: str) -> bool:
        if self._outcome is None:
            self._outcome = self._compiled.decisions.evaluate(self._view, self._now_us)
        return self._outcome[condition][0] is True

    def because(self, condition: str) -> tuple[str, Json]:
        typed = self._compiled.decisions_typed[condition]
        _, _, reasons = evaluate(typed, self._view, self._now_us)
        if not reasons:
            return typed.text, None
        operands = reasons[0].operands
        value = operands[0].value if operands else None
        return reasons[0].text, value if not isinstance(value, str) else value[:_SHOWN_MAX]

    def anonymous(self) -> Situated:
        return Situated(self._compiled, None, "", self._context, self._now_us, self.profile_offset)


def _stranger(grants: Mapping[str, Statement] | None) -> Profile:
    profile = Profile(person="")
    if grants:
        fold_basis(profile, b"", grants)
    return profile
