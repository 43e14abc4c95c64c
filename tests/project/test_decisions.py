"""Every decision about who is who is a row with its actor, rule and version (identity X3)."""

import msgspec
from house import House, everything, system

from journeyfold.core.instant import DAY_US
from journeyfold.identity import decisions
from journeyfold.project.erasure import NAME


def rows(house):
    with house.state.read() as reader:
        return [row for _, _, row in decisions.since(reader)]


def joined():
    house = House()
    house.track("Product Viewed", {"sku": "S"}, anonymous="phone")
    house.track("Order Completed", {"order_id": "1", "total": 9.0, "currency": "EUR"}, user="ann")
    house.now_us += DAY_US
    house.track("Identify", type_="identify", user="ann", anonymous="phone")
    return house


def test_a_merge_names_its_people_evidence_rule_actor_and_version():
    house = joined()
    (row,) = rows(house)
    ann = house.person("user_id", "ann").person
    assert (row.kind, row.rule, row.actor, row.event) == ("merge", "event", "shop_server", "e3")
    assert row.project == house.engine.compiled.project.hash[:12]
    assert len(row.before) == 2
    assert row.after == [ann]
    assert row.undo == f"retract {row.links[0]}"


def test_what_models_proposed_can_be_left_out_of_the_newest():
    house = joined()
    (merge,) = rows(house)
    by_model = msgspec.structs.replace(merge, actor="_linkage")
    with house.state.write() as writer:
        decisions.stage(writer, 900, [by_model] * 50)
    with house.state.read() as reader:
        found = decisions.last(reader, 900, 5, by_models=False)
        assert [row for _, _, row in found] == [merge]
        assert len(decisions.last(reader, 900, 5)) == 5


def test_a_split_and_the_verdict_behind_it_are_two_rows():
    house = joined()
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:phone")
    _, verdict, split, refused = rows(house)
    assert refused.rule == f"cannot_link {verdict.undo.removeprefix('retract ')}"
    assert (verdict.kind, split.kind, split.rule) == ("cannot_link", "split", "cannot_link")
    assert sorted(verdict.before) == sorted(split.after)
    assert split.undo == verdict.undo


def test_a_row_says_what_evidence_would_take_it_back():
    house = joined()
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:phone")
    target = rows(house)[1].undo.removeprefix("retract ")
    house.verdict(verdict="retract", target=target)
    assert [row.kind for row in rows(house)][-2:] == ["retract", "merge"]
    assert house.person("user_id", "ann").person == house.person("anonymous_id", "phone").person


def test_a_refused_link_is_a_row_with_the_limit():
    house = joined()
    house.track("Identify", type_="identify", user="bob", anonymous="phone")
    row = rows(house)[-1]
    assert (row.kind, row.rule) == ("suppress", "limit user_id 2>1")
    assert row.undo == f"link {row.links[0]}"


def test_a_rebuild_writes_the_same_rows():
    house = joined()
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:phone")
    assert everything(house.rebuilt(3))["id_audit"] == everything(house.state)["id_audit"]


def test_rows_about_somebody_who_is_erased_go_with_them():
    house = joined()
    node = house.engine.node_of(house.engine.identifier_of(house.person("user_id", "ann").person))
    told = {"nodes": [node.hex()], "request": "r1"}
    house.append(system(NAME, house.now_us, told), "erasure")
    assert rows(house) == []


def test_what_a_merge_moved_is_told():
    house = joined()
    (merged,) = house.emitted("person.merged")
    assert merged.properties["rule"] == "event"
    moved = merged.properties["moved"]
    assert (moved["events"], moved["journeys"]) == (1, ["post-purchase"])
    assert set(moved) == {"segments", "journeys", "events", "messages"}


def test_what_each_part_of_a_split_has_is_told():
    house = joined()
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:phone")
    (split,) = house.emitted("person.split")
    ann, phone = house.person("user_id", "ann"), house.person("anonymous_id", "phone")
    assert split.properties["cause"] == f"v{house.number}"
    assert {person: told["events"] for person, told in split.properties["moved"].items()} == {
        ann.person: 2, phone.person: 1,
    }  # fmt: skip


def test_the_name_left_to_a_part_that_no_record_is_about_leads_to_no_profile():
    """The device is the anchor where both are named at once: `anonymous_id` sorts first."""
    house = House()
    house.track("Identify", type_="identify", user="ann", anonymous="phone")
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:phone")
    assert house.person("anonymous_id", "phone") is None
    assert house.person("user_id", "ann").events == 1
