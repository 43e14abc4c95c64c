"""A person is forgotten by a record: what goes, what stays, and who comes back (journeys E72)."""

from house import KEY, SHOP, START, House, everything, fold_all
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.adapters.memory import MemoryLog, MemoryState
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.identity.normalise import node_of
from journeyfold.identity.resolve import Resolver
from journeyfold.project.compile import OWN_SOURCE, compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.erasure import NAME
from journeyfold.project.load import load
from journeyfold.project.people import profile_of, sizes
from journeyfold.project.sent import sent_rows

CART = {"cart_id": "c1", "total": 89.0, "currency": "EUR", "items": 1}
REMINDED = load({
    **SHOP.files,
    "journeys/remind.yaml": "title: Remind\n"
    "entry: [{event: Cart Updated, key: properties.cart_id}]\n"
    "exit: [{event: Order Completed, reason: converted}]\n"
    "steps:\n  - {id: pause, wait: {for: 1h}}\n  - {id: mark, update: {traits: {reminded: yes}}}\n"
    "  - {id: rest, wait: {for: 5d}}\n  - {id: done, exit: completed}\n",
})  # fmt: skip


COMPILED = compile_project(REMINDED)


class Shop(House):
    """The shop with a journey; an erasure is asked for as the API does."""

    def __init__(self):
        self.log, self.state = MemoryLog(), MemoryState()
        self.engine = Engine(self.log, KEY, lambda _texts: COMPILED)
        self.now_us, self.number, self.effects = START, 0, []
        self.activate(REMINDED)

    def rebuilt(self, batch=500):
        state = MemoryState()
        fold_all(Engine(self.log, KEY, lambda _texts: COMPILED), self.log, state, batch)
        return state

    def erase(self, *values, kind="user_id"):
        """As the API asks for it: the nodes these identifiers have now."""
        with self.state.read() as reader:
            resolver = Resolver(self.rules, KEY, reader)
            nodes = [resolver.node(Identifier(kind, value)) for value in values]
        self.number += 1
        told = {"nodes": [node.hex() for node in nodes], "request": f"r{self.number}"}
        self.append(named(NAME, self.now_us, told, f"erase{self.number}"), "erasure")

    def now(self, value, kind="user_id"):
        """Whoever has the identifier now, by the generation it is in."""
        with self.state.read() as reader:
            resolver = Resolver(self.rules, KEY, reader)
            person = resolver.person_of(resolver.node(Identifier(kind, value)))
            return profile_of(reader, person) if person else None

    def sizes(self):
        """But those of initial stages: who is in one is everybody else (`stages` of the desk)."""
        lifecycles = self.engine.compiled.project.lifecycles.items()
        initial = {f"stage/{name}/{each.initial}" for name, each in lifecycles}
        with self.state.read() as reader:
            found = sizes(reader).items()
            return {name: size for name, size in found if size and name not in initial}


def named(name, at_us, told, id_):
    return Event(
        id=id_, name=name, type="system", source="_system", identifiers=(), occurred_us=at_us,
        received_us=at_us, properties=told, context={"auth": "system"},
    )  # fmt: skip


def space(house, name):
    return everything(house.state)[name]


def known_shopper(house, user="ann"):
    house.track("Identify", type_="identify", user=user, anonymous=f"d-{user}", email=f"{user}@example.com",
                traits={"email": f"{user}@example.com", "country": "DE"})  # fmt: skip
    house.track("Cart Updated", CART, user=user)
    house.track("Consent Updated", {"purposes": {"marketing": "granted"}}, user=user)


def test_everything_of_the_person_goes():
    house = Shop()
    known_shopper(house)
    assert house.now("ann").journeys
    house.erase("ann")
    assert house.now("ann") is None
    for name in (
        "profile",
        "wake",
        "consent",
        "id_node",
        "id_comp",
        "id_link",
        "id_adj",
        "id_hist",
    ):
        assert space(house, name) == [], name
    assert house.sizes() == {}


def test_nobody_else_loses_anything():
    alone, house = Shop(), Shop()
    known_shopper(alone, "bob")
    known_shopper(house, "bob")
    known_shopper(house, "ann")
    house.erase("ann")
    assert house.sizes() == alone.sizes()
    for name in ("wake", "consent", "id_comp", "id_adj"):
        assert space(house, name) == space(alone, name), name


def test_the_run_of_an_erased_person_ends_as_erased_without_its_key():
    house = Shop()
    known_shopper(house)
    house.erase("ann")
    (end,) = house.emitted("journey.exited")
    assert end.properties["reason"] == "erased"
    assert "key" not in end.properties


def test_a_timer_of_an_erased_person_does_nothing():
    house = Shop()
    known_shopper(house)
    house.erase("ann")
    before = everything(house.state)["profile"], len(house.effects)
    house.wait(2 * HOUR_US)
    assert (everything(house.state)["profile"], len(house.effects)) == before


def test_who_comes_back_is_somebody_new():
    house = Shop()
    known_shopper(house)
    old = house.now("ann").person
    house.erase("ann")
    house.now_us += MINUTE_US
    house.track("Product Viewed", user="ann")
    new = house.now("ann")
    assert (new.person != old, new.events, new.traits) == (True, 1, {})
    assert not any("marketing" in register for register in new.consents.values())


def test_each_return_after_an_erasure_is_another_person():
    house = Shop()
    ids = []
    for _ in range(3):
        house.now_us += MINUTE_US
        house.track("Product Viewed", user="ann")
        ids.append(house.now("ann").person)
        house.erase("ann")
    assert len(set(ids)) == 3
    assert house.sizes() == {}


def late(house, id_, user, occurred_us, name="Cart Updated", device=None):
    """An event in flight: it happened before and comes now."""
    claims = [Identifier("user_id", user)] if user else []
    claims += [Identifier("anonymous_id", device)] if device else []
    house.append(
        Event(
            id=id_, name=name, type="track", source="shop_server", identifiers=tuple(claims),
            occurred_us=occurred_us, received_us=house.now_us, properties=CART,
            context={"auth": "server"},
        )
    )  # fmt: skip


def test_an_event_in_flight_enters_no_journey_and_makes_nobody():
    house = Shop()
    known_shopper(house)
    house.now_us += MINUTE_US
    erased_us = house.now_us
    house.erase("ann")
    house.now_us += MINUTE_US
    late(house, "in-flight", "ann", erased_us)
    assert house.now("ann") is None
    late(house, "after", "ann", erased_us + 1)
    assert len(house.now("ann").journeys) == 1


def test_an_event_in_flight_of_somebody_else_on_the_erased_device_is_theirs_alone():
    house = Shop()
    known_shopper(house)
    house.now_us += MINUTE_US
    house.erase("ann")
    late(house, "shared", "bob", house.now_us - 1, device="d-ann")
    assert house.now("bob").events == 1
    assert house.now("d-ann", "anonymous_id") is None


def test_a_late_event_does_not_use_the_answer_that_a_new_one_was_given():
    house = Shop()
    known_shopper(house)
    erased_us = house.now_us
    house.erase("ann")
    house.now_us += HOUR_US
    late(house, "new", "ann", house.now_us)
    late(house, "old", "ann", erased_us - 5)
    assert house.now("ann").events == 1


def test_erasing_twice_or_nobody_changes_nothing():
    house = Shop()
    known_shopper(house)
    with house.state.read() as reader:
        node = Resolver(house.rules, KEY, reader).node(Identifier("user_id", "ann"))
    house.erase("ann")
    before = {name: rows for name, rows in everything(house.state).items() if name != "meta"}
    told = {"nodes": [node.hex(), bytes(16).hex()], "request": "again"}
    house.append(named(NAME, house.now_us, told, "again"), "erasure")
    assert before == {
        name: rows for name, rows in everything(house.state).items() if name != "meta"
    }


def test_a_merged_person_is_erased_whole_and_under_every_id_they_had():
    house = Shop()
    house.track("Cart Updated", CART, anonymous="laptop")
    house.track("Cart Updated", {**CART, "cart_id": "c2"}, user="ann")
    former = {house.now("laptop", "anonymous_id").person, house.now("ann").person}
    house.track("Identify", type_="identify", user="ann", anonymous="laptop")
    assert len(former) == 2
    house.erase("laptop", kind="anonymous_id")
    assert house.engine.forgotten >= former
    assert space(house, "profile") == []
    assert {each.properties["reason"] for each in house.emitted("journey.exited")} == {"erased"}


def test_a_split_after_an_erasure_brings_nothing_of_before_back():
    """A verdict refolds people from the log, where the erased records still stand."""
    house = Shop()
    known_shopper(house)
    house.now_us += MINUTE_US
    house.erase("ann")
    house.now_us += MINUTE_US
    house.track("Product Viewed", user="ann", anonymous="tablet")
    house.track("Page", anonymous="tablet")
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:tablet")
    assert (house.now("ann").events, house.now("ann").traits) == (1, {})
    assert house.now("tablet", "anonymous_id").events == 1
    assert everything(house.rebuilt()) == everything(house.state)


def test_who_was_kept_apart_by_the_erased_person_is_judged_anew():
    """A cannot-link of somebody erased goes with them; a rebuild agrees (identity M7)."""
    house = Shop()
    house.track("Page", user="ann", anonymous="tablet")
    house.track("Page", user="bob", anonymous="tablet")
    assert house.now("tablet", "anonymous_id").person == house.now("ann").person
    house.erase("ann")
    house.now_us += MINUTE_US
    house.track("Page", user="bob", anonymous="tablet")
    assert house.now("tablet", "anonymous_id").person == house.now("bob").person
    assert everything(house.rebuilt()) == everything(house.state)


def test_a_dead_address_stays_dead_for_whoever_has_it_next():
    house = Shop()
    known_shopper(house)
    address = {"message": "m1", "channel": "email", "status": "5.1.1", "address": ""}
    house.append(own("message.bounced", "ann", address, house.now_us))
    assert suppressed(house, "ann")
    house.now_us += MINUTE_US
    house.erase("ann")
    house.now_us += MINUTE_US
    house.track("Identify", type_="identify", user="zoe", email="ann@example.com",
                traits={"email": "ann@example.com"})  # fmt: skip
    assert suppressed(house, "zoe")
    assert b"example.com" not in b"".join(key + raw for key, raw in space(house, "id_erased"))
    assert everything(house.rebuilt()) == everything(house.state)


def own(name, user, told, at_us):
    return Event(
        id=f"{name}/{user}", name=name, type="track", source=OWN_SOURCE,
        identifiers=(Identifier("user_id", user),), occurred_us=at_us, received_us=at_us,
        properties=told, context={"auth": "system"},
    )  # fmt: skip


def suppressed(house, user):
    return house.engine.compiled.limits.reader.is_suppressed(house.now(user), "email")


def test_what_was_sent_to_them_is_forgotten():
    house = Shop()
    known_shopper(house, "ann")
    known_shopper(house, "bob")
    for user in ("ann", "bob"):
        told = {"message": f"m-{user}", "channel": "email", "links": ["https://x.example/1"]}
        house.append(own("message.sent", user, told, house.now_us))
    house.now_us += MINUTE_US
    house.erase("ann")
    with house.state.read() as reader:
        assert [message for message, _ in sent_rows(reader)] == ["m-bob"]
    assert not any(b"m-ann" in key for key, _ in space(house, "sent"))


def test_the_door_hears_of_a_returned_person_s_consent_under_the_node_it_knows():
    house = Shop()
    known_shopper(house)
    house.erase("ann")
    house.now_us += MINUTE_US
    house.track("Consent Updated", {"purposes": {"marketing": "denied"}}, user="ann")
    (key, _) = space(house, "consent")[0]
    assert key == node_of(Identifier("user_id", "ann"), KEY)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["view", "cart", "order", "identify", "wait", "erase"]),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["laptop", "phone", None]),
    ),
    max_size=14,
)


def act(house, what, user, device):
    house.now_us += MINUTE_US
    match what:
        case "view":
            house.track("Product Viewed", user=None if device else user, anonymous=device)
        case "cart":
            house.track("Cart Updated", CART, user=user, anonymous=device)
        case "order":
            house.track("Order Completed", {"total": 5.0}, user=user)
        case "identify":
            house.track(
                "Identify", type_="identify", user=user, anonymous=device, traits={"a": user}
            )
        case "wait":
            house.wait(30 * MINUTE_US)
        case "erase":
            house.erase(user)


@given(ACTS)
def test_any_history_with_erasures_is_rebuilt_to_the_same_bytes(acts):
    house = Shop()
    for what, user, device in acts:
        act(house, what, user, device)
    assert everything(house.rebuilt(batch=3)) == everything(house.state)


@given(ACTS, ACTS)
def test_an_erased_person_s_later_records_are_as_if_they_were_the_first(before, after):
    """Ann alone: what the state holds of her beyond the ledger equals that of a house that never
    heard of her before, but for ids, which name another generation.
    """
    mine = [(what, "ann", device) for what, _, device in after if what != "erase"]
    house, fresh = Shop(), Shop()
    for what, _, device in before:
        act(house, what, "ann", device)
    devices = [Identifier("anonymous_id", each) for each in ("laptop", "phone")]
    for each in [Identifier("user_id", "ann"), *devices]:
        house.erase(each.value, kind=each.kind)
    assert house.sizes() == {}
    fresh.now_us = house.now_us
    for what, user, device in mine:
        act(house, what, user, device)
        act(fresh, what, user, device)
    assert house.sizes() == fresh.sizes()
    assert facts(house) == facts(fresh)
    assert len(space(house, "wake")) == len(space(fresh, "wake"))


def facts(house):
    """What is known of people, without the ids that hang on a generation."""
    found = []
    with house.state.read() as reader:
        for key, _ in reader.scan("profile"):
            one = profile_of(reader, key.decode())
            runs = sorted(  # their own order is that of their ids
                (run.journey, run.key, run.step, run.due_us, run.reason) for run in one.journeys
            )
            traits = {name: held.value for name, held in one.traits.items()}
            found.append((one.events, one.first_us, one.last_us, one.wake_us, traits,
                          sorted(one.memberships), runs))  # fmt: skip
    return sorted(found, key=repr)


def test_a_year_after_an_erasure_a_late_record_of_before_is_still_dropped():
    house = Shop()
    known_shopper(house)
    erased_us = house.now_us
    house.erase("ann")
    house.wait(365 * DAY_US)
    late(house, "very-late", "ann", erased_us - DAY_US)
    assert house.now("ann") is None
