"""Decided again is only what a change can reach; the judge decides everything (identity R8)."""

import pytest

from journeyfold.identity.normalise import person_id
from journeyfold.identity.resolve import Resolver
from journeyfold.identity.rules import IdentityRules, KindRule, Limit
from journeyfold.testing.evidence import NODE_KEY, Shelves, resolved, sighting, suppressed
from journeyfold.testing.judge import build, judge
from journeyfold.testing.shopper import dice

CROWDED = IdentityRules(
    kinds=(
        KindRule("user_id", "account", 1, hub=1_000),
        KindRule("email", "contact", Limit(count=2, within="9s"), hub=1_000),
        KindRule("anonymous_id", "device", Limit(count=3, within="5s", ever=9), hub=1_000),
    ),
    max_nodes=14,
)
"""No hubs: whole crowds are one component, in which nearly every link is refused."""
VALUES = (
    *(f"user_id:u{n}" for n in range(12)),
    *(f"email:e{n}@example.com" for n in range(8)),
    *(f"anonymous_id:a{n}" for n in range(10)),
)


def crowd(number):
    random = dice("crowd", number)
    steps = [
        (
            "seen",
            random.sample(VALUES, random.randint(2, 3)),
            random.randint(0, 60),
            "server",
            "track",
        )
        for _ in range(60)
    ]
    steps += [("cannot", *random.sample(VALUES, 2)), ("retract", random.randint(0, 90))] * 2
    random.shuffle(steps)
    return build(steps, CROWDED)


@pytest.mark.parametrize("number", range(40))
def test_in_a_crowd_late_evidence_leads_to_the_people_that_the_judge_names(number):
    records = crowd(number)
    found, said = resolved(records, CROWDED, 7), judge(records, CROWDED)
    people = {node: found.resolver.person_of(node) for node, _ in found.state.scan("id_node")}
    assert people == {node: person_id(anchor) for node, anchor in said.anchors.items()}
    assert {bytes.fromhex(id_): why for id_, why in suppressed(found).items()} == said.refused


def test_a_kiosk_reports_the_same_reason_for_every_user_beyond_its_limit():
    state = Shelves()
    resolver = Resolver(IdentityRules(), NODE_KEY, state)
    reasons = set()
    for at in range(120):
        record = sighting(at, f"user_id:u{at}", "anonymous_id:kiosk", at_us=at * 1_000_000)
        changes = resolver.resolve(record).changes
        reasons |= {change.reason for change in changes if at > 50}
    assert reasons == {"hub user_id>50"}


def test_a_link_seen_earlier_than_all_before_takes_the_device_from_its_first_user():
    state = Shelves()
    resolver = Resolver(CROWDED, NODE_KEY, state)
    for at in range(30):
        resolver.resolve(
            sighting(at, f"user_id:u{at}", "anonymous_id:till", at_us=(100 - at) * 1_000_000)
        )
    resolver.flush(state)
    till = [node for node, row in resolver._graph.nodes() if row.value == "till"]
    last = [node for node, row in resolver._graph.nodes() if row.value == "u29"]
    assert resolver.person_of(till[0]) == resolver.person_of(last[0])
