"""How many names a source may invent (collect C14)."""

from journeyfold.collect.cardinality import Cardinality
from journeyfold.core.event import Event


def event(name="a", properties=(), traits=()):
    return Event(
        "1", name, "track", "web", (), 1, 1, dict.fromkeys(properties, 1), dict.fromkeys(traits, 1)
    )


def used(cardinality, *events):
    for each in events:
        cardinality.note(each)
    return cardinality


def test_what_was_seen_stays_welcome():
    full = used(Cardinality(names=1, trait_keys=1, property_keys=1), event("a", ["p"], ["t"]))
    assert full.excess(event("a", ["p"], ["t"])) is None


def test_one_name_too_many():
    full = used(Cardinality(names=1), event("a"))
    assert full.excess(event("b")).pointer == "/event"


def test_declared_names_are_always_welcome_and_cost_nothing():
    full = used(Cardinality(names=1, declared=["b", "c"]), event("b"), event("c"))
    assert full.excess(event("a")) is None
    assert used(full, event("a")).excess(event("b")) is None


def test_property_keys_are_counted_per_name():
    full = used(Cardinality(property_keys=2), event("a", ["p", "q"]))
    assert full.excess(event("a", ["p", "r"])).pointer == "/properties/r"
    assert full.excess(event("b", ["r"])) is None


def test_trait_keys_are_counted_over_all_events():
    full = used(Cardinality(trait_keys=2), event(traits=["t", "u"]))
    assert full.excess(event("b", traits=["a/b"])).pointer == "/traits/a~1b"


def test_names_times_keys_are_no_way_to_fill_memory():
    full = used(Cardinality(keys_in_all=3), event("a", ["p", "q"]), event("b", ["p"]))
    assert full.excess(event("c", ["p"])).code == "cardinality"


def test_an_event_is_familiar_when_nothing_of_it_is_new():
    some = used(Cardinality(declared=["b"]), event("a", ["p"], ["t"]), event("b", ["p"]))
    assert some.knows(event("a", ["p"], ["t"]))
    assert some.knows(event("b", ["p"]))
    strange = (event("c", ["p"]), event("a", ["q"]), event("a", ["p"], ["u"]))
    assert not any(some.knows(each) for each in strange)
