"""What counts as an identifier, and under which key (identity I1 to I9, E6, E9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.event import Identifier
from journeyfold.identity.blocked import ANY_CASE, is_blocked_by_default
from journeyfold.identity.normalise import (
    MAX_IDENTIFIERS,
    identifier,
    node_of,
    normalised,
    person_id,
)
from journeyfold.identity.rules import DEFAULT_RULES, BlockedPattern, IdentityRules, KindRule
from journeyfold.testing.evidence import identifiers, sighting


def usable(*written, rules=DEFAULT_RULES, **kwargs):
    found = normalised(sighting(1, *written, **kwargs).event, rules)[0]
    return [f"{one.kind}:{one.value}" for one in found]


def reasons(*written, rules=DEFAULT_RULES, **kwargs):
    dropped = normalised(sighting(1, *written, **kwargs).event, rules)[1]
    return [(one.kind, one.reason) for one in dropped]


def key(kind, value, rules=DEFAULT_RULES):
    found = identifier(kind, value, rules)
    return found.value if found else None


def test_the_strongest_identifier_is_the_owner():
    assert usable("anonymous_id:a1", "email:x@example.com", "user_id:u1") == [
        "user_id:u1",
        "email:x@example.com",
        "anonymous_id:a1",
    ]


def test_ties_are_in_order_of_value():
    assert usable("user_id:b", "user_id:a") == ["user_id:a", "user_id:b"]


def test_white_space_around_a_value_is_removed_and_its_form_is_nfc():
    assert key("user_id", "\u2003Jose\u0301 ") == "José"


@pytest.mark.parametrize("value", ["", "   ", "a\x07b", "x" * 257])
def test_a_value_that_is_empty_too_long_or_has_controls_is_invalid(value):
    assert reasons(f"user_id:{value}") == [("user_id", "invalid")]


def test_the_case_of_a_user_id_is_kept():
    assert key("user_id", "Ann") == "Ann"


def test_uuids_of_devices_are_lower_case():
    assert key("anonymous_id", "0FAB12CD-0000-4000-8000-00000000000A") == (
        "0fab12cd-0000-4000-8000-00000000000a"
    )


def test_other_device_values_keep_their_case():
    assert key("anonymous_id", "AbC") == "AbC"


def test_advertising_ids_are_lower_case():
    assert key("ios.idfa", "AB-CD") == "ab-cd"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Joe@Example.COM", "joe@example.com"),
        ("J.O.E+news@GoogleMail.com", "joe@gmail.com"),
        ("joe+news@example.com", "joe+news@example.com"),
        ("jörg@bücher.example.com", "jörg@xn--bcher-kva.example.com"),
        ("joe@", None),
        ("+tag@gmail.com", None),
    ],
)
def test_an_email_has_one_key(written, expected):
    assert key("email", written) == expected


def test_tags_are_stripped_where_the_project_says_so():
    rules = IdentityRules(kinds=(KindRule("email", plus_tag="strip"),))
    assert key("email", "joe+news@example.com", rules) == "joe@example.com"


def test_a_phone_number_is_parsed_not_matched():
    assert key("phone", "+4402079460000") == "+442079460000"


def test_the_region_of_a_phone_number_is_the_records_then_the_projects():
    rules = IdentityRules(region="DE")
    assert usable("phone:030 123456", rules=rules) == ["phone:+4930123456"]
    assert usable("phone:01 5134567", rules=rules, context={"country": "AT"}) == [
        "phone:+4315134567"
    ]


@pytest.mark.parametrize("value", ["12", "+4912", "hello", "030 123456"])
def test_a_number_that_cannot_be_dialled_is_invalid(value):
    assert key("phone", value) is None


@pytest.mark.parametrize(
    "value",
    ["Guest", "null", "None", "NaN", "-1", "0", "00000000-0000", "[object Object]",
     '"undefined"', "distinctId", "TRUE", "test@test.com"],
)  # fmt: skip
def test_a_value_that_names_nobody_is_blocked(value):
    kind = "email" if "@" in value else "user_id"
    assert reasons(f"{kind}:{value}") == [(kind, "blocked")]


@pytest.mark.parametrize("word", sorted(ANY_CASE | {"test@test.com"}))
def test_a_word_that_names_nobody_is_blocked_in_every_case_and_in_quotes(word):
    written = [word, word.upper(), word.capitalize(), f'"{word}"', f"'{word.upper()}'"]
    assert [is_blocked_by_default(each, "email", ()) for each in written] == [True] * 5


@pytest.mark.parametrize("value", ["nan", "NONE", "Null", "1", "-2", "test@test.com"])
def test_near_misses_are_legal(value):
    assert key("user_id", value) == value


def test_a_project_may_block_more_and_unblock_some():
    rules = IdentityRules(blocked=(BlockedPattern("email", "^(info|office)@"),), unblock=("guest",))
    assert reasons("email:INFO@example.com", rules=rules) == [("email", "blocked")]
    assert key("user_id", "guest", rules) == "guest"


def test_at_most_three_of_a_kind_are_used():
    found = usable(*(f"anonymous_id:a{n}" for n in range(5)))
    assert found == ["anonymous_id:a0", "anonymous_id:a1", "anonymous_id:a2"]


def test_at_most_ten_identifiers_are_used():
    kinds = tuple(KindRule(f"k{n}") for n in range(12))
    written = [f"k{n}:x" for n in range(12)]
    rules = IdentityRules(kinds=kinds)
    assert usable(*written, rules=rules) == written[:MAX_IDENTIFIERS]
    assert reasons(*written, rules=rules) == [("k10", "too_many"), ("k11", "too_many")]


def test_a_kind_that_the_project_does_not_know_is_dropped():
    assert reasons("loyalty:1") == [("loyalty", "unknown_kind")]


def test_a_pattern_must_match_the_whole_value():
    rules = IdentityRules(kinds=(KindRule("card", pattern="[0-9]{4}"),))
    assert [key("card", value, rules) for value in ("1234", "12345")] == ["1234", None]


def test_a_client_may_assert_devices_and_users_only():
    written = ("user_id:u", "email:x@example.com", "customer_id:c", "anonymous_id:a")
    assert usable(*written, auth="browser") == ["user_id:u", "anonymous_id:a"]
    assert reasons(*written, auth="browser") == [
        ("email", "client_may"),
        ("customer_id", "client_may"),
    ]


def test_an_event_that_nobody_stamped_counts_as_a_clients():
    event = sighting(1, "email:x@example.com", auth="browser").event
    event.context.pop("auth")
    assert normalised(event, DEFAULT_RULES)[0] == ()


def test_a_project_may_let_clients_assert_more():
    rules = IdentityRules(client_may=("anonymous_id", "user_id", "email"))
    assert usable("email:x@example.com", auth="browser", rules=rules) == ["email:x@example.com"]


def test_where_signatures_are_required_an_unsigned_client_names_devices_only():
    rules = IdentityRules(require_signed=True)
    written = ("user_id:u", "anonymous_id:a")
    assert usable(*written, auth="browser", rules=rules) == ["anonymous_id:a"]
    assert len(usable(*written, auth="browser", rules=rules, context={"signed": True})) == 2


def test_an_identify_of_a_device_by_its_own_value_keeps_the_user():
    assert usable("user_id:a", "anonymous_id:a") == ["user_id:a"]


def test_an_alias_of_a_value_to_itself_names_its_user_only():
    written = ("user_id:a", "anonymous_id:a", "anonymous_id:other")
    assert usable(*written, type_="alias") == ["user_id:a"]


def test_nodes_depend_on_kind_value_key_and_generation():
    base = node_of(Identifier("user_id", "a"), b"k")
    others = {
        node_of(Identifier("user_id", "b"), b"k"),
        node_of(Identifier("email", "a"), b"k"),
        node_of(Identifier("user_id", "a"), b"other"),
        node_of(Identifier("user_id", "a"), b"k", 1),
    }
    assert len(others | {base}) == 5


def test_a_person_id_has_28_characters():
    assert len(person_id(node_of(Identifier("user_id", "a"), b"k"))) == 28


@given(st.sets(st.binary(min_size=16, max_size=16), max_size=20))
def test_person_ids_are_injective(nodes):
    """identity property 14."""
    assert len({person_id(node) for node in nodes}) == len(nodes)


@given(st.permutations(["user_id:u", "email:x@example.com", "anonymous_id:a", "anonymous_id:b"]))
def test_the_order_of_identifiers_inside_an_event_is_irrelevant(written):
    """identity property 22."""
    assert usable(*written) == [
        "user_id:u",
        "email:x@example.com",
        "anonymous_id:a",
        "anonymous_id:b",
    ]


@given(st.text(max_size=20))
def test_normalising_a_normal_value_changes_nothing(value):
    found = key("user_id", value)
    assert found is None or key("user_id", found) == found


def test_an_identifier_of_text_is_split_once():
    assert identifiers("user_id:a:b") == (Identifier("user_id", "a:b"),)


def test_rules_for_people_who_pass_by_say_the_same_and_remember_less():
    passing = DEFAULT_RULES.for_passing(10)
    for number in range(100):
        claims = (f"email:p{number}@example.com", f"user_id:u{number}")
        assert usable(*claims, rules=passing) == usable(*claims)
    assert len(passing.usable_memo) <= 10
    assert passing == DEFAULT_RULES
