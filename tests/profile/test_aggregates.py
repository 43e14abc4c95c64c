"""Aggregates are functions of the multiset of events: order and grouping leave no trace (F3)."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.aggregate import (
    NEVER,
    Days,
    Events,
    Numbers,
    aggregate_of,
    micros,
    span_of,
)
from journeyfold.core.aggregate_keys import keys_of
from journeyfold.core.aggregate_read import chain_test, estimate, next_change, read
from journeyfold.core.aggregate_threshold import border_micros, count_test
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import FLOAT, STRING, Scope, object_of
from journeyfold.core.condition_types import check
from journeyfold.core.event import Event
from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.core.profile import Profile
from journeyfold.profile.aggregates import Aggregation, drop_aggregates, merge_aggregates
from journeyfold.segment.bind import bind
from journeyfold.segment.definition import FeatureDefinition

NOW = 1_750_000_000_000_000
FUNCTIONS = [
    'count("A")', 'count("A", within="7d")', 'sum("A", "x")', 'sum("A", "x", within="1d")',
    'first("A", "x")', 'last("A", "s", within="31d")', 'distinct("A", "x")',
    'distinct("A", "x", within="7d")', 'top("A", "s")', 'top("A", "s", within="2d")',
    'count(["A", "B"], where=properties.x > 3, within="7d")',
]  # fmt: skip
DEFINITIONS = {
    **{f"f{i}": FeatureDefinition(value=text) for i, text in enumerate(FUNCTIONS)},
    "chain": FeatureDefinition(value='sequence(["A", "B", "A"], within="1h")'),
    "latest": FeatureDefinition(recent="A", keep=5, fields=("x", "s")),
}
SCOPE = Scope(events={name: object_of({"x": FLOAT, "s": STRING}) for name in "AB"})
BOUND = bind(DEFINITIONS, (), (), SCOPE)
KEYS = keys_of(BOUND.exprs())
AGGREGATION = Aggregation(KEYS)


def event(at_us: int, name: str = "A", number: int = 0, **properties) -> Event:
    return Event(f"e{number:05}", name, "track", "shop", (), at_us, at_us, properties)


def random_events(random: Random, count: int) -> list[Event]:
    """Many in a few days, so that points, tiles and pruning all occur."""
    spread = random.choice([HOUR_US, DAY_US, 5 * DAY_US, 60 * DAY_US])
    made = []
    for number in range(count):
        at_us = NOW - random.randrange(0, spread, random.choice([1, HOUR_US]))
        properties = {"x": random.choice([1, 2.5, -3, 0.1, None, "?"]), "s": random.choice("abcde")}
        made.append(event(at_us, random.choice("AAB"), number, **properties))
    return made


def folded(events: list[Event]) -> Profile:
    profile = Profile(person="p")
    for one in events:
        AGGREGATION.fold(profile, one)
    return profile


def stored(profile: Profile) -> bytes:
    return msgspec.msgpack.encode(profile.aggregates, order="deterministic")


def reread(profile: Profile) -> Profile:
    raw = msgspec.msgpack.encode(profile, order="deterministic")
    return msgspec.msgpack.decode(raw, type=Profile)


@given(st.integers(0, 2**32))
def test_any_order_leaves_the_same_bytes(seed):
    random = Random(seed)
    events = random_events(random, random.randint(1, 120))
    expected = stored(folded(events))
    random.shuffle(events)
    assert stored(folded(events)) == expected


@given(st.integers(0, 2**32))
def test_any_split_merged_in_any_order_leaves_the_same_bytes(seed):
    random = Random(seed)
    events = random_events(random, random.randint(1, 160))
    expected = stored(folded(events))
    ways = random.randint(2, 5)
    parts = [[] for _ in range(ways)]
    for one in events:
        random.choice(parts).append(one)
    people = [reread(folded(part)) for part in parts]
    random.shuffle(people)
    while len(people) > 1:
        other = people.pop(random.randrange(1, len(people)))
        merge_aggregates(people[0], other)
    assert stored(people[0]) == expected


@given(st.integers(0, 2**32))
def test_reading_back_from_bytes_changes_nothing(seed):
    random = Random(seed)
    events = random_events(random, 60)
    profile = Profile(person="p")
    for one in events:
        AGGREGATION.fold(profile, one)
        if random.random() < 0.1:
            profile = reread(profile)
    assert stored(profile) == stored(folded(events))


def held(text: str, events: list[Event]):
    typed = check(parse(text), SCOPE, None)
    keys = keys_of([typed.expr])
    profile = Profile(person="p")
    for one in events:
        Aggregation(keys).fold(profile, one)
    return aggregate_of(reread(profile), keys.of(typed.expr))


def test_a_day_with_33_events_becomes_hour_tiles():
    events = [event(NOW + i, number=i) for i in range(33)]
    few = held('count("A", within="7d")', events[:32])
    many = held('count("A", within="7d")', events)
    assert isinstance(few, Days)
    assert isinstance(many, Days)
    assert (len(few.at), len(few.tile)) == (32, 0)
    assert (len(many.at), len(many.tile)) == (0, 1)


def test_a_tile_counts_whole_while_it_touches_the_window_and_reaches_zero_exactly():
    start = NOW // HOUR_US * HOUR_US
    window = held('count("A", within="1d")', [event(start + i, number=i) for i in range(40)])
    last = start + 39
    assert read("count", window, last + DAY_US - 1, DAY_US, None) == 40
    assert read("count", window, last + DAY_US, DAY_US, None) == 0
    assert next_change(window, last + HOUR_US, DAY_US) == last + DAY_US
    assert count_test(window, last + 1, DAY_US, ">=", 3) == (True, last + DAY_US)


def test_equal_functions_share_storage_kept_for_the_largest_window():
    texts = ['count("A", within="7d")', 'count("A", within="30d")', 'recency("A") > "1d"']
    exprs = [check(parse(text), SCOPE, None).expr for text in texts]
    keys = [key for key, _ in keys_of(exprs).entries()]
    assert sorted(span_of(key) for key in keys) == [0, 31]


def test_another_where_is_another_aggregate():
    texts = [
        'count("A", where=properties.x > 1)',
        'count("A", where=properties.x > 2)',
        'count("A")',
    ]
    exprs = [check(parse(text), SCOPE, None).expr for text in texts]
    assert len(keys_of(exprs).entries()) == 3


def test_days_that_no_window_can_see_are_dropped():
    window = held('count("A", within="1d")', [event(NOW - 90 * DAY_US), event(NOW, number=1)])
    assert isinstance(window, Days)
    assert window.at == [NOW]


def test_sums_are_exact_beyond_64_bits():
    events = [event(NOW + i, number=i, x=9.2e12) for i in range(4)]
    register = held('sum("A", "x")', events)
    assert isinstance(register, Numbers)
    assert register.total == str(4 * 9_200_000_000_000 * 10**6)
    assert read("sum", register, NOW, None, None) == 4 * 9.2e12


def test_a_tenth_ten_times_is_one():
    register = held('sum("A", "x")', [event(NOW + i, number=i, x=0.1) for i in range(10)])
    assert read("sum", register, NOW, None, None) == 1.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1_000_000), (0.1, 100_000), (2.0000005, 2_000_000), (2.0000015, 2_000_002),
        (-0.0000005, 0), (1234567.123456, 1_234_567_123_456), (9.3e12, None), (10**13, None),
        (float("inf"), None), (float("nan"), None), (True, None), ("1", None), (None, None),
        (5e-324, 0), (1e300, None), (9_199_999_999_999.5, 9_199_999_999_999_500_000),
    ],
)  # fmt: skip
def test_micro_units_round_half_even_from_the_shortest_decimal(value, expected):
    assert micros(value) == expected


def test_distinct_is_exact_to_255_and_within_a_fifth_beyond():
    few = held('distinct("A", "x")', [event(NOW + i, number=i, x=i % 200) for i in range(400)])
    many = held('distinct("A", "x")', [event(NOW + i, number=i, x=i) for i in range(2000)])
    assert read("distinct", few, NOW, None, None) == 200
    assert read("distinct", many, NOW, None, None) == pytest.approx(2000, rel=0.2)
    assert estimate([]) == 0


def test_shares_keep_64_values_and_the_total_of_all():
    events = [event(NOW + i, number=i, s=f"v{i % 100}") for i in range(300)]
    register = held('top("A", "s")', events)
    assert len(register.counts) == 64
    assert register.n == 300


def test_ties_of_top_go_to_the_smaller_value():
    register = held('top("A", "s")', [event(NOW, number=i, s=s) for i, s in enumerate("bcabca")])
    assert read("top", register, NOW, None, None) == "a"


def test_first_and_last_at_one_instant_go_by_event_id():
    register = held(
        'last("A", "s")', [event(NOW, number=n, s=s) for n, s in ((2, "b"), (9, "z"), (5, "a"))]
    )
    assert read("last", register, NOW, None, None) == "z"
    assert read("first", register, NOW, None, None) == "b"


def test_a_sequence_remembers_that_it_dropped_matches():
    events = [event(NOW + i, number=i) for i in range(150)]
    steps = held('sequence(["A", "B"])', events)
    assert [(matches.n, len(matches.points)) for matches in steps.matches] == [(150, 100), (0, 0)]


def test_one_event_cannot_be_two_steps():
    one = held('sequence(["A", "A"])', [event(NOW)])
    two = held('sequence(["A", "A"])', [event(NOW), event(NOW, number=1)])
    assert chain_test(one, NOW, None, None) == (False, NEVER)
    assert chain_test(two, NOW, None, None) == (True, NEVER)


def test_recent_keeps_the_newest_whatever_the_order():
    profile = folded([event(NOW - i, number=i, x=i, s="a") for i in range(20)])
    key = next(key for key in profile.aggregates if key.startswith("r5."))
    recent = aggregate_of(profile, key)
    assert [row[2][0] for row in recent.rows] == [4, 3, 2, 1, 0]


def test_nothing_is_read_from_an_empty_life():
    assert read("count", None, NOW, DAY_US, None) == 0
    assert read("min", None, NOW, None, None) is None
    assert count_test(None, NOW, DAY_US, "<", 1) == (True, NEVER)


def test_dropped_aggregates_are_gone():
    profile = folded([event(NOW)])
    drop_aggregates(profile, frozenset(profile.aggregates))
    assert profile.aggregates == {}


def test_the_events_a_project_reads_are_known():
    assert AGGREGATION.events == {"A", "B"}


def test_a_lifetime_count_is_one_register():
    assert held('count("A")', [event(NOW), event(NOW + 5, number=1)]) == Events(2, NOW, NOW + 5)


@given(
    st.one_of(st.integers(-(10**12), 10**12), st.floats(-1e12, 1e12), st.just(2**53 + 1)),
    st.booleans(),
)
def test_the_border_of_a_sum_is_the_least_that_passes(k, reached):
    border = border_micros(k, reached=reached)
    passes = [
        micro / 1_000_000 >= k if reached else micro / 1_000_000 > k
        for micro in (border - 1, border)
    ]
    assert passes == [False, True]
