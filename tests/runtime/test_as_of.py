"""The past of one person from the records of their closure is that of the whole log (X2)."""

import pytest
from house import KEY, SHOP, House, compile_texts, fold_all, system

from journeyfold.adapters.memory import MemoryState
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Identifier, Record
from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.identity.normalise import node_of
from journeyfold.identity.resolve import Resolver
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.project.people import encode_profile, profile_of
from journeyfold.runtime.as_of import past_of
from journeyfold.testing.shopper import dice

USERS, DEVICES = ("ann", "bob", "cid"), ("phone", "tablet", "laptop")
TOLD = {"order_id": "1", "total": 20.0, "currency": "EUR"}


def lived(number):
    """A few people for a few days, with verdicts and the passing of time."""
    random, house = dice("as of", number), House()
    for turn in range(30):
        house.now_us += random.randint(0, 20) * HOUR_US
        match random.choice(
            ("view", "view", "order", "identify", "wait", "cannot", "link", "block")
        ):
            case "view":
                house.track("Product Viewed", {"sku": "S"}, anonymous=random.choice(DEVICES))
            case "order":
                house.track(
                    "Order Completed", TOLD | {"order_id": str(turn)}, user=random.choice(USERS)
                )
            case "identify":
                house.track(
                    "Identify", type_="identify", user=random.choice(USERS),
                    anonymous=random.choice(DEVICES), traits={"country": random.choice("DF") + "E"},
                )  # fmt: skip
            case "wait":
                house.wait(random.randint(1, 5) * DAY_US)
            case "block":
                if random.random() < 0.3:
                    house.verdict(
                        verdict="block", kind="anonymous_id", pattern=random.choice(DEVICES)
                    )
            case verdict:
                ends = f"user_id:{random.choice(USERS)}", f"anonymous_id:{random.choice(DEVICES)}"
                name = {"cannot": "cannot_link"}.get(verdict, verdict)
                house.verdict(verdict=name, a=ends[0], b=ends[1])
    return house


def seen(state, rules, node):
    """Who a node is, with everything but the offset of the last record, which all share."""
    with state.read() as reader:
        person = Resolver(rules, KEY, reader).person_of(node)
        profile = profile_of(reader, person) if person else None
    return person, encode_profile(profile) if profile else None


def replayed(house, offset):
    """The whole log up to an offset, and time up to its instant."""
    state, engine = MemoryState(), Engine(house.log, KEY, compile_texts, complete_builds=True)
    records = house.log.read(-1, offset + 1)
    last = records[-1]
    now = Record(offset, last.appended_us, "timer", system("timer.fired", last.appended_us, {"until_us": last.appended_us}))  # fmt: skip
    with state.write() as writer:
        engine.fold(writer, [*records, now])
    return state


@pytest.mark.parametrize("number", range(6))
def test_the_past_of_a_closure_is_the_past_of_the_log(number):
    house = lived(number)
    head, _ = house.log.head()
    for offset in {1, head // 3, head // 2, head - 2, head}:
        whole = replayed(house, offset)
        for kind, values in (("user_id", USERS), ("anonymous_id", DEVICES)):
            for value in values:
                node = node_of(Identifier(kind, value), KEY)
                with house.state.read() as reader:
                    past = past_of(house.log, reader, house.rules, KEY, [node], offset)
                found = seen(past.state(), house.rules, node)
                assert found == seen(whole, house.rules, node), (offset, value)


def test_only_records_of_the_closure_are_read():
    house = House()
    for user in USERS:
        house.track("Identify", type_="identify", user=user, anonymous=f"d-{user}")
    node = node_of(Identifier("user_id", "ann"), KEY)
    with house.state.read() as reader:
        past = past_of(house.log, reader, house.rules, KEY, [node], 3)
    assert [record.event.id for record in past.log.read(0, 10)] == ["e1"]


def test_a_moment_beyond_the_log_is_one_sentence():
    house = House()
    with house.state.read() as reader, pytest.raises(UsageError, match="the records 0 to 0"):
        past_of(house.log, reader, house.rules, KEY, [], 5)


def test_nobody_is_known_before_their_first_record():
    house = House()
    house.track("Product Viewed", {"sku": "S"}, user="ann")
    node = node_of(Identifier("user_id", "ann"), KEY)
    with house.state.read() as reader:
        past = past_of(house.log, reader, house.rules, KEY, [node], 0)
    assert seen(past.state(), house.rules, node) == (None, None)


def test_a_rebuild_tells_the_same_past():
    house = lived(1)
    again = MemoryState()
    fold_all(Engine(house.log, KEY, compile_texts), house.log, again, 7)
    node = node_of(Identifier("user_id", "ann"), KEY)
    head, _ = house.log.head()
    found = []
    for state in (house.state, again):
        with state.read() as reader:
            past = past_of(house.log, reader, house.rules, KEY, [node], head // 2)
        found.append(seen(past.state(), house.rules, node))
    assert found[0] == found[1]


@pytest.mark.parametrize("number", range(3))
def test_the_past_before_and_after_other_rules_is_that_of_the_log(number):
    house = lived(number)
    files = {**SHOP.files, "identity.yaml": SHOP.files["identity.yaml"].replace(
        "blocked: [", "blocked: [{kind: user_id, pattern: '^bob$'}, ")}  # fmt: skip
    house.now_us += 1
    house.activate(load(files))
    at, _ = house.log.head()
    house.track("Product Viewed", {"sku": "S"}, user="bob", anonymous="phone")
    for offset in (at - 1, at, at + 1):
        whole = replayed(house, offset)
        for value in DEVICES:
            node = node_of(Identifier("anonymous_id", value), KEY)
            with house.state.read() as reader:
                past = past_of(house.log, reader, house.rules, KEY, [node], offset)
            assert seen(past.state(), house.rules, node) == seen(whole, house.rules, node)
