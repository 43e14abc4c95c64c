"""What a resolver answers, one rule a time (identity 2.3 to 2.6)."""

import pytest

from journeyfold.identity.evidence import link_id
from journeyfold.identity.normalise import person_id
from journeyfold.identity.resolve import Merged, Reanchored, Split, Suppressed
from journeyfold.identity.rules import DEFAULT_RULES, IdentityRules, KindRule, Limit
from journeyfold.testing.evidence import resolved, sighting, suppressed, verdict

LOGIN = ("user_id:ann", "anonymous_id:a1")


def kinds_of(changes):
    return [type(change).__name__ for change in changes]


def test_a_first_visit_is_a_person_of_its_own():
    found = resolved([sighting(0, "anonymous_id:a1")])
    assert found.resolutions[0].person == person_id(found.node("anonymous_id:a1"))


def test_a_login_joins_the_device_to_the_user_under_the_older_anchor():
    found = resolved([sighting(0, "anonymous_id:a1"), sighting(1, *LOGIN)])
    assert found.person("user_id:ann") == person_id(found.node("anonymous_id:a1"))


def test_a_new_user_on_a_known_device_merges_nobody():
    assert resolved([sighting(0, "anonymous_id:a1"), sighting(1, *LOGIN)]).changes == []


def test_two_people_who_meet_are_merged_into_the_older_one():
    found = resolved(
        [sighting(0, "user_id:ann"), sighting(1, "anonymous_id:a1"), sighting(2, *LOGIN)]
    )
    device, user = (person_id(found.node(one)) for one in ("anonymous_id:a1", "user_id:ann"))
    assert found.changes == [Merged(device, user, "e2")]


def test_the_owner_of_a_record_is_its_strongest_identifier():
    found = resolved([sighting(0, *LOGIN)])
    assert found.resolutions[0].owner == found.node("user_id:ann")


def test_a_second_user_on_a_device_is_not_merged_and_the_device_stays_with_the_first():
    found = resolved([sighting(0, *LOGIN), sighting(1, "user_id:bob", "anonymous_id:a1")])
    assert found.resolutions[1].person == person_id(found.node("user_id:bob"))
    assert [change.reason for change in found.changes] == ["limit user_id 2>1"]
    assert found.person("anonymous_id:a1") == found.person("user_id:ann")


def test_a_login_on_a_shared_device_goes_to_the_user():
    found = resolved(
        [sighting(0, *LOGIN), sighting(1, "user_id:bob", "anonymous_id:a1"), sighting(2, *LOGIN)]
    )
    assert found.resolutions[2].person == found.person("user_id:ann")


def test_an_earlier_sighting_that_arrives_late_decides_who_has_the_device():
    found = resolved(
        [sighting(0, *LOGIN, at_us=50), sighting(1, "user_id:bob", "anonymous_id:a1", at_us=10)]
    )
    assert found.person("anonymous_id:a1") == found.person("user_id:bob")
    assert "Split" in kinds_of(found.changes)


def test_a_late_event_moves_the_anchor_and_says_so():
    found = resolved([sighting(0, *LOGIN, at_us=50), sighting(1, "user_id:ann", at_us=10)])
    device, user = (person_id(found.node(one)) for one in ("anonymous_id:a1", "user_id:ann"))
    assert found.changes == [Reanchored(device, user, "e1")]
    assert found.resolver.explain(device).person == user


def test_a_sixth_device_in_a_week_is_another_person():
    found = resolved([sighting(n, "user_id:ann", f"anonymous_id:a{n}") for n in range(6)])
    assert [change.reason for change in found.changes] == ["limit anonymous_id 6>5 in 7d"]


def test_a_sixth_device_after_the_window_is_the_same_person():
    week_us = 7 * 86_400 * 1_000_000
    records = [sighting(n, "user_id:ann", f"anonymous_id:a{n}") for n in range(5)]
    late = sighting(5, "user_id:ann", "anonymous_id:a5", at_us=week_us)
    assert resolved([*records, late]).changes == []


def test_a_device_that_too_many_users_share_belongs_to_nobody():
    rules = IdentityRules(
        kinds=(KindRule("user_id", "account", 1), KindRule("anonymous_id", "device", hub=1))
    )
    found = resolved([sighting(0, *LOGIN), sighting(1, "user_id:bob", "anonymous_id:a1")], rules)
    assert len({found.person(one) for one in (*LOGIN, "user_id:bob")}) == 3
    assert set(suppressed(found).values()) == {"hub anonymous_id"}


def test_a_hub_that_loses_its_links_is_a_device_again():
    rules = IdentityRules(
        kinds=(KindRule("user_id", "account", 1), KindRule("anonymous_id", "device", hub=1))
    )
    shared = [sighting(0, *LOGIN), sighting(1, "user_id:bob", "anonymous_id:a1", source="kiosk")]
    retract = verdict(2, {"verdict": "retract", "selector": {"source": "kiosk"}})
    found = resolved([*shared, retract], rules)
    assert found.person("anonymous_id:a1") == found.person("user_id:ann")


def test_a_person_has_at_most_so_many_nodes():
    rules = IdentityRules(
        kinds=(KindRule("user_id", "account"), KindRule("card", "contact", 9)), max_nodes=2
    )
    records = [sighting(n, "user_id:ann", f"card:{n}x") for n in range(2)]
    assert [one.reason for one in resolved(records, rules).changes] == ["limit nodes 3>2"]


def test_equivalent_user_ids_count_once():
    alias = sighting(1, "user_id:ann", "user_id:anna", type_="alias")
    found = resolved([sighting(0, *LOGIN), alias, sighting(2, "user_id:anna", "anonymous_id:a1")])
    assert len({found.person(one) for one in (*LOGIN, "user_id:anna")}) == 1


def test_a_client_cannot_make_two_users_one():
    alias = sighting(1, "user_id:ann", "user_id:anna", type_="alias", auth="browser")
    found = resolved([alias])
    assert found.person("user_id:ann") != found.person("user_id:anna")
    assert suppressed(found) == {}


def test_a_consent_record_names_nodes_and_links_nothing():
    found = resolved([sighting(0, *LOGIN, kind="consent")])
    assert found.person("user_id:ann") != found.person("anonymous_id:a1")


def test_a_cannot_link_splits_at_once():
    found = resolved(
        [sighting(0, *LOGIN), verdict(1, {"verdict": "cannot_link", "a": LOGIN[0], "b": LOGIN[1]})]
    )
    split = found.changes[0]
    assert isinstance(split, Split)
    assert {part.person for part in split.parts} == {
        person_id(found.node(written)) for written in LOGIN
    }
    assert isinstance(found.changes[1], Suppressed)


def test_a_reviewers_link_outranks_what_was_seen():
    found = resolved(
        [
            sighting(0, *LOGIN),
            sighting(1, "user_id:bob"),
            verdict(2, {"verdict": "link", "a": "user_id:bob", "b": "anonymous_id:a1"}),
        ]
    )
    assert found.person("anonymous_id:a1") == found.person("user_id:bob")


def test_a_retract_holds_for_a_link_that_arrives_later():
    first = resolved([sighting(0, *LOGIN)])
    ends = (first.node(LOGIN[0]), first.node(LOGIN[1]))
    target = link_id(*ends, 1, "shop", "event", "").hex()
    found = resolved([verdict(0, {"verdict": "retract", "target": target}), sighting(1, *LOGIN)])
    assert found.person("user_id:ann") != found.person("anonymous_id:a1")


def test_a_whole_import_run_can_be_retracted():
    records = [
        sighting(0, *LOGIN, auth="import", context={"batch": "run-1"}),
        verdict(1, {"verdict": "retract", "selector": {"batch": "run-1"}}),
    ]
    found = resolved(records)
    assert found.person("user_id:ann") != found.person("anonymous_id:a1")


def test_a_blocked_value_gives_the_record_its_next_owner():
    block = verdict(0, {"verdict": "block", "kind": "user_id", "pattern": "^ann$"})
    found = resolved([block, sighting(1, *LOGIN)])
    assert found.resolutions[1].owner == found.node("anonymous_id:a1")


def test_a_record_without_usable_identifiers_is_about_nobody():
    assert resolved([sighting(0, "user_id:null")]).resolutions[0].person == ""


def test_a_statement_of_a_client_binds_its_devices_only():
    found = resolved([])
    events = [sighting(0, *LOGIN, auth=auth).event for auth in ("browser", "server")]
    assert [len(found.resolver.bound_by(event)) for event in events] == [1, 2]


def test_why_names_the_events_and_offsets_between_two_identifiers():
    found = resolved([sighting(0, *LOGIN), sighting(1, "user_id:ann", "email:ann@example.com")])
    why = found.resolver.why(found.node("anonymous_id:a1"), found.node("email:ann@example.com"))
    assert why.same
    assert [(link.event, link.offset) for link in why.path] == [("e0", 0), ("e1", 1)]


def test_why_not_names_the_suppressed_link_and_its_rule():
    found = resolved([sighting(0, *LOGIN), sighting(1, "user_id:bob", "anonymous_id:a1")])
    why = found.resolver.why(found.node("user_id:ann"), found.node("user_id:bob"))
    assert not why.same
    assert [(link.event, link.reason) for link in why.suppressed] == [("e1", "limit user_id 2>1")]


@pytest.mark.parametrize(
    ("other", "note"), [("user_id:bob", "no evidence"), ("user_id:nobody", "unknown")]
)
def test_why_says_when_nothing_links_them(other, note):
    found = resolved([sighting(0, *LOGIN), sighting(1, "user_id:bob")])
    assert found.resolver.why(found.node("user_id:ann"), found.node(other)).note == note


def test_a_person_is_explained_by_identifiers_and_links():
    found = resolved([sighting(0, *LOGIN), sighting(1, "user_id:bob", "anonymous_id:a1")])
    identity = found.resolver.explain(found.person("user_id:ann"))
    assert [(node.kind, node.value, node.anchor) for node in identity.nodes] == [
        ("anonymous_id", "a1", True),
        ("user_id", "ann", False),
    ]
    assert [link.event for link in identity.accepted] == ["e0"]
    assert [link.event for link in identity.suppressed] == ["e1"]


@pytest.mark.parametrize("person", ["", "p_", "p_short", "x", "p_" + "a" * 26])
def test_an_id_that_was_never_given_has_no_nodes(person):
    assert resolved([sighting(0, *LOGIN)]).resolver.explain(person).nodes == ()


def test_a_resolver_takes_up_what_another_one_stored():
    first = resolved([sighting(0, *LOGIN), sighting(1, "user_id:bob", "anonymous_id:a1")])
    again = type(first.resolver)(DEFAULT_RULES, b"a key for tests", first.state)
    assert again.resolve(sighting(2, "anonymous_id:a1")).person == first.person("user_id:ann")


def test_many_devices_of_one_user_are_taken_in_by_the_fast_path_as_by_the_slow_one():
    rules = IdentityRules(
        kinds=(
            KindRule("user_id", "account", 1),
            KindRule("anonymous_id", "device", Limit(count=3, within="1s")),
        )
    )
    records = [
        sighting(n, "user_id:ann", f"anonymous_id:a{n}", at_us=n * 200_000) for n in range(40)
    ]
    falling = [sighting(n, *(f"{i.kind}:{i.value}" for i in one.event.identifiers),
                        at_us=one.event.occurred_us, event_id=one.event.id)
               for n, one in enumerate(reversed(records))]  # fmt: skip
    assert resolved(records, rules).people() == resolved(falling, rules).people()
