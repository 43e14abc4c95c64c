"""`plan` of another identity.yaml: who would be one person, who would not, and under which limits."""

from house import KEY, SHOP, House

from journeyfold.project.load import load
from journeyfold.runtime.planning import plan_between

CARDS = "name: loyalty_card, class: contact, pattern: '[0-9]{10}', limit: 2"


def changed(old, new):
    text = SHOP.files["identity.yaml"]
    assert old in text
    return load({**SHOP.files, "identity.yaml": text.replace(old, new)})


def planned(house, after):
    return plan_between(house.log, KEY, SHOP, after, window_us=0, now_us=house.now_us)


def told():
    """One person with two cards, and a device on which two people signed in."""
    house = House()
    house.track("Login", user="ann", loyalty_card="1000000001")
    house.track("Login", user="ann", loyalty_card="1000000002")
    house.track("Login", user="cara", anonymous="tablet")
    house.track("Login", user="dan", anonymous="tablet")
    return house


def test_a_lower_limit_splits_and_says_whom():
    report = planned(told(), changed(CARDS, CARDS.replace("limit: 2", "limit: 1")))
    assert (report.identity.merges, report.identity.splits) == (0, 1)
    assert report.identity.limits == ("loyalty_card: 2 ever → 1 ever",)
    (example,) = report.identity.examples
    assert example.change == "split"
    assert {name for part in example.parts for name in part} == {
        "user_id:ann", "loyalty_card:1000000001", "loyalty_card:1000000002",
    }  # fmt: skip


def test_a_higher_limit_merges():
    after = changed(
        "name: user_id, class: account, limit: 1", "name: user_id, class: account, limit: 2"
    )
    report = planned(told(), after)
    assert (report.identity.merges, report.identity.splits) == (1, 0)
    assert report.identity.examples[0].change == "merged"


def test_a_kind_that_is_gone_is_told_with_its_identifiers():
    after = changed(f"  - {{{CARDS}}}\n", "")
    report = planned(told(), after)
    assert (report.identity.limits, report.identity.lost) == (("loyalty_card: gone",), 2)


def test_the_same_rules_say_nothing_of_identity():
    house = told()
    assert planned(house, SHOP).identity is None


def test_other_words_of_linkage_change_nobody():
    after = changed("region: DE", "review: {reviewers: 2}\nregion: DE")
    report = planned(told(), after)
    assert (report.identity.merges, report.identity.splits, report.identity.limits) == (0, 0, ())
