"""People, read from the last commit: search, profile, identity, history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from journeyfold.api.cards import Found, Identity, Joined, Node, Refusal
from journeyfold.api.desks.snapshot import Snapshot, snapshot
from journeyfold.core.event import Identifier, Json, Record
from journeyfold.core.ports import EventLog
from journeyfold.core.profile import Profile
from journeyfold.identity import explain
from journeyfold.identity.explain import node_of_person
from journeyfold.profile.traits import HeldTrait, held_traits
from journeyfold.project.erasure import Going, going
from journeyfold.project.people import profile_of, sizes
from journeyfold.project.prepared import prepared, prepared_features
from journeyfold.runtime.as_of import Past
from journeyfold.runtime.cleaning import with_sent
from journeyfold.runtime.platform import Platform

_RECENT_RECORDS = 400
_PAGE = 200
REMEMBERED = 500  # newest records of one person: what a page and its reasons are made of


class People:
    """`api.desk.PeopleDesk`."""

    def __init__(self, platform: Platform | Past) -> None:
        self._platform = platform
        self._newest: tuple[tuple[str, int], list[Record]] = (("", -1), [])

    def find(self, value: str, kind: str = "") -> Sequence[Found]:
        with snapshot(self._platform) as look:
            kinds = [rule.name for rule in look.compiled.project.identity.kinds]
            found: dict[str, Found] = {}
            for name in [kind] if kind else kinds:
                node = look.node(Identifier(name, value))
                person = look.resolver.person_of(node) if node else None
                profile = profile_of(look.reader, person) if person else None
                if profile is not None:
                    found.setdefault(
                        profile.person, Found(profile.person, name, value, profile.last_us)
                    )
            known = None if kind else look.profile(value)
            if known is not None:
                found.setdefault(known.person, Found(known.person, "person", value, known.last_us))
            return list(found.values())

    def of(self, record: Record) -> str:
        with snapshot(self._platform) as look:
            return _owner(look, record)

    def profile(self, person: str) -> Profile | None:
        with snapshot(self._platform) as look:
            return look.profile(person)

    def features(self, profile: Profile) -> Mapping[str, Json]:
        compiled = self._platform.compiled
        assert compiled is not None, "there was a snapshot before"
        return compiled.feature_values(profile, self._platform.clock.now_us())

    def prepared(self, profile: Profile) -> Mapping[str, Json]:
        compiled = self._platform.compiled
        assert compiled is not None, "there was a snapshot before"
        features = compiled.project.features
        if not prepared_features(features):
            return {}
        return prepared(features, compiled.surroundings.fits, self.features(profile))

    def traits(self, profile: Profile) -> Mapping[str, HeldTrait]:
        compiled = self._platform.compiled
        assert compiled is not None, "there was a snapshot before"
        cleaning, log = compiled.cleaning, self._platform.log
        held = held_traits(profile, compiled.project.traits)
        if not cleaning.of:
            return held
        return {name: with_sent(name, one, cleaning, log) for name, one in held.items()}

    def identity(self, profile: Profile) -> Identity:
        with snapshot(self._platform) as look:
            seen = look.resolver.explain(profile.person)
            rules = look.compiled.project.identity
            classes = {rule.name: rule.class_ for rule in rules.kinds}
            first = _first_offsets(seen)
            named = Counter(
                node
                for record in self._newest_of(look, profile)
                for node in map(
                    look.resolver.node, look.resolver.usable(record.event, record.offset)
                )
            )
            return Identity(
                nodes=tuple(
                    Node(
                        kind=node.kind, value=node.value,
                        strength=classes.get(node.kind, "contact"), first_us=node.first_us,
                        records=named[bytes.fromhex(node.node)],
                        offset=first.get((node.kind, node.value), -1), node=node.node,
                    )
                    for node in seen.nodes
                ),
                refused=tuple(_refusal(link, seen) for link in seen.suppressed),
                joined=tuple(
                    Joined(link.a, link.b, link.occurred_us, link.offset, link.method)
                    for link in seen.accepted
                ),
            )  # fmt: skip

    def history(self, profile: Profile, before: int | None, limit: int) -> Sequence[Record]:
        with snapshot(self._platform) as look:
            if before is None and limit <= REMEMBERED:
                return self._newest_of(look, profile)[:limit]
            return _take(records_of(look, self._platform.log, profile.person, before), limit)

    def recent(self, limit: int) -> Sequence[Profile]:
        head, _ = self._platform.log.head()
        records = self._platform.log.read(max(-1, head - _RECENT_RECORDS), _RECENT_RECORDS)
        found: dict[str, Profile] = {}
        with snapshot(self._platform) as look:
            for record in reversed(records):
                person = _owner(look, record)
                profile = profile_of(look.reader, person) if person else None
                if profile is not None:
                    found.setdefault(profile.person, profile)
                if len(found) == limit:
                    break
        return list(found.values())

    def going(self, person: str) -> Going | None:
        with snapshot(self._platform) as look:
            return going(look.reader, look.resolver, self._platform.log, person)

    def total(self) -> int:
        with snapshot(self._platform) as look:
            return sizes(look.reader).get("people", 0)

    def _newest_of(self, look: Snapshot, profile: Profile) -> list[Record]:
        """The newest records, kept for the next question of the same page."""
        head, _ = self._platform.log.head()
        key, records = self._newest
        if key != (profile.person, head):
            records = _take(records_of(look, self._platform.log, profile.person), REMEMBERED)
            self._newest = (profile.person, head), records
        return records


def records_of(
    look: Snapshot, log: EventLog, person: str, before: int | None = None
) -> Iterator[Record]:
    """Records that belong to the person, newest first: a shared device names others', too."""
    mine = frozenset(look.resolver.nodes_of(person))
    nodes = look.resolver.indexed(sorted(mine))
    head, _ = log.head()
    below = head + 1 if before is None else before
    while True:
        page = log.history(nodes, upto=head, before=below, limit=_PAGE)
        for record in page:
            if _owner_node(look, record) in mine:
                yield record
        if len(page) < _PAGE:
            return
        below = page[-1].offset


def _owner(look: Snapshot, record: Record) -> str:
    node = _owner_node(look, record)
    person = look.resolver.person_of(node) if node else None
    return person or ""


def _owner_node(look: Snapshot, record: Record) -> bytes | None:
    if record.kind == "output":
        return node_of_person(str(record.event.properties.get("person", "")))
    return look.resolver.owner_of(record.event, record.offset) if record.event.identifiers else None


def _first_offsets(seen: explain.Identity) -> dict[tuple[str, str], int]:
    offsets: dict[tuple[str, str], int] = {}
    for link in (*seen.accepted, *seen.suppressed):
        for end in (link.a, link.b):
            offsets[end] = min(link.offset, offsets.get(end, link.offset))
    return offsets


def _refusal(link: explain.LinkSeen, seen: explain.Identity) -> Refusal:
    """The far end of a refused link: who this person was not joined with."""
    mine = {(node.kind, node.value) for node in seen.nodes}
    kind, value = link.b if link.a in mine else link.a
    return Refusal(kind, value, link.reason, link.occurred_us, link.offset)


def _take(records: Iterable[Record], limit: int) -> list[Record]:
    taken = []
    for record in records:
        taken.append(record)
        if len(taken) == limit:
            break
    return taken
