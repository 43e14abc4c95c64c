"""What is stored is what the evidence says, on the slow path (identity R7)."""

import msgspec

from journeyfold.identity.graph import Component, Node
from journeyfold.identity.rules import DEFAULT_RULES, IdentityRules, KindRule
from journeyfold.identity.verify import verify
from journeyfold.testing.evidence import resolved, sighting
from journeyfold.testing.judge import RULES
from journeyfold.testing.worlds import world


def test_random_worlds_are_stored_as_the_slow_path_finds_them():
    for number in range(60):
        found = verify(resolved(world(number), RULES, 7).state, RULES)
        assert found.differing == (), number


def test_what_was_looked_at_is_counted():
    records = [sighting(0, "user_id:ann", "anonymous_id:a1"), sighting(1, "user_id:bob")]
    found = verify(resolved(records).state, DEFAULT_RULES)
    assert (found.identifiers, found.components, found.links) == (3, 1, 1)


def changed(space, change):
    found = resolved([sighting(0, "user_id:ann", "anonymous_id:a1", "email:ann@example.com")])
    key, raw = next(found.state.scan(space))
    type_ = {"id_comp": Component, "id_node": Node}[space]
    row = change(msgspec.msgpack.decode(raw, type=type_))
    found.state.put(space, key, msgspec.msgpack.encode(row))
    return verify(found.state, DEFAULT_RULES).differing


def test_another_anchor_is_a_difference():
    def swap(row):
        other = next(node for node in row.nodes if node != row.anchor)
        return msgspec.structs.replace(row, anchor=other)

    (told,) = changed("id_comp", swap)
    assert told.endswith("the slow path finds other people")


def test_a_link_that_a_component_forgot_is_a_difference():
    told = changed("id_comp", lambda row: msgspec.structs.replace(row, links=row.links[:1]))
    assert any("no component has it" in one for one in told)
    assert any("do not connect it" in one for one in told)


def test_a_hub_that_is_none_is_a_difference():
    told = changed("id_node", lambda row: msgspec.structs.replace(row, hub=True))
    assert any("the hub rule is not kept" in one for one in told)


def test_a_link_that_is_kept_as_dead_is_a_difference():
    found = resolved([sighting(0, "user_id:ann", "anonymous_id:a1")])
    for key, _ in list(found.state.scan("id_adj")):
        found.state.delete("id_adj", key)
    (told,) = verify(found.state, DEFAULT_RULES).differing
    assert "is alive and not kept so" in told


def test_rules_that_changed_later_are_found():
    records = [sighting(0, "anonymous_id:t1", "user_id:ann"), sighting(1, "anonymous_id:t1", "user_id:bob")]  # fmt: skip
    wide = IdentityRules(kinds=(KindRule("user_id", "account", 2), *DEFAULT_RULES.kinds[1:]))
    (told,) = verify(resolved(records).state, wide).differing
    assert "other people" in told
