"""Made-up people of a made-up shop, with the records that made them: what `SampleDesk` lays out."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import msgspec

from journeyfold.api.cards import (
    HeldRecord,
    Identity,
    Joined,
    Node,
    ProjectCard,
    PullCard,
    Refusal,
    SegmentCard,
    SourceCard,
    StageCard,
    Tally,
)
from journeyfold.core.chance import draw_64, uniform
from journeyfold.core.event import Event, Identifier, Json, Kind, Record
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from journeyfold.core.profile import Membership, Profile, Session, StageAt, Statement, Trait

SEGMENTS_FILE = "segments/shop.yaml"
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_FIRST = ("Jonna", "Mats", "Ida", "Emre", "Lea", "Noor", "Pia", "Tom", "Yuki", "Zoe")
_SKUS = ("BOOT-41", "LAMP-07", "TENT-03", "MUG-12", "COAT-38", "BAG-02")
_PATHS = ("/", "/sale/outdoor", "/lamps", "/help/returns", "/boots/trail")
_MIX = (
    ("Page", 0.40), ("Product Viewed", 0.72), ("Cart Updated", 0.85), ("Checkout Started", 0.92),
    ("Order Completed", 0.97), ("Signed Up", 1.0),
)  # fmt: skip
_SEGMENTS = f"""# {SEGMENTS_FILE}
# who gets what is decided from these; ask growth before you change one
segments:
  - id: returning-buyers      # the autumn campaign reads this
    when: |
      count("Order Completed", within="60d") >= 2
      and traits.country in ["DE", "AT"]
    goal: {{event: Order Completed, within: 14d}}
  - {{id: cart-abandoned, when: 'recency("Cart Updated") >= "5m" and count("Order Completed", within="1d") == 0'}}
  - {{id: vip, tags: [value], when: 'sum("Order Completed", "total", within="365d") >= 500 or in_segment("returning-buyers")'}}
  - {{id: outdoor-fans, tags: [psychographic], when: 'share("Product Viewed", by="category", value="outdoor", within="90d") >= 0.4'}}
  - {{id: on-mobile-evening, kind: contextual, when: 'context.device == "mobile" and hour() >= 18'}}
"""


class Sample(msgspec.Struct):
    project: ProjectCard
    records: list[Record] = []
    tallies: list[Tally] = []
    held: list[HeldRecord] = []
    profiles: dict[str, Profile] = {}
    identities: dict[str, Identity] = {}
    histories: dict[str, list[int]] = {}
    owners: dict[int, str] = {}
    aliases: dict[str, str] = {}
    segments: list[SegmentCard] = []
    stages: list[StageCard] = []
    sources: list[SourceCard] = []


def sample(now_us: int, people: int, names: Sequence[str]) -> Sample:
    """`people` of them over eight days of records; with `names` everything is called those."""
    made = Sample(project=_project(now_us, empty=people == 0))
    ids = [_person(index) for index in range(people)]
    if ids:
        _write_records(made, now_us, ids, names)
        _hold(made, now_us, ids, names)
        for index, person in enumerate(ids):
            _describe(made, now_us, index, person, names)
        made.tallies = _tallies(made)
        made.aliases = {"p_" + "z" * 26: ids[0]}
    made.segments, made.stages = _definitions(made, empty=people == 0)
    made.sources = _sources(now_us, empty=people == 0)
    return made


def _person(index: int) -> str:
    number = draw_64("sample", "person", str(index)) ** 2 + index
    letters = [_BASE32[(number >> (5 * place)) % 32] for place in range(25)]
    return "p_" + "".join(letters) + _BASE32[number >> 125 & 0b11100]  # 128 bits in 26 letters


def _project(now_us: int, *, empty: bool) -> ProjectCard:
    before = _SEGMENTS.replace('within="60d") >= 2', 'within="60d") >= 3')
    return ProjectCard(
        name="shop",
        zone="Europe/Berlin",
        hash="9c41e07ab2d3" + "0" * 52,
        files={} if empty else {SEGMENTS_FILE: _SEGMENTS, "journeyfold.yaml": "name: shop\n"},
        published_us=now_us - 2 * HOUR_US,
        published_by="" if empty else "mila@example.com",
        previous={} if empty else {SEGMENTS_FILE: before, "journeyfold.yaml": "name: shop\n"},
        identifiers=("user_id", "email", "anonymous_id"),
        events=tuple(name for name, _ in _MIX),
        traits=("country", "tier", "email", "first_name", "tags"),
        purposes=("analytics", "personalization", "marketing_email"),
        features=("orders_30d", "spend_total", "rfm_score"),
    )


def _write_records(made: Sample, now_us: int, ids: Sequence[str], names: Sequence[str]) -> None:
    """A daily rhythm over eight days and a denser last hour, in order of time."""
    times = []
    for index in range(150 * len(ids)):
        day = int(8 * uniform("sample", "day", str(index)))
        hour = 24 * uniform("sample", "hour", str(index))
        if uniform("sample", "keep", str(index)) < exp(-((hour - 13) ** 2) / 40):
            times.append(now_us - day * DAY_US - (now_us + HOUR_US) % DAY_US + int(hour * HOUR_US))
    times += [
        now_us - int(HOUR_US * uniform("sample", "recent", str(index)))
        for index in range(len(ids) // 3)
    ]
    for at_us in sorted(time for time in times if time <= now_us):
        offset = len(made.records)
        person = ids[int(len(ids) * uniform("sample", "who", str(offset)) ** 2)]
        made.records.append(_record(offset, at_us, person, names))
        made.owners[offset] = person
        made.histories.setdefault(person, []).append(offset)


def _record(offset: int, at_us: int, person: str, names: Sequence[str]) -> Record:
    chance = uniform("sample", "mix", str(offset))
    name = next(name for name, upto in _MIX if chance <= upto)
    properties: dict[str, Json] = _properties(offset, name)
    kind: Kind = "event"
    source = "app-ios" if chance * 1000 % 3 < 1 else "web"
    if offset % 23 == 7:
        kind, name, source = "output", "segment.entered", "_fold"
        properties = {"segment": "returning-buyers", "cause": "event"}
    elif offset % 31 == 5:
        kind, name, source = "decision", "Decision Made", "_decide"
        properties = {"decision": {"placements": [_placement()]}}
    elif offset % 97 == 11:
        kind, name, source = "output", "person.merged", "_fold"
        properties = {"from": f"p_{'z' * 26}", "to": person, "cause": "event"}
    if names:
        name = names[offset % len(names)] or "empty"
        properties = {"path": name, "products": [], name[:40] or "x": name}
    who = (Identifier("anonymous_id", f"a-{person[2:6]}"),)
    event = Event(
        f"e{offset:06d}", name, "track", source, who, at_us - SECOND_US, at_us, properties
    )
    return Record(offset, at_us, kind, event)


def _properties(offset: int, name: str) -> dict[str, Json]:
    price = round(20 + 180 * uniform("sample", "price", str(offset)), 2)
    match name:
        case "Page":
            return {"path": _PATHS[offset % len(_PATHS)]}
        case "Product Viewed":
            return {"sku": _SKUS[offset % len(_SKUS)], "price": price, "currency": "EUR"}
        case "Signed Up":
            return {}
        case _:
            items: list[Json] = [{"sku": _SKUS[offset % len(_SKUS)]}] * (1 + offset % 3)
            return {"total": price, "currency": "EUR", "products": items}


def _placement() -> Json:
    item: Json = {
        "offer": "free-return",
        "variant": "plain",
        "propensity": 0.62,
        "policy": "arbitration@9c41",
    }
    out: Json = {"offer": "winter-sale", "code": "capped", "stage": "caps"}
    return {"id": "home-hero", "fallback_level": 0, "items": [item], "reasons": [out]}


def _hold(made: Sample, now_us: int, ids: Sequence[str], names: Sequence[str]) -> None:
    plan = (("schema", "/properties/total", "Order Completed", "app-ios", '"64.90" is not of type "number"', 14),
            ("unknown_event", "", "Basket Opened", "web", "the plan does not know this event", 9),
            ("no_identifier", "", "Page", "web", "no usable identifier", 4))  # fmt: skip
    for code, pointer, name, source, detail, count in plan:
        for index in range(count):
            number = len(made.held) + 1
            called = names[number % len(names)] or "empty" if names else name
            body: Json = {
                "event": called,
                "anonymousId": f"a-{ids[index % len(ids)][2:6]}",
                "properties": {"order_id": "S-20417", "total": "64.90", "currency": "EUR"},
                "context": {"app": {"version": "5.2.0"}, "traits": {"email": "jonna@example.com"}},
            }
            made.held.append(
                HeldRecord(
                    number, source, called, f"01JD8Q{number:04d}", code, pointer,
                    names[number % len(names)] if names else detail,
                    now_us - int((count - index) * 2.3 * MINUTE_US) - len(code) * SECOND_US,
                    msgspec.json.encode(body), ids[index % len(ids)] if code == "schema" else "",
                )
            )  # fmt: skip
    made.held.sort(key=lambda row: row.received_us)
    made.held = [
        msgspec.structs.replace(row, id=number) for number, row in enumerate(made.held, start=1)
    ]


def _describe(made: Sample, now_us: int, index: int, person: str, names: Sequence[str]) -> None:
    history = made.histories.setdefault(person, [])
    at = [made.records[offset].appended_us for offset in history] or [now_us - DAY_US]
    first = _FIRST[index % len(_FIRST)]
    called = names[index % len(names)] if names else ""
    traits: dict[str, Trait | list[Trait]] = {
        name: Trait(value, at[-1], source, f"e{index}")
        for name, value, source in (
            ("email", called or f"{first.lower()}.{index}@example.com", "crm"),
            ("first_name", called or first, "shop"),
            ("country", called or ("DE", "AT", "CH")[index % 3], "shop"),
            ("tier", called or ("gold", "basic")[index % 2], "crm"),
        )
    }
    memberships = {
        segment: Membership(at[0])
        for number, segment in enumerate(
            ("returning-buyers", "cart-abandoned", "vip", "outdoor-fans")
        )
        if uniform("sample", segment, person) < 0.75 / (number + 1)
    }
    stage = ("Prospect", "Active", "Loyal", "At-risk", "Lapsed")[
        int(5 * uniform("sample", "stage", person) ** 1.6)
    ]
    consents = {
        "analytics": Statement("granted", at[0], "e1", "web"),
        "marketing_email": Statement("denied" if index % 3 else "granted", at[0], "e1", "web"),
    }
    made.profiles[person] = Profile(
        person=person,
        seen=history[-1] if history else 0,
        first_us=at[0],
        last_us=at[-1],
        events=len(history),
        traits=traits,
        sessions=[Session(at[0], at[-1], 11)],
        consents={"00": consents},
        memberships=memberships,
        stages={"customer": StageAt(stage, at[0])},
    )
    made.identities[person] = _identity(index, person, first, history, at, called)


def _identity(
    index: int, person: str, first: str, history: Sequence[int], at: Sequence[int], called: str
) -> Identity:
    offset = history[0] if history else -1
    nodes = [
        Node("anonymous_id", called or f"a-{person[2:6]}", "device", at[0], len(history), offset)
    ]
    if index % 2 == 0:
        nodes.insert(0, Node("user_id", called or str(20417 + index), "account", at[0], 42, offset))
        nodes.append(
            Node("email", f"{first.lower()}.{index}@example.com", "contact", at[0], 3, offset)
        )
    if index % 4 == 0:
        nodes.append(Node("anonymous_id", f"b-{person[6:10]}", "device", at[-1], 19, offset))
    refused = (
        Refusal("user_id", "31880", "limit user_id 2>1", at[-1], offset),
        Refusal(
            "email", f"{first.lower()}@example.org", f"cannot_link {'c4' * 16}", at[-1], offset
        ),
    )
    joined = (
        Joined(
            ("user_id", str(20417 + index)),
            ("email", f"{person[2:6]}@example.com"),
            at[-1],
            offset,
        ),
        Joined(
            ("anonymous_id", called or f"a-{person[2:6]}"),
            ("user_id", str(20417 + index)),
            at[-1],
            offset,
            "review",
        ),
    )
    return Identity(
        tuple(nodes), refused if index % 4 == 0 else (), joined if index % 2 == 0 else ()
    )


def _tallies(made: Sample) -> list[Tally]:
    return (
        [
            Tally("web", 8_124, 61, 13, 4),
            Tally("app-ios", 3_092, 18, 14, 0),
            Tally("shop", 1_002, 7, 0, 1),
        ]
        if made.records
        else []
    )


def _definitions(made: Sample, *, empty: bool) -> tuple[list[SegmentCard], list[StageCard]]:
    if empty:
        return [], []
    from journeyfold.project.yaml_text import read_yaml

    document = read_yaml(SEGMENTS_FILE, _SEGMENTS)
    entries = document.at(("segments",))
    cards = []
    for entry in entries if isinstance(entries, list) else []:
        size = sum(entry["id"] in profile.memberships for profile in made.profiles.values())
        cards.append(
            SegmentCard(
                id=entry["id"],
                when=" ".join(entry["when"].split()),
                file=SEGMENTS_FILE,
                tags=tuple(entry.get("tags", ())),
                kind=entry.get("kind", "rule"),
                size=None if entry.get("kind") == "contextual" else size,
                entered_day=size // 9,
                left_day=size // 14,
                used_by=("placement home-hero",) if entry["id"] == "cart-abandoned" else (),
                state="building" if entry["id"] == "outdoor-fans" else "live",
            )
        )
    stages = [
        StageCard("customer", stage, when, sum(
            profile.stages["customer"].stage == stage for profile in made.profiles.values()))
        for stage, when in (
            ("Prospect", 'count("Order Completed") == 0'),
            ("Active", 'count("Order Completed") >= 1'),
            ("Loyal", 'count("Order Completed", within="365d") >= 4'),
            ("At-risk", 'recency("Order Completed") > "120d"'),
            ("Lapsed", 'recency("Order Completed") > "365d"'),
        )
    ]  # fmt: skip
    return cards, stages


def _sources(now_us: int, *, empty: bool) -> list[SourceCard]:
    last_us = 0 if empty else now_us
    return [
        SourceCard(
            "web",
            "Web shop",
            "client",
            "live",
            "consent",
            last_us,
            write_key="jf_pub_live_Ab12Cd34Ef_sample",
        ),
        SourceCard("app-ios", "iOS app", "client", "live", "consent", last_us),
        SourceCard(
            "shop",
            "Shop back end",
            "server",
            "live",
            "contract",
            last_us - 3 * HOUR_US if last_us else 0,
        ),
        SourceCard("orders", "Order history", "file", "live", "contract", 0, pull=_pull(last_us)),
    ]


def _pull(now_us: int) -> PullCard | None:
    """An import by schedule that its server stopped answering."""
    if not now_us:
        return None
    return PullCard(
        "failing", now_us + HOUR_US, now_us - HOUR_US, now_us - HOUR_US, now_us - 5 * HOUR_US,
        1_204, failures=4, problem="import orders failed: server: the database does not answer",
    )  # fmt: skip
