"""A desk without a platform behind it: sample people, records and definitions, all made up.

The console's tests render every screen from it. It is deterministic (chance is a keyed hash of
the seed), keeps what is done to it (keys, replays, publishes) in memory, and can be empty or
hostile, so that first starts and naughty strings are one argument away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from journeyfold.api.cards import (
    Checked,
    Day,
    Found,
    Health,
    Identity,
    KeyCard,
    Operand,
    Overlap,
    Plan,
    ProjectCard,
    Reason,
    SegmentCard,
    Shift,
    SourceCard,
    StageCard,
    Stale,
    Tally,
    Why,
)
from journeyfold.core import condition
from journeyfold.core.chance import uniform
from journeyfold.core.condition_parse import parse, read_json
from journeyfold.core.errors import ProjectError
from journeyfold.core.event import Event, Json, Record
from journeyfold.core.instant import DAY_US, HOUR_US, instant_us
from journeyfold.core.profile import Profile
from journeyfold.profile.traits import HeldTrait, TraitPolicy, held_traits
from journeyfold.project.erasure import Going
from journeyfold.project.registered import Published
from journeyfold.project.stocktaking import Stock
from journeyfold.testing.desk_audit import SampleAudits
from journeyfold.testing.desk_journeys import SampleJourneys
from journeyfold.testing.desk_post import SampleOutbox, SamplePost
from journeyfold.testing.desk_quality import SampleQuality
from journeyfold.testing.desk_quarantine import SampleQuarantine
from journeyfold.testing.desk_review import SampleReviews
from journeyfold.testing.desk_schemas import SampleSchemas
from journeyfold.testing.desk_stock import stock_of
from journeyfold.testing.sample_journeys import TEXTS, planned
from journeyfold.testing.sample_people import SEGMENTS_FILE, Sample, sample
from journeyfold.testing.sample_schemas import sample_project

NOW_US = instant_us("2026-11-22T15:14:07.412Z") or 0


class StillClock:
    """A clock that a test moves."""

    def __init__(self, now_us: int = NOW_US) -> None:
        self.at_us = now_us

    def now_us(self) -> int:
        return self.at_us


class SampleLog:
    def __init__(self, of: Sample) -> None:
        self.records = of.records
        self._tallies = of.tallies

    def head(self) -> tuple[int, int]:
        last = self.records[-1] if self.records else None
        return (last.offset, last.appended_us) if last else (-1, 0)

    def read(self, after: int, limit: int) -> list[Record]:
        return self.records[after + 1 : after + 1 + limit]

    def folded(self) -> tuple[int, int]:
        return self.head()

    def tallies(self, since_us: int) -> Sequence[Tally]:
        del since_us  # the sample has one day
        return self._tallies


class SamplePeople:
    def __init__(self, of: Sample) -> None:
        self._of = of

    def find(self, value: str, kind: str = "") -> Sequence[Found]:
        wanted = value.lower()
        found = [
            Found(person, node.kind, node.value, self._of.profiles[person].last_us)
            for person, identity in self._of.identities.items()
            for node in identity.nodes
            if node.value.lower() == wanted and kind in ("", node.kind)
        ]
        if value in self._of.profiles:
            found.append(Found(value, "person", value, self._of.profiles[value].last_us))
        return found

    def going(self, person: str) -> Going | None:
        profile = self._of.profiles.get(person)
        if profile is None:
            return None
        nodes = tuple((node.kind, node.value) for node in self._of.identities[person].nodes)
        return Going(
            person, tuple(value.encode().hex() for _, value in nodes), nodes,
            tuple(sorted(profile.traits)), tuple(sorted(profile.memberships)), (), 0, 0,
            len(self._of.histories[person]),
        )  # fmt: skip

    def of(self, record: Record) -> str:
        return self._of.owners.get(record.offset, "")

    def profile(self, person: str) -> Profile | None:
        return self._of.profiles.get(self._of.aliases.get(person, person))

    def features(self, profile: Profile) -> Mapping[str, Json]:
        return {"orders_30d": profile.events % 4, "spend_total": 302.4, "rfm_score": None}

    def prepared(self, profile: Profile) -> Mapping[str, Json]:
        del profile
        return {}

    def traits(self, profile: Profile) -> Mapping[str, HeldTrait]:
        union = TraitPolicy("union")
        several = {name for name, kept in profile.traits.items() if isinstance(kept, list)}
        return held_traits(profile, dict.fromkeys(several, union))

    def identity(self, profile: Profile) -> Identity:
        return self._of.identities[profile.person]

    def history(self, profile: Profile, before: int | None, limit: int) -> Sequence[Record]:
        offsets = self._of.histories[profile.person]
        chosen = [offset for offset in reversed(offsets) if before is None or offset < before]
        return [self._of.records[offset] for offset in chosen[:limit]]

    def recent(self, limit: int) -> Sequence[Profile]:
        people = sorted(self._of.profiles.values(), key=lambda profile: -profile.last_us)
        return people[:limit]

    def total(self) -> int:
        return len(self._of.profiles)


class SampleSegments:
    def __init__(self, of: Sample) -> None:
        self._of = of

    def segments(self) -> Sequence[SegmentCard]:
        return self._of.segments

    def stages(self) -> Sequence[StageCard]:
        return self._of.stages

    def series(self, segment: str, since_us: int) -> Sequence[Day]:
        size = len(self.members(segment, "", 10_000))
        first = max(since_us, NOW_US - 60 * DAY_US) // DAY_US * DAY_US
        days: list[Day] = []
        for start_us in reversed(range(first, NOW_US, DAY_US)):
            entered = int(3 + 9 * uniform("sample", segment, f"in{start_us}"))
            left = int(3 + 8.6 * uniform("sample", segment, f"out{start_us}"))
            days.append(Day(start_us, size, entered, left))
            size = max(0, size - entered + left)
        return days[::-1]

    def members(self, segment: str, after: str, limit: int) -> Sequence[str]:
        people = sorted(
            person
            for person, profile in self._of.profiles.items()
            if segment in profile.memberships and person > after
        )
        return people[:limit]

    def overlap(self, segment: str) -> Overlap:
        counts: Counter[str] = Counter()
        members = self.members(segment, "", len(self._of.profiles))
        for person in members:
            held = self._of.profiles[person].memberships
            counts.update(other for other in held if other != segment)
        return Overlap(len(members), tuple(counts.most_common()))

    def why(self, profile: Profile, segment: str) -> Why:
        card = next(card for card in self._of.segments if card.id == segment)
        holds = segment in profile.memberships
        node = parse(card.when).node
        leaves = node.of if isinstance(node, condition.All) else (node,)
        reasons = tuple(
            Reason(
                condition.to_text(leaf),
                holds or index > 0,
                () if index else (Operand(condition.to_text(leaf), profile.events % 5, "int"),),
                tuple(self._of.histories[profile.person][-2:]) if not index else (),
            )
            for index, leaf in enumerate(leaves)
        )
        return Why(segment, holds, reasons, NOW_US + 9 * DAY_US if holds else 0)

    def check(self, condition_: str | Json, *, in_decision: bool = False) -> Checked:
        try:
            parsed = parse(condition_) if isinstance(condition_, str) else read_json(condition_)
        except ProjectError as error:
            return Checked(problems=error.problems)
        node = parsed.node
        lines = node.of if isinstance(node, condition.All | condition.AnyOf) else (node,)
        people = [] if in_decision else sorted(self._of.profiles)
        card = next((one for one in self._of.segments if one.when == condition.to_text(node)), None)
        matching = (
            list(self.members(card.id, "", len(people)))
            if card and card.size is not None
            else [person for person in people if _holds(node, person)]
        )
        return Checked(
            text=condition.to_text(node),
            ast=msgspec.convert(condition.to_json(node), Json),
            sampled=len(people),
            people=len(people),
            matches=len(matching),
            lines=tuple(
                sum(_holds(line, person) or person in matching for person in people)
                for line in lines
            ),
            examples=tuple(matching[:3]),
        )


class SampleProject:
    def __init__(self, of: Sample) -> None:
        self._of = of
        self.published: list[Mapping[str, str]] = []

    def card(self) -> ProjectCard:
        return self._of.project

    def sources(self) -> Sequence[SourceCard]:
        return self._of.sources

    def registry(self) -> Published:
        return Published(msgspec.structs.replace(sample_project(), hash=self._of.project.hash))

    def stock(self) -> Stock:
        return stock_of(self._of.sources, NOW_US)

    def plan(self, files: Mapping[str, str]) -> Plan:
        changed = files.get(SEGMENTS_FILE) != self._of.project.files.get(SEGMENTS_FILE)
        people = sorted(self._of.profiles)
        shift = Shift("returning-buyers", 181, 196, tuple(people[:3]), tuple(people[3:5]), 19, 4)
        return Plan(
            (shift,) if changed else (), 1200, 31, 28 * DAY_US,
            journeys=planned(self._of.project.files, files),
        )  # fmt: skip

    def publish(self, files: Mapping[str, str], *, base: str, actor: str) -> str:
        if base != self._of.project.hash:
            raise Stale(self._of.project.files)
        self.published.append(dict(files))
        self._of.project = msgspec.structs.replace(
            self._of.project,
            files=dict(files),
            previous=self._of.project.files,
            hash=f"{len(self.published):064d}",
            published_us=NOW_US,
            published_by=actor,
        )
        return self._of.project.hash


class SampleKeys:
    def __init__(self) -> None:
        self._cards = [
            KeyCard("Ab12Cd34Ef", "jf_pub_live_Ab12Cd34Ef", "pub", "web", NOW_US - 40 * DAY_US, NOW_US),
            KeyCard("Gh56Ij78Kl", "jf_srv_live_Gh56Ij78Kl", "srv", "shop", NOW_US - 90 * DAY_US,
                    NOW_US - HOUR_US, NOW_US - 3 * DAY_US),
        ]  # fmt: skip
        self.acts: list[tuple[str, str, str, str]] = []

    def cards(self) -> Sequence[KeyCard]:
        return self._cards

    def create(self, kind: str, source: str, actor: str) -> str:
        self.audit(actor, "key.create", source)
        key_id = f"New{len(self._cards):07d}"
        prefix = f"jf_{kind}_live_{key_id}"
        self._cards.append(KeyCard(key_id, prefix, kind, source, NOW_US))
        return f"{prefix}_{'s' * 32}_123456"

    def revoke(self, key_id: str, actor: str) -> bool:
        found = [card for card in self._cards if card.id == key_id]
        self.audit(actor, "key.revoke", key_id)
        self._cards = [
            msgspec.structs.replace(card, revoked_us=NOW_US) if card.id == key_id else card
            for card in self._cards
        ]
        return bool(found)

    def audit(self, actor: str, act: str, subject: str, reason: str = "") -> None:
        self.acts.append((actor, act, subject, reason))


class SampleDesk:
    """All of it. `people=0` is a first start; `names` replace event names and trait values."""

    def __init__(self, people: int = 240, names: Sequence[str] = ()) -> None:
        self.sample = sample(NOW_US, people, names)
        self.clock = StillClock()
        self.log = SampleLog(self.sample)
        self.quarantine = SampleQuarantine(self.sample)
        self.people = SamplePeople(self.sample)
        self.audits = SampleAudits(NOW_US, sorted(self.sample.profiles), self.people)
        self.reviews = SampleReviews(NOW_US, sorted(self.sample.profiles), names)
        self.segments = SampleSegments(self.sample)
        if people:
            journeys = {f"journeys/{name}.yaml": text for name, text in TEXTS.items()}
            project = self.sample.project
            self.sample.project = msgspec.structs.replace(
                project, files=project.files | journeys, previous=project.previous | journeys
            )
        self.journeys = SampleJourneys(self.sample, NOW_US)
        self.outbox = SampleOutbox(NOW_US, is_empty=people == 0)
        self.post = SamplePost(NOW_US, is_empty=people == 0)
        self.quality = SampleQuality(NOW_US, is_empty=people == 0, names=names)
        self.project = SampleProject(self.sample)
        self.schemas = SampleSchemas(NOW_US)
        self.keys = SampleKeys()

    def health(self) -> Health:
        if not self.sample.records:
            return Health()
        return Health(84_000, 6_100, 61_300, 48_200_000, 12_400_000)

    def arrive(self, name: str, person: str = "", source: str = "web") -> Record:
        """One more record at the end of the log, a second later."""
        offset = len(self.log.records)
        self.clock.at_us += 1_000_000
        at_us = self.clock.at_us
        event = Event(f"late-{offset}", name, "track", source, (), at_us, at_us, {"path": "/late"})
        record = Record(offset, at_us, "event", event)
        self.log.records.append(record)
        if person:
            self.sample.owners[offset] = person
        return record


def _holds(node: condition.Node, person: str) -> bool:
    """Chance instead of meaning: enough to count, and the same each time."""
    match node:
        case condition.All(of=of):
            return all(_holds(child, person) for child in of)
        case condition.AnyOf(of=of):
            return any(_holds(child, person) for child in of)
        case condition.Not(of=child):
            return not _holds(child, person)
        case _:
            part = 0.2 + 0.6 * uniform("sample", "part", condition.to_text(node))
            return uniform("sample", condition.to_text(node), person) < part
