"""The records that a leaf of a condition was read from."""

from __future__ import annotations

import pytest

from journeyfold.api.desks.evidence import RECORDS, Evidence
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import BOOL, FLOAT, STRING, Scope, object_of
from journeyfold.core.condition_types import check
from journeyfold.core.event import Event, Record
from journeyfold.core.instant import DAY_US
from journeyfold.core.profile import Profile, Statement, Trait

NOW_US = 100 * DAY_US
SCOPE = Scope(
    events={name: object_of({"total": FLOAT}) for name in ("Order Completed", "Page", "Refund")},
    traits=object_of({"country": STRING}),
    segments=frozenset({"vip"}),
    purposes=frozenset({"analytics"}),
)


def record(offset, name, *, days_ago=1, kind="event", **properties):
    at_us = NOW_US - days_ago * DAY_US
    event = Event(f"e{offset}", name, "track", "web", (), at_us, at_us, properties)
    return Record(offset, at_us, kind, event)


RECORDS_OF_ANN = [
    record(9, "segment.left", kind="output", segment="vip"),
    record(8, "Order Completed", total=90.0),
    record(7, "Page"),
    record(6, "Order Completed", total=10.0, days_ago=20),
    record(5, "segment.entered", kind="output", segment="vip", days_ago=30),
    record(4, "Order Completed", total=80.0, days_ago=60),
    record(3, "Order Completed", total=5.0, days_ago=70),
]
ANN = Profile(
    person="p_ann",
    traits={"country": Trait("DE", 1, "web", "e7")},
    consents={"aa": {"analytics": Statement("granted", 1, "e3", "web")}},
)


def behind(text):
    """The offsets behind each leaf of a condition, by the leaf's text."""
    typed = check(parse(text), SCOPE, BOOL)
    by_id = {(one.event.source, one.event.id): one for one in RECORDS_OF_ANN}
    evidence = Evidence(
        ANN, RECORDS_OF_ANN, lambda source, id_: by_id.get((source, id_)), NOW_US, "UTC"
    )
    return evidence.of(typed, typed.text)


@pytest.mark.parametrize(
    ("condition", "offsets"),
    [
        ('count("Order Completed") >= 1', (8, 6, 4)),
        ('count("Order Completed", within="30d") >= 1', (8, 6)),
        ('count("Order Completed", where=properties.total >= 50) >= 1', (8, 4)),
        ('count("Refund") == 0', ()),
        ('traits.country == "DE"', (7,)),
        ('consent("analytics")', (3,)),
        ('in_segment("vip")', (9,)),
    ],
)
def test_a_leaf_names_the_records_it_was_read_from(condition, offsets):
    assert behind(condition) == offsets


def test_the_newest_are_named():
    assert len(behind('count("Order Completed") >= 1')) == RECORDS


def test_a_text_that_is_no_leaf_has_no_records():
    typed = check(parse('count("Page") >= 1'), SCOPE, BOOL)
    assert Evidence(ANN, RECORDS_OF_ANN, lambda *_: None, NOW_US, "UTC").of(typed, "other") == ()
