"""Other rules of who names whom hold for all of history from their publication on (ADR 39).

What publishing them does to people is what would have been, had they held from the start.
"""

import pytest
from house import KEY, SHOP, House, everything, system

from journeyfold.identity.normalise import node_of, normalised
from journeyfold.identity.resolve import Resolver
from journeyfold.identity.verify import verify
from journeyfold.project.load import load
from journeyfold.project.people import profile_of, sizes
from journeyfold.testing.shopper import dice

IDENTITY = SHOP.files["identity.yaml"]
CARDS = "  - {name: loyalty_card, class: contact, pattern: '[0-9]{10}', limit: 2}\n"


def of(text):
    return load({**SHOP.files, "identity.yaml": text})


def with_(old, new):
    assert old in IDENTITY
    return of(IDENTITY.replace(old, new))


NO_CARDS = with_(CARDS, "")
LOUD = with_(CARDS, CARDS.replace("limit: 2", "limit: 2, case: lower"))
BLOCKED = with_("blocked: [", "blocked: [{kind: anonymous_id, pattern: '^till'}, ")
CARD_FIRST = with_(CARDS, "").files["identity.yaml"].replace("kinds:\n", "kinds:\n" + CARDS)


def people(house):
    """Identifiers by person, with what is known of each."""
    with house.state.read() as reader:
        resolver = Resolver(house.rules, KEY, reader)
        found = {}
        for node, _ in reader.scan("id_node"):
            person = resolver.person_of(node)
            found.setdefault(person, set()).add(resolver.identifier(node))
        facts = {}
        for person, named in found.items():
            profile = profile_of(reader, person)
            known = None
            if profile is not None:
                traits = {name: held.value for name, held in profile.traits.items()}
                known = (profile.events, traits, sorted(profile.consents))
            facts[frozenset(named)] = (person, known)
        return facts


def publish(house, project):
    house.now_us += 1_000_000
    house.activate(project)


def tell(house, number, count=60):
    random = dice("other rules", number)
    for at in range(count):
        names = {}
        if random.random() < 0.5:
            names["user"] = f"u{random.randrange(5)}"
        if random.random() < 0.6:
            names["anonymous"] = (
                f"till{random.randrange(2)}" if random.random() < 0.2 else f"a{random.randrange(8)}"
            )
        if random.random() < 0.4:
            names["loyalty_card"] = f"00000000{random.randrange(10, 16)}"
        if random.random() < 0.3 or "user" not in names:
            names["email"] = f"e{random.randrange(5)}@example.com"
        house.now_us += 1_000_000
        house.occurs_us = house.now_us - random.randrange(30) * 1_000_000 + at
        traits = {"city": f"c{at}"} if random.random() < 0.5 else None
        house.track("Seen", {"n": at}, traits=traits, **names)


def told(first, number):
    house = House(first)
    tell(house, number)
    return house


RULES = {"cards": SHOP, "no cards": NO_CARDS, "blocked": BLOCKED, "card first": of(CARD_FIRST)}


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize(("before", "after"), [
    ("no cards", "cards"), ("cards", "no cards"), ("cards", "blocked"), ("blocked", "cards"),
    ("cards", "card first"), ("card first", "blocked"),
])  # fmt: skip
def test_who_is_who_is_what_it_would_be_had_the_rules_held_from_the_start(before, after, number):
    house = told(RULES[before], number)
    publish(house, RULES[after])
    assert people(house) == people(told(RULES[after], number))


@pytest.mark.parametrize("number", range(3))
def test_a_rebuild_over_other_rules_gives_the_same_bytes(number):
    house = told(NO_CARDS, number)
    publish(house, SHOP)
    tell(house, number + 10, 20)
    publish(house, BLOCKED)
    assert everything(house.rebuilt(7)) == everything(house.state)


def test_the_slow_path_finds_what_was_made_again():
    house = told(NO_CARDS, 1)
    publish(house, SHOP)
    with house.state.read() as reader:
        assert verify(reader, house.rules).differences == 0


def test_there_and_back_again_everybody_is_who_they_were():
    house = told(SHOP, 2)
    before = people(house)
    publish(house, NO_CARDS)
    assert people(house) != before
    publish(house, SHOP)
    assert people(house) == before


def test_a_person_whose_only_identifier_is_of_a_kind_that_is_gone_is_nobody():
    house = House()
    house.track("Seen", loyalty_card="0000000001")
    publish(house, NO_CARDS)
    with house.state.read() as reader:
        assert (sizes(reader)["people"], list(reader.scan("profile"))) == (0, [])


def test_what_a_reviewer_said_is_kept_under_other_rules():
    house = House()
    house.track("Seen", user="ann")
    house.track("Seen", user="bob")
    house.verdict(verdict="link", a="user_id:ann", b="user_id:bob", equivalent=True)
    house.track("Seen", user="cara", anonymous="a")
    house.verdict(verdict="cannot_link", a="user_id:cara", b="anonymous_id:a")
    publish(house, NO_CARDS)
    assert house.person("user_id", "ann").person == house.person("user_id", "bob").person
    assert house.person("user_id", "cara").events == 1
    assert house.person("anonymous_id", "a") is None


def test_what_was_said_of_a_kind_that_is_gone_waits_for_it():
    house = House()
    house.track("Seen", user="ann")
    house.track("Seen", loyalty_card="0000000001")
    house.verdict(verdict="link", a="user_id:ann", b="loyalty_card:0000000001")
    both = people(house)
    publish(house, NO_CARDS)
    assert house.person("user_id", "ann").events == 1
    publish(house, SHOP)
    assert people(house) == both


def test_a_retracted_link_stays_dead_under_other_rules():
    house = House()
    house.track("Seen", user="ann", anonymous="a")
    with house.state.read() as reader:
        ((link, _),) = reader.scan("id_link")
    house.verdict(verdict="retract", target=link.hex())
    publish(house, NO_CARDS)
    assert house.person("user_id", "ann").events == 1
    assert house.person("anonymous_id", "a") is None


def test_who_was_erased_does_not_come_back_with_other_rules():
    house = House()
    house.track("Seen", user="ann", email="ann@example.com", traits={"city": "Ulm"})
    node = node_of(normalised(house.log.read(-1, 9)[-1].event, house.rules)[0][0], KEY)
    told = {"nodes": [node.hex()]}
    house.append(system("person.erased", house.now_us, told), "erasure")
    publish(house, NO_CARDS)
    with house.state.read() as reader:
        assert (list(reader.scan("id_node")), list(reader.scan("profile"))) == ([], [])


def test_merges_and_splits_of_a_publication_are_told():
    house = House(NO_CARDS)
    house.track("Seen", user="ann", loyalty_card="0000000001")
    house.track("Seen", email="ann@example.com", loyalty_card="0000000001")
    publish(house, SHOP)
    (merged,) = house.emitted("person.merged")
    assert merged.properties["rule"] == "project"
    assert house.emitted("person.split") == []
    publish(house, NO_CARDS)
    (split,) = house.emitted("person.split")
    assert len(split.properties["parts"]) == 2


def test_the_history_of_who_was_who_is_not_rewritten():
    house = House(NO_CARDS)
    house.track("Seen", user="ann", loyalty_card="0000000001")
    house.now_us += 1_000_000
    house.track("Seen", email="ann@example.com", loyalty_card="0000000001")
    before = house.person("email", "ann@example.com").person
    at = house.log.head()[0]
    publish(house, SHOP)
    with house.state.read() as reader:
        resolver = Resolver(house.rules, KEY, reader)
        ((node, _),) = [
            (node, row) for node, row in reader.scan("id_node")
            if resolver.identifier(node).kind == "email"
        ]  # fmt: skip
        assert resolver.person_of(node, at) == before != resolver.person_of(node)
