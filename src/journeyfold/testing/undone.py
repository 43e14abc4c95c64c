"""Links taken back in random lives: a split restores what would have been without the link (M4).

A world is folded twice, with the verdicts that undo links at its end and at its beginning. Nothing
that is known about anybody may differ by a byte: traits of every policy, aggregates, sessions,
consents, contacts, first and last instants, counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from random import Random

from journeyfold.adapters.memory import MemoryLog, MemoryState
from journeyfold.core.event import Event, Identifier, Json, Kind
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.core.ports import Entry
from journeyfold.core.profile import Profile
from journeyfold.identity.evidence import SERVER, link_id
from journeyfold.identity.normalise import node_of, normalised
from journeyfold.project.compile import Compiled, compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.project.people import decode_profile, encode_profile
from journeyfold.project.scaffold import template_files
from journeyfold.testing.shopper import dice

KEY = bytes(32)
START_US = 1_790_000_000_000_000
_POLICIES = """
  seen_first: {policy: first}
  least: {policy: min}
  most: {policy: max}
"""
_PEOPLE = ("ann", "bob", "cid")
_DEVICES = ("phone", "tablet", "laptop")
_SKUS = ("s1", "s2", "s3")
Said = tuple[Event, Kind]


@cache
def _shop() -> Compiled:
    files = template_files("shop")
    return compile_project(load({**files, "features.yaml": files["features.yaml"] + _POLICIES}))


def unlike(number: int) -> str:
    """What differs in one world; empty when a split restores it to the byte."""
    random = dice("undone", number)
    lived = list(_lives(random))
    undoing = _undoing(random, lived)
    after, before = _facts([*lived, *undoing]), _facts([*undoing, *lived])
    if after == before:
        return ""
    return f"world {number}: {len(after)} people after the split, {len(before)} without the links"


def _facts(said: Sequence[Said]) -> list[bytes]:
    """Of everybody, without the names and offsets that the order of arrival gives."""
    log, state = MemoryLog(), MemoryState()
    engine = Engine(log, KEY, lambda _texts: _shop())
    told: dict[str, Json] = {"hash": "shop", "files": dict(_shop().project.files)}
    rules = _shop().project.identity
    every = [(_system("project.activated", told), "project"), *said]
    for event, kind in every:
        usable = normalised(event, rules)[0]
        nodes = tuple(node_of(one, KEY) for one in usable)
        entry = Entry(event=event, kind=kind, nodes=nodes)
        log.append([entry], now_us=max(log.head()[1], event.received_us))
    with state.write() as writer:
        engine.fold(writer, log.read(-1, len(every)))
    with state.read() as reader:
        profiles = [decode_profile(raw) for _, raw in reader.scan("profile")]
    return sorted(encode_profile(_bare(profile)) for profile in profiles)


_FACTS = ("first_us", "last_us", "events", "traits", "aggregates", "sessions", "consents", "contacts")  # fmt: skip


def _bare(profile: Profile) -> Profile:
    """What was sent is no fact: who was in a journey when differs, and what is sent stays sent."""
    bare = Profile(person="", **{name: getattr(profile, name) for name in _FACTS})
    bare.contacts = [each for each in bare.contacts if each.kind != "sent"]
    return bare


def _lives(random: Random) -> Iterator[Said]:
    for number in range(random.randint(4, 14)):
        at_us = START_US + random.randint(0, 40) * DAY_US // 2 + random.randint(0, 59) * MINUTE_US
        yield _act(random, number, at_us), "event"
        if random.random() < 0.15:
            ends: list[Json] = [["user_id", random.choice(_PEOPLE)], ["anonymous_id", random.choice(_DEVICES)]]  # fmt: skip
            verdict: dict[str, Json] = {
                "verdict": "link", "a": ends[0], "b": ends[1], "method": "linkage", "batch": "m1",
            }  # fmt: skip
            yield _system(f"link{number}", verdict), "evidence"


def _act(random: Random, number: int, at_us: int) -> Event:
    who = [Identifier("anonymous_id", random.choice(_DEVICES))] if random.random() < 0.7 else []
    if random.random() < 0.6 or not who:
        who.insert(0, Identifier("user_id", random.choice(_PEOPLE)))
    if random.random() < 0.2:
        who.append(Identifier("email", f"{random.choice(_PEOPLE)}@example.com"))
    acts: list[tuple[str, dict[str, Json]]] = [
        ("Product Viewed", {"sku": random.choice(_SKUS), "category": "shoes"}),
        (
            "Order Completed",
            {"order_id": f"o{number}", "total": float(random.randint(1, 90)), "currency": "EUR"},
        ),
        ("Identify", {}),
        ("Consent Updated", {"purposes": {"marketing": random.choice(("granted", "denied"))}}),
    ]
    name, properties = random.choice(acts)
    value = random.randint(0, 9)
    traits: dict[str, Json] = {
        "email": f"{value}@example.com", "country": random.choice(("DE", "FR")), "interests": [value % 3],
        "seen_first": value, "least": value, "most": value,
    }  # fmt: skip
    unset: list[Json] = ["country"] if random.random() < 0.1 else []
    context: dict[str, Json] = {"auth": "server", "unset": unset}
    return Event(
        id=f"e{number}", name=name, type="identify" if name == "Identify" else "track",
        source=random.choice(("shop_server", "shop_orders", "shop_web")), identifiers=tuple(who),
        occurred_us=at_us - random.choice((0, 0, HOUR_US, 3 * DAY_US)), received_us=at_us,
        properties=properties, traits=traits if name == "Identify" else {}, context=context,
    )  # fmt: skip


def _undoing(random: Random, lived: Sequence[Said]) -> list[Said]:
    """Retracts of some of the links there are, of the whole run of a model, or cannot-links."""
    events = [event for event, kind in lived if kind == "event" and len(event.identifiers) > 1]
    undone: list[Said] = []
    for at in range(random.randint(1, 4)):
        told: dict[str, Json]
        match random.choice(("retract", "retract", "select", "cannot")):
            case "retract" if events:
                event = random.choice(events)
                names = normalised(event, _shop().project.identity)[0]
                ends = [node_of(one, KEY) for one in (names[0], random.choice(names[1:]))]
                target = link_id(ends[0], ends[1], SERVER, event.source, "event", "")
                told = {"verdict": "retract", "target": target.hex()}
            case "cannot":
                user, device = random.choice(_PEOPLE), random.choice(_DEVICES)
                told = {
                    "verdict": "cannot_link", "a": ["user_id", user], "b": ["anonymous_id", device],
                }  # fmt: skip
            case _:
                told = {"verdict": "retract", "selector": {"batch": "m1"}}
        undone.append((_system(f"undo{at}", told), "evidence"))
    return undone


def _system(id_: str, properties: dict[str, Json]) -> Event:
    return Event(
        id=id_, name="Identity Verdict" if "verdict" in properties else id_, type="system",
        source="_system", identifiers=(), occurred_us=START_US, received_us=START_US,
        properties=properties, context={"auth": "system"},
    )  # fmt: skip
