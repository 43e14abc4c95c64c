"""How often was this shown, and was it waved away: counts within exact windows (decisions D4).

Counted are exposures in `(now - w, now]`, from the profile and from what this process has just
decided but nobody has seen yet (reservations); the same exposure in both counts once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
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


def hit(
    counts: ContactCounts,
    candidate: Candidate,
    answerable: Answerable,
    catalogue: Catalogue,
    now_us: int,
) -> tuple[str, int] | None:
    """(the cap in words, the count) of the first cap that forbids it; None: all allow it."""
    for response, window_us in candidate.quiet:
        last = counts.last(response, candidate.id)
        if last is not None and now_us - window_us < last <= now_us:
            return f"{response} within {human_duration(window_us)}", 1
    for scope, of, limits in _caps(candidate, answerable, catalogue.limits, catalogue):
        for limit in limits:
            seen = counts.within(scope, of, limit.window_us, now_us)
            if seen >= limit.max:
                window = human_duration(limit.window_us)
                return f"{scope or 'global'}: at most {limit.max} within {window}", seen
    return None


def _caps(
    candidate: Candidate,
    answerable: Answerable,
    everywhere: tuple[Limit, ...],
    catalogue: Catalogue,
) -> Iterable[tuple[str, str, tuple[Limit, ...]]]:
    yield "", "", everywhere
    by_category: Mapping[str, tuple[Limit, ...]] = catalogue.category_limits
    yield "category", candidate.category, by_category.get(candidate.category, ())
    yield "placement", answerable.placement.placement, answerable.limits
    yield "offer", candidate.id, candidate.limits


def _scopes(contact: Contact) -> Iterable[tuple[str, str]]:
    yield "", ""
    yield "placement", contact.placement
    yield "offer", contact.offer
    yield "category", contact.category
