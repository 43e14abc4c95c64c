"""What identity and consent do to profiles through the engine: bindings, splits, lists, unsets."""

import pytest
from house import SHOP, House, everything

from journeyfold.core.instant import DAY_US
from journeyfold.project.load import load
from journeyfold.project.people import sizes
from journeyfold.segment.manual import ADDED, REMOVED

BROWSER = {"auth": "browser"}
DENIED = {"purposes": {"marketing": "denied"}}
GRANTED = {"purposes": {"marketing": "granted"}}
TEAM = load({
    **SHOP.files,
    "segments/team.yaml": "segments:\n"
    "  - {id: team, kind: manual, identifier: user_id}\n"
    "  - {id: team-buyers, when: 'in_segment(\"team\") and count(\"Order Completed\") >= 1'}\n"
    "  - {id: germans, when: 'traits.country == \"DE\"'}\n",
})  # fmt: skip


def stated(profile):
    """Hex node → what stands for marketing."""
    return {
        node: register["marketing"].state
        for node, register in profile.consents.items()
        if "marketing" in register
    }


def shared_tablet():
    """Two accounts on one tablet: the second link is suppressed, the tablet stays Ann's."""
    house = House()
    house.track("Identify", type_="identify", user="ann", anonymous="tablet")
    house.track("Identify", type_="identify", user="bob", anonymous="tablet")
    ann, bob = house.person("user_id", "ann"), house.person("user_id", "bob")
    assert house.person("anonymous_id", "tablet").person == ann.person != bob.person
    return house


def test_a_statement_on_a_shared_device_is_written_at_the_device_s_own_person():
    house = shared_tablet()
    told = {"user": "bob", "anonymous": "tablet", "context": BROWSER}
    house.track("Consent Updated", DENIED, **told)
    assert list(stated(house.person("user_id", "ann")).values()) == ["denied"]
    assert stated(house.person("user_id", "bob")) == {}


def test_a_server_s_statement_binds_both_people_it_names():
    house = shared_tablet()
    house.track("Consent Updated", DENIED, user="bob", anonymous="tablet")
    assert list(stated(house.person("user_id", "ann")).values()) == ["denied"]
    assert list(stated(house.person("user_id", "bob")).values()) == ["denied"]
    assert everything(house.rebuilt()) == everything(house.state)


def test_a_statement_about_another_s_device_is_no_activity_of_theirs():
    house = shared_tablet()
    events = house.person("user_id", "ann").events
    house.track("Consent Updated", DENIED, user="bob", anonymous="tablet")
    assert house.person("user_id", "ann").events == events


def test_after_a_split_a_part_keeps_what_records_of_the_other_said_of_its_nodes():
    house = House()
    house.track("Product Viewed", {"sku": "S"}, anonymous="phone")
    house.track("Identify", type_="identify", user="ann", anonymous="phone")
    house.track("Consent Updated", DENIED, user="ann", anonymous="phone", context=BROWSER)
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:phone")
    phone, ann = house.person("anonymous_id", "phone"), house.person("user_id", "ann")
    assert phone.person != ann.person
    assert list(stated(phone).values()) == ["denied"]
    assert stated(ann) == {}
    assert (phone.events, ann.events) == (1, 2)


def test_a_part_that_owns_no_record_and_no_statement_has_no_profile():
    house = House()
    house.track("Product Viewed", {"sku": "S"}, user="ann")
    house.now_us += 1
    house.track("Identify", type_="identify", user="ann", anonymous="phone")
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:phone")
    assert house.person("anonymous_id", "phone") is None
    with house.state.read() as reader:
        assert sizes(reader)["people"] == 1


def test_a_block_gives_old_records_to_their_next_owner():
    house = House()
    for number in range(3):
        house.track("Product Viewed", {"sku": f"S{number}"}, user="kiosk", anonymous="phone")
    house.verdict(verdict="block", kind="user_id", pattern="^kiosk$")
    assert house.person("anonymous_id", "phone").events == 3
    assert everything(house.rebuilt()) == everything(house.state)


def test_a_lifted_block_finds_people_who_had_no_profile():
    house = House()
    house.verdict(verdict="block", kind="user_id", pattern="^kiosk$")
    house.track("Product Viewed", {"sku": "S"}, user="kiosk")
    assert house.person("user_id", "kiosk") is None
    with house.state.read() as reader:
        ((block, _),) = reader.scan("id_mark")
    house.verdict(verdict="retract", target=block.hex())
    assert house.person("user_id", "kiosk").events == 1
    assert everything(house.rebuilt()) == everything(house.state)


def test_an_unset_trait_is_a_touched_trait():
    house = House(TEAM)
    house.track("Identify", type_="identify", user="ann", traits={"country": "DE"})
    assert "germans" in house.person("user_id", "ann").memberships
    house.now_us += 1
    house.track("Identify", type_="identify", user="ann", context={"unset": ["country"]})
    assert "germans" not in house.person("user_id", "ann").memberships


def listed(house, name, user, segment="team"):
    house.track(name, {"segment": segment}, user=user, source="_api")


def test_a_listed_member_enters_and_leaves_by_hand():
    house = House(TEAM)
    house.track("Order Completed", {"order_id": "o", "total": 1.0}, user="ann")
    listed(house, ADDED, "ann")
    assert {"team", "team-buyers"} <= house.person("user_id", "ann").memberships.keys()
    listed(house, REMOVED, "ann")
    assert not {"team", "team-buyers"} & house.person("user_id", "ann").memberships.keys()


def test_a_listed_identifier_waits_for_its_first_visit():
    house = House(TEAM)
    listed(house, ADDED, "ann")
    assert house.person("user_id", "ann").events == 0
    house.track("Order Completed", {"order_id": "o", "total": 1.0}, user="ann")
    assert "team-buyers" in house.person("user_id", "ann").memberships


def test_a_sender_cannot_write_lists():
    house = House(TEAM)
    house.track(ADDED, {"segment": "team"}, user="ann")
    assert "team" not in house.person("user_id", "ann").memberships


@pytest.mark.parametrize("batch", [1, 7])
def test_lists_survive_a_merge_and_a_split(batch):
    house = House(TEAM)
    listed(house, ADDED, "ann")
    house.track("Product Viewed", {"sku": "S"}, anonymous="phone")
    house.now_us += DAY_US
    house.track("Identify", type_="identify", user="ann", anonymous="phone")
    assert "team" in house.person("anonymous_id", "phone").memberships
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:phone")
    assert "team" in house.person("user_id", "ann").memberships
    assert "team" not in house.person("anonymous_id", "phone").memberships
    assert everything(house.rebuilt(batch)) == everything(house.state)
