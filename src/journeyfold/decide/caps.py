"""How often was this shown, and was it waved away: counts within exact windows (decisions D4).

Counted are exposures in `(now - w, now]`, from the profile and from what this process has just
decided but nobody has seen yet (reservations); the same exposure in both counts once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import chain

from journeyfold.core.instant import human_duration
from journeyfold.core.profile import Contact
from journeyfold.decide.catalogue import Answerable, Candidate, Catalogue, Limit


class ContactCounts:
    """One person's contacts, indexed once per call by what a cap can ask for."""

    def __init__(self, contacts: Iterable[Contact], reserved: Iterable[Contact] = ()) -> None:
        self._times: dict[tuple[str, str], list[int]] = {}
        self._last: dict[tuple[str, str], int] = {}
        self._keys: set[tuple[str, str]] = set()
        self.add(chain(contacts, reserved))

    def add(self, contacts: Iterable[Contact]) -> None:
        """Also used between the placements of one call: each sees what the former chose."""
        touched: set[tuple[str, str]] = set()
        for contact in contacts:
            if (contact.kind, contact.key) in self._keys:
                continue
            self._keys.add((contact.kind, contact.key))
            last = (contact.kind, contact.offer)
            self._last[last] = max(self._last.get(last, 0), contact.at_us)
            if contact.kind != "exposed":
                continue
            for scope in _scopes(contact):
                self._times.setdefault(scope, []).append(contact.at_us)
                touched.add(scope)
        for scope in touched:
            self._times[scope].sort()

    def within(self, scope: str, of: str, window_us: int, now_us: int) -> int:
        times = self._times.get((scope, of))
        if not times:
            return 0
        return bisect_right(times, now_us) - bisect_right(times, now_us - window_us)

    def last(self, response: str, offer: str) -> int | None:
        return self._last.get((response, offer))

    def __bool__(self) -> bool:
        return bool(self._keys)


class Caps:
    """The caps of one placement in one call: what all candidates share is counted once."""

    def __init__(
        self, counts: ContactCounts, answerable: Answerable, catalogue: Catalogue, now_us: int
    ) -> None:
        self._counts, self._now_us = counts, now_us
        self._category_limits = catalogue.category_limits
        self._shared = self._reached("", "", catalogue.limits) or self._reached(
            "placement", answerable.placement.placement, answerable.limits
        )
        self._by_category: dict[str, tuple[str, int] | None] = {}

    def hit(self, candidate: Candidate) -> tuple[str, int] | None:
        """(the cap in words, the count) of the first cap that forbids it; None: all allow it."""
        if self._shared is not None or not self._counts:
            return self._shared
        return (
            (self._hushed(candidate) if candidate.quiet else None)
            or (self._category(candidate.category) if self._category_limits else None)
            or (self._reached("offer", candidate.id, candidate.limits))
        )

    def _hushed(self, candidate: Candidate) -> tuple[str, int] | None:
        """Suppressed by a response to it (decisions D5)."""
        for response, window_us in candidate.quiet:
            last = self._counts.last(response, candidate.id)
            if last is not None and self._now_us - window_us < last <= self._now_us:
                return f"{response} within {human_duration(window_us)}", 1
        return None

    def _category(self, category: str) -> tuple[str, int] | None:
        if category not in self._by_category:
            limits = self._category_limits.get(category, ())
            self._by_category[category] = self._reached("category", category, limits)
        return self._by_category[category]

    def _reached(self, scope: str, of: str, limits: tuple[Limit, ...]) -> tuple[str, int] | None:
        for limit in limits:
            seen = self._counts.within(scope, of, limit.window_us, self._now_us)
            if seen >= limit.max:
                window = human_duration(limit.window_us)
                return f"{scope or 'project'}: at most {limit.max} within {window}", seen
        return None


def _scopes(contact: Contact) -> Iterable[tuple[str, str]]:
    yield "", ""
    yield "placement", contact.placement
    yield "offer", contact.offer
    yield "category", contact.category
