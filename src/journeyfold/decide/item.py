"""Items: a candidate becomes what is shown: variant, content, receipt, and its share of the caps.

Rendered are chosen candidates only (decisions D7); one that cannot be rendered is a reason.
"""

from __future__ import annotations

from collections.abc import Mapping

from journeyfold.core.decision import Assigned, CandidateReason, Item, exposure_key
from journeyfold.core.profile import Contact
from journeyfold.decide import content, receipt
from journeyfold.decide.call import Asked, Person
from journeyfold.decide.caps import ContactCounts
from journeyfold.decide.catalogue import Answerable, Candidate, Catalogue
from journeyfold.decide.rank import Ranked
from journeyfold.decide.template import TemplateError
from journeyfold.decide.variant import Chosen, chosen_variant


class Items:
    """Makes the items of one call and keeps what they leave behind: `assigned` and `taken`."""

    def __init__(self, asked: Asked, person: Person, catalogue: Catalogue) -> None:
        self.asked, self.person, self.catalogue = asked, person, catalogue
        self.profile = person.profile
        is_live = asked.mode == "live"
        self._is_sticky = self.profile is not None and asked.is_personal and is_live
        stored = self.profile.contacts if self.profile is not None else ()
        self.counts = ContactCounts(stored, asked.reserved) if is_live else ContactCounts(())
        self.assigned: dict[str, Assigned] = {}
        self.taken: list[Contact] = []
        self._values: dict[str, object] = {}
        self._locales: tuple[str, ...] = ()

    def ranked(
        self,
        answerable: Answerable,
        ranking: Ranked,
        candidate: Candidate,
        rank: int,
        propensity: float | None,
    ) -> Item | CandidateReason:
        """The item at this rank, in the variant of this person."""
        asked = self.asked
        assignments = self.profile.assignments if self.profile is not None else {}
        unit = asked.unit if asked.is_personal else asked.decision_id
        chosen = chosen_variant(
            candidate, assignments, unit, self.catalogue.version, is_sticky=self._is_sticky
        )
        score = ranking.scores.get(candidate.id)
        item = self._rendered(
            answerable, candidate, chosen, rank, ranking.policy, score, propensity
        )
        if isinstance(item, CandidateReason):
            return item
        if chosen.assigned is not None:
            self.assigned[candidate.id] = chosen.assigned
        if asked.mode == "live":
            self._take(answerable, candidate)
        return item

    def pinned(
        self, answerable: Answerable, candidate: Candidate, variant: int, policy: str
    ) -> Item | CandidateReason:
        """An item nobody ranked: a default, or one forced in a preview."""
        chosen = Chosen(variant, candidate.offer.variants[variant].id)
        return self._rendered(answerable, candidate, chosen, 1, policy, None, 1.0)

    def _rendered(
        self,
        answerable: Answerable,
        candidate: Candidate,
        chosen: Chosen,
        rank: int,
        policy: str,
        score: float | None,
        propensity: float | None,
    ) -> Item | CandidateReason:
        contents = candidate.contents if answerable.escapes else candidate.plain
        values = self._template_values()
        values["offer"] = candidate.values  # of this item: no other is rendered meanwhile
        try:
            shown = content.render(contents[chosen.index], values, self._locales, self.asked.now_us)
        except TemplateError as error:
            return CandidateReason(candidate.id, "content", "content_error", str(error))
        return Item(
            offer=candidate.id,
            variant=chosen.id,
            content=shown,
            rank=rank,
            score=score,
            propensity=propensity,
            policy=f"{policy}@{self.catalogue.version[:8]}",
            receipt=self._receipt(answerable, candidate, chosen.id, rank),
        )

    def _template_values(self) -> dict[str, object]:
        """Once per call, and only if something is rendered."""
        if not self._values:
            self._values = {**self.person.plain_values(), "context": self.asked.context}
            traits = self._values.get("traits")
            own = traits.get("locale") if isinstance(traits, Mapping) else None
            wishes = (own, self.asked.context.get("locale"), self.catalogue.locale)
            self._locales = tuple(wish for wish in wishes if isinstance(wish, str))
        return self._values

    def _receipt(
        self, answerable: Answerable, candidate: Candidate, variant: str, rank: int
    ) -> str | None:
        asked, placement = self.asked, answerable.placement
        if asked.mode != "live" or not asked.receipt_key:
            return None
        signed = receipt.Receipt(
            asked.decision_id, placement.placement, candidate.id, variant, candidate.category,
            rank, asked.now_us, placement.surface,
        )  # fmt: skip
        return receipt.sign(signed, asked.receipt_key)

    def _take(self, answerable: Answerable, candidate: Candidate) -> None:
        """The next placement of the call, and the next calls, find this in the caps (D4)."""
        placement = answerable.placement.placement
        key = exposure_key(self.asked.decision_id, placement, candidate.id)
        contact = Contact(
            key, "exposed", self.asked.now_us, placement, candidate.id, candidate.category
        )
        self.taken.append(contact)
        self.counts.add((contact,))
