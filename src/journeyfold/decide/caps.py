"""How often was this shown, and was it waved away: caps and suppression (decisions D4, D5).

Counting within windows is `profile.contact`'s; here contacts are laid out so that a candidate
without any costs one look-up. Reservations, what this process has decided but nobody has seen
yet, count like exposures; the same exposure in both counts once.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.core.instant import human_duration
from journeyfold.core.profile import Contact
from journeyfold.decide.catalogue import Answerable, Candidate, Catalogue, Limit
from journeyfold.profile.contact import count_within, is_suppressed

Hit = tuple[str, int]
"""The cap in words, and the count that reached it."""


class ContactCounts:
    """One person's contacts by offer, and all of them."""

    def __init__(self, contacts: Iterable[Contact], reserved: Iterable[Contact] = ()) -> None:
        self.every: list[Contact] = list(contacts)
        self.of_offer: dict[str, list[Contact]] = {}
        for contact in self.every:
            self.of_offer.setdefault(contact.offer, []).append(contact)
        self._known: set[tuple[str, str, str]] | None = None
        self.add(reserved)

    def add(self, contacts: Iterable[Contact]) -> None:
        """Also used between the placements of one call: each sees what the former ones chose."""
        for contact in contacts:
            if self._known is None:
                self._known = {(each.offer, each.kind, each.key) for each in self.every}
            identity = (contact.offer, contact.kind, contact.key)
            if identity not in self._known:
                self._known.add(identity)
                self.of_offer.setdefault(contact.offer, []).append(contact)
                self.every.append(contact)


class Caps:
    """The caps of one placement in one call: what all candidates share is counted once."""

    def __init__(
        self, counts: ContactCounts, answerable: Answerable, catalogue: Catalogue, now_us: int
    ) -> None:
        self._every, self._of_offer = counts.every, counts.of_offer
        self._category_limits, self._now_us = catalogue.category_limits, now_us
        placement = answerable.placement.placement
        self._shared = self._reached("project", counts.every, catalogue.limits) or self._reached(
            "placement", counts.every, answerable.limits, placement=placement
        )
        self._by_category: dict[str, Hit | None] = {}
        self.can_hit = bool(self._every)  # who was shown nothing has reached nothing

    def hit(self, candidate: Candidate) -> Hit | None:
        """The first cap that forbids it; None: all allow it, so the lowest wins."""
        if self._shared is not None:
            return self._shared
        found = self._category(candidate.category) if self._category_limits else None
        contacts = self._of_offer.get(candidate.id)
        if found is not None or contacts is None:
            return found
        for response, window_us in candidate.quiet:
            if is_suppressed(contacts, candidate.id, response, window_us, self._now_us):
                return f"{response} within {human_duration(window_us)}", 1
        return self._reached("offer", contacts, candidate.limits)

    def _category(self, category: str) -> Hit | None:
        if category not in self._by_category:
            limits = self._category_limits.get(category, ())
            self._by_category[category] = self._reached(
                "category", self._every, limits, category=category
            )
        return self._by_category[category]

    def _reached(
        self,
        scope: str,
        contacts: list[Contact],
        limits: tuple[Limit, ...],
        *,
        placement: str | None = None,
        category: str | None = None,
    ) -> Hit | None:
        for limit in limits:
            seen = count_within(
                contacts, "exposed", limit.window_us, self._now_us,
                placement=placement, category=category,
            )  # fmt: skip
            if seen >= limit.max:
                return (
                    f"{scope}: at most {limit.max} within {human_duration(limit.window_us)}",
                    seen,
                )
        return None
