"""How many different names a source may invent (collect C14; attack D03).

Kept per source in the process: names, trait keys and property keys seen so far. What the plan
declares is always welcome. What exceeds goes to quarantine, and metric labels never come from here.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.collect.json_entry import Refused, pointer
from journeyfold.core.event import Event

KEYS_IN_ALL = 100_000  # of one source: names x keys would be a way to fill memory


class Cardinality:
    """What one source has used. `excess` decides, `note` remembers; both cost a set operation."""

    def __init__(
        self, names: int = 2000, trait_keys: int = 500, property_keys: int = 2000,
        declared: Iterable[str] = (),
        keys_in_all: int = KEYS_IN_ALL,
    ) -> None:  # fmt: skip
        self._names_max, self._traits_max, self._properties_max = names, trait_keys, property_keys
        self._declared = frozenset(declared)
        self._names: set[str] = set()
        self._traits: set[str] = set()
        self._properties: dict[str, set[str]] = {}
        self._in_all, self._in_all_max = 0, keys_in_all

    def knows(self, event: Event) -> bool:
        """Is nothing of it new? Then there is nothing to decide and nothing to remember."""
        seen = self._properties.get(event.name)
        return (
            seen is not None
            and seen.issuperset(event.properties)
            and (event.name in self._names or event.name in self._declared)
            and self._traits.issuperset(event.traits)
        )

    def excess(self, event: Event) -> Refused | None:
        """The name or key that is one too many, if any."""
        if (
            event.name not in self._names
            and event.name not in self._declared
            and len(self._names) >= self._names_max
        ):
            return Refused("cardinality", "/event", f"above {self._names_max} event names")
        if event.traits and not self._traits.issuperset(event.traits):
            fresh = [key for key in event.traits if key not in self._traits]
            if len(self._traits) + len(fresh) > self._traits_max:
                detail = f"above {self._traits_max} trait keys"
                return Refused("cardinality", pointer("traits", fresh[0]), detail)
        if not event.properties:
            return None
        seen = self._properties.get(event.name, set())
        if seen.issuperset(event.properties):
            return None
        fresh = [key for key in event.properties if key not in seen]
        if (
            len(seen) + len(fresh) > self._properties_max
            or self._in_all + len(fresh) > self._in_all_max
        ):
            detail = f"above {self._properties_max} property keys of this name"
            return Refused("cardinality", pointer("properties", fresh[0]), detail)
        return None

    def note(self, event: Event) -> None:
        """This event is let in: its names count from now on."""
        if event.name not in self._names and event.name not in self._declared:
            self._names.add(event.name)
        if event.traits:
            self._traits.update(event.traits)
        if event.properties:
            seen = self._properties.setdefault(event.name, set())
            before = len(seen)
            seen.update(event.properties)
            self._in_all += len(seen) - before
