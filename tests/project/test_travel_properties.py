"""Whatever happens, journeys are a function of the log (journeys section 9).

Replay gives the same bytes; what comes twice changes nothing; timers that fire late, by however
much, leave the same runs behind (E1).
"""

import msgspec
import pytest
from house import KEY, House, compile_texts, everything, fold_all, system
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyfold.adapters.memory import MemoryLog, MemoryState
from journeyfold.core.effect import Deliver
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import HOUR_US, MINUTE_US
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.journey.control import command, entry_event
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.project.people import decode_profile
from journeyfold.project.scaffold import template_files

CART = {"cart_id": "c1", "total": 89.0, "items": 1}
WAYS = """
entry:
  - {event: Cart Updated, key: properties.cart_id}
  - {segment: {id: german, min_dwell: 30m}}
  - {api: true}
  - {schedule: {cron: "0 9 * * *", audience: german}}
reentry: {max_active: 5}
exit: [{event: Order Completed, reason: bought}, {after: 20d}]
goal: {event: Order Completed, within: 7d, value: properties.total}
policy: {purpose: necessary, class: marketing, caps: [few]}
holdout: {percent: 20, salt: h}
steps:
  - {id: pause, wait: {for: 5m}}
  - {id: ask, webhook: {destination: crm, reply: {timeout: 10m, save: crm}, on_fail: mail}}
  - {id: draw, split: {salt: s, arms: {a: {weight: 50}, b: {weight: 50, goto: night}}}}
  - {id: mail, send: {channel: email, template: hello, on_fail: night, on_cap: hold, expires: 2d}}
  - id: heard
    wait_for: {any: [{event: Checkout Started, goto: night}], timeout: 2h, reset_on: Page}
  - {id: night, wait: {until: "09:00"}}
  - {id: tell, webhook: {destination: crm, on_fail: exit}}
  - {id: say, update: {traits: {city: told}}}
  - {id: again, goto: pause, max: 2}
  - {id: last, wait: {local_days: 2}}
"""
LATER = WAYS.replace("for: 5m", "for: 50m").replace("id: heard", "id: listens") + (
    "on_publish: migrate\nmigrate: {heard: listens}\n"
)
SETTINGS = """
name: shop
time_zone: Europe/Berlin
contact: {quiet: {start: "21:00", end: "08:00"}, caps: {few: {max: 2, per: day}}}
"""


def project(journey):
    """Small, because it is put up anew for every life."""
    needed = ("sources/", "schemas/", "identity.yaml")
    files = {p: text for p, text in template_files("shop").items() if p.startswith(needed)}
    return load(
        files
        | {
            "journeyfold.yaml": SETTINGS,
            "journeys/cart.yaml": journey,
            "destinations/crm.yaml": "type: slack\nsecret: ${env:CRM}\n",
            "segments/german.yaml": "segments: [{id: german, when: 'traits.country == \"DE\"'}]\n",
            "templates/hello/template.yaml": "subject: Hi\nfrom: Shop <hello@shop.example>",
            "templates/hello/body.html": "<p>Hi</p>",
        }
    )


FIRST, SECOND = project(WAYS), project(LATER)
WHATS = [
    "cart", "cart", "order", "checkout", "page", "german", "french", "merge", "wait", "wait",
    "long", "answer", "fail", "pause", "resume", "skip", "drain", "stop", "migrate", "publish",
    "enter", "slot", "zones",
]  # fmt: skip
SOME = settings(max_examples=min(settings.default.max_examples, 50))  # each puts up two projects
ACTS = st.lists(
    st.tuples(st.sampled_from(WHATS), st.sampled_from(["ann", "bob"]), st.integers(0, 3)),
    max_size=16,
)


class Life(House):
    """A house in which things happen to journeys."""

    def __init__(self):
        super().__init__(FIRST)
        self.versions = [SECOND, FIRST]
        for user in ("ann", "bob"):
            self.track("Identify", type_="identify", user=user, traits={"email": f"{user}@x.org"})

    def live(self, acts):
        for what, user, n in acts:
            self.now_us += 7 * MINUTE_US
            self.act(what, user, n)

    def act(self, what, user, n):
        match what:
            case "cart":
                self.track("Cart Updated", {**CART, "cart_id": f"c{n}"}, user=user)
            case "order":
                self.track("Order Completed", {"order_id": f"o{n}", "total": 10.0}, user=user)
            case "checkout" | "page":
                name = "Checkout Started" if what == "checkout" else "Page"
                self.track(name, {"cart_id": f"c{n}"}, user=user)
            case "german" | "french":
                told = {"country": "DE" if what == "german" else "FR", "timezone": ZONES[n]}
                self.track("Identify", type_="identify", user=user, traits=told)
            case "merge":
                self.track("Cart Updated", CART, anonymous=f"a{n}")
                self.track("Identify", type_="identify", user=user, anonymous=f"a{n}")
            case "wait" | "long":
                self.wait(HOUR_US * (1 + n) * (9 if what == "long" else 1))
            case "answer" | "fail":
                self.told(what, n)
            case "pause" | "resume" | "drain" | "stop" | "migrate":
                self.append(command(what, "cart", self.now_us, "t"), "journey")
            case "skip":
                said = command("resume", "cart", self.now_us, "t", catch_up="skip-expired")
                self.append(said, "journey")
            case "publish":
                self.versions.reverse()
                self.activate(self.versions[0])
            case "enter":
                self.said(user, entry_event("cart", f"r{n}", (), self.now_us, {}))
            case "slot":
                slot = {"slot": f"2026-09-2{n + 2}T09:00"}
                self.said(user, entry_event("cart", f"s{n}{user}", (), self.now_us, slot, 3))
            case "zones":
                told = system("zones.updated", self.now_us, {"version": f"v{n}"})
                self.append(told, "journey")

    def said(self, user, event):
        self.append(msgspec.structs.replace(event, identifiers=(Identifier("user_id", user),)))

    def told(self, what, n):
        """What became of something that was handed over, however long ago."""
        handed = [
            each
            for each in self.effects
            if isinstance(each, Deliver) and each.payload.get("kind") in {"message", "webhook"}
        ]
        if not handed:
            return
        about = handed[-1 - n % len(handed)]
        kind, result = about.payload["kind"], "sent" if what == "answer" else "failed"
        names = ("journey", "version", "instance", "step")
        properties = {"message": about.key, "reply": n} | {x: about.payload[x] for x in names}
        whose = self.owner_of(about.person)
        if whose is None:
            return
        event = Event(
            id=f"{about.key}/{result}", name=f"{kind}.{result}", type="track", source="_fold",
            identifiers=(whose,), occurred_us=self.now_us, received_us=self.now_us,
            properties=properties, context={"auth": "system"},
        )  # fmt: skip
        self.append(event)

    def owner_of(self, person):
        with self.state.read() as reader:
            return self.engine.identifier_of(person, reader)


ZONES = ["Europe/Berlin", "Asia/Tokyo", "America/New_York", "EST"]


def people(state):
    with state.read() as reader:
        return [decode_profile(raw) for _, raw in reader.scan("profile")]


@SOME
@given(ACTS, st.sampled_from([1, 3, 100]))
def test_any_life_is_rebuilt_to_the_same_bytes(acts, batch):
    life = Life()
    life.live(acts)
    assert everything(life.rebuilt(batch)) == everything(life.state)


@SOME
@given(ACTS)
def test_what_comes_again_changes_nothing(acts):
    once, twice = Life(), Life()
    once.live(acts)
    for act in acts:
        twice.live([act])
        last = twice.log.read(max(-1, twice.log.head()[0] - 3), 3)
        twice.log.append(
            [Entry(event=each.event, kind=each.kind) for each in last], now_us=twice.now_us
        )
        twice.fold()
    assert everything(twice.state) == everything(once.state)


@SOME
@given(ACTS)
def test_timers_that_fire_late_by_any_amount_leave_the_same_runs(acts):
    life = Life()
    life.live(acts)
    life.wait(HOUR_US)
    late = without_timers(life)
    assert [settled(one) for one in people(late.state)] == [
        settled(one) for one in people(life.state)
    ]
    assert sorted(handed(late.effects)) == sorted(handed(life.effects))


def without_timers(life):
    """The same log, with its last timer alone: a worker that was down all the time."""
    late = House.__new__(House)
    late.log, late.state, late.effects = MemoryLog(), MemoryState(), []
    records = life.log.read(-1, 100_000)
    for record in records:
        if record.kind != "timer" or record is records[-1]:
            nodes = tuple(node_of(each, KEY) for each in record.event.identifiers)
            entry = Entry(event=record.event, kind=record.kind, nodes=nodes)
            late.log.append([entry], now_us=record.appended_us)
    engine = Engine(late.log, KEY, compile_texts)
    late.effects += fold_all(engine, late.log, late.state)
    return late


def settled(profile):
    """What the journeys of a person are, but for offsets, which count timers as well."""
    runs = [msgspec.structs.replace(run, at_offset=0) for run in profile.journeys]
    return profile.person, runs, profile.passages, profile.pending, profile.contacts


def handed(effects):
    return [(each.key, each.due_us) for each in effects if isinstance(each, Deliver)]


@pytest.mark.parametrize("batch", [1, 100])
def test_a_life_with_everything_in_it_goes_through_every_kind_of_step(batch):
    life = Life()
    for round_ in range(12):
        life.live([(what, user, round_ % 4) for what in WHATS[:13] for user in ("ann", "bob")])
    kinds = {each.payload.get("kind") for each in life.effects if isinstance(each, Deliver)}
    assert {"message", "webhook"} <= kinds
    assert len(life.emitted("journey.goal")) > 1
    assert everything(life.rebuilt(batch)) == everything(life.state)
