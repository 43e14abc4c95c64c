"""Exposures and responses are counted once, in exact windows (decisions A3, D4, D5)."""

from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.event import Event
from journeyfold.core.profile import Profile
from journeyfold.profile.contact import (
    count_within,
    fold_contact,
    is_suppressed,
    merge_contacts,
)

KEEP_US = 100


def shown(at_us, offer="ten", name="Offer Shown", decision="d1", type_="track"):
    said = {"decision_id": decision, "placement": "hero", "offer": offer, "category": "discount"}
    return Event(f"e{at_us}", name, type_, "web", (), at_us, at_us, said)


def folded(*events):
    profile = Profile("p")
    for event in events:
        fold_contact(profile, event, KEEP_US)
    return profile.contacts


def test_an_exposure_is_counted_once_however_often_it_is_sent():
    contacts = folded(shown(10), shown(12))
    assert count_within(contacts, "exposed", 50, 20) == 1


def test_the_window_excludes_its_start_and_includes_now():
    contacts = folded(shown(10), shown(20, decision="d2"))
    assert count_within(contacts, "exposed", 10, 20) == 1


def test_counts_are_by_placement_offer_and_category():
    contacts = folded(shown(10), shown(11, "free", decision="d2"))
    counted = [
        count_within(contacts, "exposed", 50, 20, **scope)
        for scope in ({"offer": "ten"}, {"placement": "hero"}, {"category": "other"})
    ]
    assert counted == [1, 2, 0]


def test_a_response_is_another_kind_of_contact():
    contacts = folded(shown(10), shown(12, name="Offer Clicked"))
    assert [contact.kind for contact in contacts] == ["exposed", "clicked"]


def test_a_dismissed_offer_rests_for_its_window():
    contacts = folded(shown(10, name="Offer Dismissed"))
    assert [is_suppressed(contacts, "ten", "dismissed", 14, now) for now in (23, 24)] == [
        True,
        False,
    ]


def test_contacts_older_than_the_longest_window_are_dropped():
    assert [one.at_us for one in folded(shown(10), shown(110, decision="d2"))] == [110]


def test_an_exposure_without_a_decision_is_counted_by_its_event():
    contacts = folded(shown(10, decision=""), shown(12, decision=""))
    assert count_within(contacts, "exposed", 50, 20) == 2


def test_an_exposure_without_an_offer_is_not_counted():
    assert folded(shown(10, offer="")) == []


def test_a_page_of_that_name_is_no_exposure():
    assert folded(shown(10, type_="page")) == []


rows = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from(["ten", "free"]), st.sampled_from(["d1", "d2"])),
    max_size=8,
)


@given(rows, st.randoms(use_true_random=False), st.integers(0, 8))
def test_merging_parts_equals_folding_all_in_any_order(rows, random, cut):
    whole = folded(*(shown(at, offer, decision=decision) for at, offer, decision in rows))
    random.shuffle(rows)
    events = [shown(at, offer, decision=decision) for at, offer, decision in rows]
    assert merge_contacts(folded(*events[:cut]), folded(*events[cut:]), KEEP_US) == whole
