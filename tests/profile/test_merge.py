"""Two people who are one: facts join, process follows the rules of identity M3."""

from journeyfold.core.profile import Assignment, Membership, Profile, Score, Session, StageAt, Trait
from journeyfold.privacy.consent import merge_consents
from journeyfold.profile.merge import MergePolicies, merge_profiles

POLICIES = MergePolicies(consents=merge_consents)


def merged(one, other):
    return merge_profiles(one, other, POLICIES)


def test_the_name_is_that_of_the_one_kept():
    assert merged(Profile("a"), Profile("b")).person == "a"


def test_facts_join():
    a = Profile("a", seen=3, first_us=5, last_us=9, events=2, sessions=[Session(5, 9, 2)])
    b = Profile("b", seen=4, first_us=2, last_us=6, events=1, traits={"x": Trait(1, 2, "s", "e")})
    both = merged(a, b)
    assert (both.seen, both.first_us, both.last_us, both.events) == (4, 2, 9, 3)
    assert both.sessions == [Session(5, 9, 2)]
    assert both.traits == {"x": Trait(1, 2, "s", "e")}


def test_a_profile_without_events_does_not_set_the_first_instant():
    assert merged(Profile("a"), Profile("b", first_us=7)).first_us == 7


def test_a_membership_of_both_is_held_since_the_earlier():
    a = Profile("a", memberships={"vip": Membership(20), "new": Membership(5)})
    both = merged(a, Profile("b", memberships={"vip": Membership(10)}))
    assert {name: one.since_us for name, one in both.memberships.items()} == {"vip": 10, "new": 5}


def test_the_earlier_assignment_stands_and_at_a_tie_the_smaller_arm():
    a = Profile("a", assignments={"x": Assignment("b", 1, "v", 5), "y": Assignment("b", 1, "v", 5)})
    b = Profile("b", assignments={"x": Assignment("c", 1, "v", 4), "y": Assignment("a", 1, "v", 5)})
    assert {name: one.arm for name, one in merged(a, b).assignments.items()} == {"x": "c", "y": "a"}


def test_the_latest_score_stands():
    a = Profile("a", scores={"churn": Score(0.1, None, "1", 10)})
    b = Profile("b", scores={"churn": Score(0.9, None, "1", 20)})
    assert merged(a, b).scores["churn"].value == 0.9


def test_the_next_wake_is_the_earlier_one_that_there_is():
    assert merged(Profile("a", wake_us=0), Profile("b", wake_us=9)).wake_us == 9


def test_memberships_of_two_people_keep_the_earlier_since():
    a, b = Profile("a", memberships={"s": Membership(5)}), Profile("b")
    b.memberships = {"s": Membership(3), "t": Membership(9)}
    since = {name: one.since_us for name, one in merged(a, b).memberships.items()}
    assert since == {"s": 3, "t": 9}


def test_the_latest_move_of_a_lifecycle_stands_until_the_joined_facts_decide():
    a, b = Profile("a", stages={"l": StageAt("Active", 20)}), Profile("b")
    b.stages = {"l": StageAt("Prospect", 3)}
    assert merged(a, b).stages["l"].stage == "Active"


def test_merging_is_symmetric_but_for_the_name():
    a = Profile(
        "a", stages={"l": StageAt("new", 3)}, manual=["x"], memberships={"s": Membership(1, "time")}
    )
    b = Profile(
        "b", stages={"l": StageAt("old", 3)}, manual=["w"], memberships={"s": Membership(1)}
    )
    one, other = merged(a, b), merged(b, a)
    other.person = "a"
    assert one == other
