from hypothesis import given
from hypothesis import strategies as st

from journeyfold.identity.audit import _bridges, audit, is_unusual, strangeness
from journeyfold.identity.evidence import Link
from journeyfold.identity.rules import DEFAULT_RULES, IdentityRules, KindRule
from journeyfold.testing.evidence import resolved, sighting, verdict

NODES = [bytes([number]) for number in range(7)]
EDGES = st.lists(
    st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)).filter(lambda ab: ab[0] != ab[1]),
    max_size=12,
)


def audited(records, rules=DEFAULT_RULES):
    return audit(resolved(records, rules).state, rules)


def test_people_are_counted_by_how_many_identifiers_they_have():
    found = audited([
        sighting(0, "user_id:ann", "email:ann@example.com", "anonymous_id:a1"),
        sighting(1, "anonymous_id:a2"),
        sighting(2, "user_id:bob", "anonymous_id:b1"),
    ])  # fmt: skip
    assert (found.people, found.identifiers, found.links) == (3, 6, 3)
    assert found.sizes == {"1": 1, "2": 1, "3": 1}
    assert (found.size_p99, found.size_max) == (3, 3)
    assert found.density == 2 / 3


def test_a_shared_device_is_a_suppressed_link_and_no_conflict():
    found = audited([
        sighting(0, "anonymous_id:t1", "user_id:ann"),
        sighting(1, "anonymous_id:t1", "user_id:bob"),
    ])  # fmt: skip
    assert found.suppressed == {"limit user_id 2>1": 1}
    assert found.conflicts == ()


def test_a_kiosk_is_listed_without_its_name():
    rules = IdentityRules(kinds=(KindRule("user_id", "account", 1), KindRule("t", "device", hub=2)))
    found = audited([sighting(n, f"user_id:u{n}", "t:kiosk") for n in range(4)], rules)
    assert [(hub.kind, hub.masked) for hub in found.top_hubs] == [("t", "k…")]
    assert (found.people, found.identifiers) == (5, 5)  # the kiosk is one of its own


def test_a_link_that_alone_joins_two_accounts_is_a_bridge():
    rules = IdentityRules(kinds=(KindRule("user_id", "account", 5), KindRule("card", "contact")))
    found = audited([sighting(0, "user_id:a", "card:1"), sighting(1, "user_id:b", "card:1")], rules)
    assert (found.people, found.bridges) == (1, 2)  # either of the two links
    twice = [sighting(2, "user_id:a", "card:2"), sighting(3, "user_id:b", "card:2")]
    held = audited(
        [sighting(0, "user_id:a", "card:1"), sighting(1, "user_id:b", "card:1"), *twice], rules
    )
    assert held.bridges == 0


@given(EDGES, st.sets(st.sampled_from(NODES)))
def test_bridges_are_what_taking_each_link_away_finds(edges, accounts):
    links = [
        Link(bytes([n]), min(ab), max(ab), 100, n, f"e{n}", "shop", "event")
        for n, ab in enumerate(edges)
    ]

    def component(start, without):
        seen, waiting = {start}, [start]
        while waiting:
            node = waiting.pop()
            for link in links:
                if link.id != without and node in (link.a, link.b) and link.other(node) not in seen:
                    seen.add(link.other(node))
                    waiting.append(link.other(node))
        return seen

    nodes = component(links[0].a, None) if links else set(NODES[:1])
    inside = [link for link in links if link.a in nodes]
    accounts &= nodes
    expected = set()
    for link in inside:
        part = component(link.a, link.id)
        if link.b not in part and part & accounts and accounts - part:
            expected.add(link.id)
    assert {link.id for link in _bridges(sorted(nodes), inside, accounts)} == expected


def test_a_day_is_judged_by_the_days_before_it():
    assert strangeness([1] * 6) is None
    assert not is_unusual([10, 12, 9, 11, 10, 13, 10, 12])
    assert is_unusual([10, 12, 9, 11, 10, 13, 10, 40])


def test_accounts_that_a_reviewer_joined_are_nothing_to_look_at_again():
    said = {"verdict": "link", "a": "user_id:ann", "b": "user_id:bob", "equivalent": True}
    found = audited([
        sighting(0, "user_id:ann"), sighting(1, "user_id:bob"), verdict(2, said),
    ])  # fmt: skip
    assert (found.people, found.bridges, found.bridged) == (1, 0, ())
