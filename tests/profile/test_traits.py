"""Trait registers: one policy a time, then the promise that order does not matter (M1, M6)."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.event import Event
from journeyfold.core.profile import Profile, Trait
from journeyfold.profile.traits import (
    TraitPolicy,
    fold_traits,
    held_traits,
    merge_traits,
    plain_traits,
    value_of,
    winner_of,
)

PRIORITY = TraitPolicy("source_priority", ("crm", "shop"))
POLICIES = {
    "first": TraitPolicy("first"),
    "min": TraitPolicy("min"),
    "max": TraitPolicy("max"),
    "union": TraitPolicy("union"),
    "email": PRIORITY,
}


def said(at_us, source="shop", event_id=None, unset=(), **traits):
    context = {"unset": list(unset)} if unset else {}
    id_ = event_id or f"{source}-{at_us}"
    return Event(id_, "Identify", "identify", source, (), at_us, at_us, {}, traits, context)


def folded(*events, policies=POLICIES):
    profile = Profile("p")
    for event in events:
        fold_traits(profile, event, "aa", policies)
    return profile


def value(profile, name):
    return value_of(profile.traits.get(name), POLICIES.get(name, TraitPolicy()))


def test_the_latest_value_wins_by_default():
    assert value(folded(said(1, country="DE"), said(2, country="AT")), "country") == "AT"


def test_a_late_old_value_does_not_win():
    assert value(folded(said(2, country="AT"), said(1, country="DE")), "country") == "AT"


def test_the_event_id_decides_between_equal_instants():
    a, b = said(1, event_id="a", country="DE"), said(1, event_id="b", country="AT")
    assert value(folded(b, a), "country") == "AT"


def test_a_null_never_wins():
    assert value(folded(said(1, country="DE"), said(2, country=None)), "country") == "DE"


def test_an_explicit_unset_takes_the_value_away():
    profile = folded(said(1, country="DE"), said(2, unset=["country"]))
    assert "country" not in plain_traits(profile, POLICIES)


def test_a_later_value_comes_back_after_an_unset():
    profile = folded(said(2, unset=["country"]), said(3, country="AT"), said(1, country="DE"))
    assert value(profile, "country") == "AT"


def test_a_trait_keeps_where_its_value_came_from():
    profile = folded(said(7, source="crm", event_id="e7", country="DE"))
    assert profile.traits["country"] == Trait("DE", 7, "crm", "e7", "aa")


@pytest.mark.parametrize(("name", "expected"), [("first", 5), ("min", 2), ("max", 9)])
def test_first_min_and_max_look_over_all_time(name, expected):
    events = [said(at, **{name: number}) for at, number in ((1, 5), (2, 9), (3, 2))]
    assert value(folded(*events), name) == expected


def test_numbers_and_text_have_a_total_order():
    assert value(folded(said(1, max=3), said(2, max="a"), said(3, max=9.5)), "max") == "a"


def test_a_union_collects_elements_and_single_values():
    profile = folded(said(1, union=["b", "a"]), said(2, union="c"), said(3, union=["a"]))
    assert value(profile, "union") == ["a", "b", "c"]


def test_an_unset_empties_a_union_up_to_its_instant():
    profile = folded(said(3, union=["c"]), said(2, unset=["union"]), said(1, union=["a"]))
    assert value(profile, "union") == ["c"]


def test_the_better_source_wins_although_it_is_older():
    profile = folded(said(1, "crm", email="crm@example.com"), said(2, email="shop@example.com"))
    assert value(profile, "email") == "crm@example.com"


def test_without_the_better_source_the_next_one_holds():
    profile = folded(
        said(1, "crm", email="crm@example.com"),
        said(2, email="shop@example.com"),
        said(3, "crm", unset=["email"]),
    )
    assert value(profile, "email") == "shop@example.com"


def test_a_listed_source_wins_over_one_that_is_not():
    profile = folded(said(2, "web", email="web@example.com"), said(1, email="shop@example.com"))
    assert winner_of(profile.traits["email"], PRIORITY).source == "shop"


def test_a_policy_that_changed_reads_what_the_old_one_stored():
    profile = folded(said(1, tags="a"), policies={})
    fold_traits(profile, said(2, tags="b"), "aa", {"tags": TraitPolicy("union")})
    assert value_of(profile.traits["tags"], TraitPolicy("union")) == ["a", "b"]


def test_sources_go_with_source_priority_only():
    with pytest.raises(ValueError, match="sources"):
        TraitPolicy("last", ("crm",))


names = st.sampled_from(["country", *POLICIES])
plain = st.sampled_from([1, 2, "x", "y", None, True, ["x", "z"], {"k": 1}])
events = st.lists(
    st.tuples(
        st.integers(1, 4), st.sampled_from(["crm", "shop", "web"]), names, plain, st.booleans()
    ),
    max_size=8,
    unique_by=lambda one: (one[0], one[1]),
)


def to_events(rows):
    return [
        said(at, source, unset=[name]) if unset else said(at, source, **{name: value})
        for at, source, name, value, unset in rows
    ]


def bytes_of(traits):
    return msgspec.msgpack.encode(traits, order="deterministic")


@given(events, st.randoms(use_true_random=False), st.integers(0, 8))
def test_merging_parts_equals_folding_all_in_any_order(rows, random, cut):
    """identity property 19: merge(fold A, fold B) = fold(A + B)."""
    whole = folded(*to_events(rows)).traits
    random.shuffle(rows)
    parts = (folded(*to_events(rows[:cut])), folded(*to_events(rows[cut:])))
    merged = merge_traits(parts[0].traits, parts[1].traits, POLICIES)
    assert bytes_of(merged) == bytes_of(whole)


@given(events)
def test_folding_again_changes_nothing(rows):
    once, twice = folded(*to_events(rows)), folded(*to_events(rows), *to_events(rows))
    assert bytes_of(once.traits) == bytes_of(twice.traits)


def test_a_union_keeps_the_elements_seen_last():
    many = [said(at, union=[f"t{at:04}"]) for at in range(1, 600)]
    halves = (folded(*many[::2]), folded(*many[1::2]))
    merged = merge_traits(halves[0].traits, halves[1].traits, POLICIES)
    kept = value_of(merged["union"], POLICIES["union"])
    assert kept == [f"t{at:04}" for at in range(100, 600)]


# -- what is shown --------------------------------------------------------------------------------


def test_the_value_that_holds_by_priority_is_shown_with_its_own_provenance():
    profile = folded(said(1, source="crm", email="a@x.org"), said(2, email="b@x.org"))
    held = held_traits(profile, POLICIES)["email"]
    assert (held.value, held.seen.source, held.others) == ("a@x.org", "crm", 1)


def test_one_source_alone_is_shown_as_a_plain_value():
    assert held_traits(folded(said(1, email="a@x.org")), POLICIES)["email"].value == "a@x.org"


def test_a_union_is_shown_whole_with_its_newest_provenance():
    profile = folded(said(1, union=["b"]), said(2, source="crm", union=["a"]))
    held = held_traits(profile, POLICIES)["union"]
    assert (held.value, held.seen.source) == (["a", "b"], "crm")


def test_an_unset_trait_is_not_shown():
    profile = folded(said(1, country="DE", union=["b"]), said(2, unset=["country", "union"]))
    assert held_traits(profile, POLICIES) == {}
