"""One person, one context, one instant under a compiled project: what decide is asked about.

Conditions are evaluated together when the first is asked for, by the generated evaluator; the
reference evaluator answers why one did not hold. Nothing here reads a store or a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from journeyfold.core.condition_compile import Outcome
from journeyfold.core.condition_eval import evaluate
from journeyfold.core.event import Json
from journeyfold.core.profile import Profile
from journeyfold.privacy.consent import is_granted
from journeyfold.project.compile import Compiled


class ProjectSituation:
    """`Person` and `Conditions` of decide. `person` is empty while nobody is known.

    `unit` is whom variants are drawn by: the person, or who the subject would become.
    """

    def __init__(
        self,
        compiled: Compiled,
        profile: Profile | None,
        context: Mapping[str, Json],
        now_us: int,
        *,
        unit: str = "",
        profile_offset: int = -1,
    ) -> None:
        self._compiled, self._context, self._now_us = compiled, context, now_us
        self.profile, self.profile_offset = profile, profile_offset
        self.person = profile.person if profile is not None else ""
        self.unit = self.person or unit
        self._facts = profile if profile is not None else Profile("")
        self._view = compiled.view(self._facts, context)

    def consents(self, purpose: str) -> bool:
        """What was said, else the default of the person's country, else of the call's."""
        country = self._view.trait("country") or self._context.get("country")
        settings = self._compiled.project.settings.privacy
        where = country if isinstance(country, str) else None
        return is_granted(self._facts, purpose, settings, where)

    def plain_values(self) -> Mapping[str, object]:
        """For templates. Features are worked out here, so ask only to render."""
        return {
            "traits": self._compiled.traits(self._facts),
            "features": self._compiled.feature_values(self._facts, self._now_us),
        }

    def holds(self, condition: str) -> bool:
        return self._outcome[condition][0] is True

    def because(self, condition: str) -> tuple[str, Json]:
        """The first deciding leaf and the value it met."""
        typed = self._compiled.decisions_typed[condition]
        _, _, reasons = evaluate(typed, self._view, self._now_us)
        if not reasons:
            return typed.text, None
        first = reasons[0]
        return first.text, first.operands[0].value if first.operands else first.value

    def anonymous(self) -> ProjectSituation:
        """The same call for nobody (decisions A5)."""
        return ProjectSituation(
            self._compiled, None, self._context, self._now_us, profile_offset=self.profile_offset
        )

    @cached_property
    def _outcome(self) -> Outcome:
        return self._compiled.decisions.evaluate(self._view, self._now_us)
