"""What resolution changed about people, and how it is found: before and after, compared (P3, P4).

Applied in order, the changes turn the people there were into those there are: first splits, then
for each person of today a new name, then merges into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import msgspec

from journeyfold.identity.normalise import person_id


class Part(msgspec.Struct, frozen=True):
    """A person after a split and the nodes whose records are theirs."""

    person: str
    nodes: tuple[bytes, ...]


class Merged(msgspec.Struct, frozen=True):
    """`source` is now part of `target`. `cause` is the id of the event that showed it."""

    source: str
    target: str
    cause: str


class Split(msgspec.Struct, frozen=True):
    """`person` is refolded as `parts`; a single part of the same name means: fold it anew."""

    person: str
    parts: tuple[Part, ...]
    cause: str = ""

    @property
    def only_refolds(self) -> bool:
        """Nobody is parted: the same person has other records, and that is told to nobody."""
        return len(self.parts) == 1 and self.parts[0].person == self.person


class Reanchored(msgspec.Struct, frozen=True):
    """The same person under another name: an earlier sighting moved the anchor."""

    source: str
    target: str
    cause: str


class Suppressed(msgspec.Struct, frozen=True):
    """A link (hex id) that is not accepted, and why."""

    link: str
    reason: str


Change: TypeAlias = Merged | Split | Reanchored | Suppressed

Anchors = Mapping[bytes, bytes]
AnchorOf = Callable[[Iterable[bytes]], bytes]
"""The anchor that these nodes have by themselves."""


def changes_between(
    before: Anchors, after: Anchors, anchor_of: AnchorOf, cause: str
) -> list[Change]:
    """`before` has the nodes that were known, `after` at least those, each with its anchor."""
    if all(after[node] == anchor for node, anchor in before.items()):
        return []
    changes: list[Change] = []
    fragments: dict[bytes, list[bytes]] = {}  # anchor of today → anchors of what it is made from
    for old, members in sorted(_grouped(before).items()):
        pieces = _grouped({node: after[node] for node in members})
        named = {anchor_of(piece): (today, piece) for today, piece in pieces.items()}
        if len(named) > 1:
            parts = [
                Part(person_id(name), tuple(sorted(piece))) for name, (_, piece) in named.items()
            ]
            parts.sort(key=lambda part: part.person)
            changes.append(Split(person_id(old), tuple(parts), cause))
        for name, (today, _) in named.items():
            fragments.setdefault(today, []).append(name if len(named) > 1 else old)
    for today, names in sorted(fragments.items()):
        changes += _gathered(today, names, anchor_of, cause)
    return changes


def _gathered(today: bytes, names: list[bytes], anchor_of: AnchorOf, cause: str) -> list[Change]:
    changes: list[Change] = []
    if today not in names:
        heir = anchor_of(names)
        names = [name for name in names if name != heir]
        changes.append(Reanchored(person_id(heir), person_id(today), cause))
    else:
        names = [name for name in names if name != today]
    changes += [Merged(person_id(name), person_id(today), cause) for name in sorted(names)]
    return changes


def _grouped(anchors: Anchors) -> dict[bytes, list[bytes]]:
    groups: dict[bytes, list[bytes]] = {}
    for node, anchor in anchors.items():
        groups.setdefault(anchor, []).append(node)
    return groups
