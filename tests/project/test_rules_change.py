"""Other limits and hubs hold for everybody from their activation on (identity R2, R5)."""

import pytest
from house import KEY, SHOP, House, everything, fold_all

from journeyfold.adapters.memory import MemoryState
from journeyfold.identity.verify import verify
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.load import load

ONE = "kinds:\n  - {name: user_id, class: account, limit: 1}\n"
TWO = "kinds:\n  - {name: user_id, class: account, limit: 2}\n"
REST = "  - {name: email, class: contact}\n  - {name: anonymous_id, class: device, hub: %d}\n"
BEFORE, AFTER, NARROW = ONE + REST % 50, TWO + REST % 50, ONE + REST % 1


def project(text):
    return load({**SHOP.files, "identity.yaml": text})


@pytest.fixture
def house():
    """Two accounts on one tablet."""
    house = House(project(BEFORE))
    for user in ("ann", "bob"):
        house.now_us += 1
        house.track("Product Viewed", {"sku": "S"}, user=user, anonymous="tablet")
    return house


def publish(house, text):
    house.now_us += 1
    house.activate(project(text))
    with house.state.read() as reader:
        assert verify(reader, house.rules).differing == ()


def together(house):
    ann, bob = house.person("user_id", "ann"), house.person("user_id", "bob")
    return ann.person == bob.person


def test_a_wider_limit_joins_whom_the_old_one_kept_apart(house):
    assert not together(house)
    publish(house, AFTER)
    assert together(house)
    assert house.person("user_id", "ann").events == 2
    assert [each.properties["rule"] for each in house.emitted("person.merged")][-1] == "project"


def test_a_narrower_limit_parts_them_again_as_if_it_had_always_been(house):
    before = everything(house.state)["id_comp"]
    publish(house, AFTER)
    publish(house, BEFORE)
    assert not together(house)
    assert everything(house.state)["id_comp"] == before
    assert house.person("user_id", "bob").events == 1


def test_a_narrower_hub_frees_the_device(house):
    publish(house, NARROW)
    tablet = house.person("anonymous_id", "tablet")
    assert tablet is None or tablet.person != house.person("user_id", "ann").person


def test_a_rebuild_gives_the_same_bytes(house):
    publish(house, AFTER)
    state = MemoryState()
    engine = Engine(
        house.log, KEY, lambda files: compile_project(load(files)), complete_builds=True
    )
    fold_all(engine, house.log, state, 2)
    assert everything(state) == everything(house.state)
