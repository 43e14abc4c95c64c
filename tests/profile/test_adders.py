"""The functions made for a project leave what adding point by point leaves, in any order."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.aggregate import LETTERS, micros, value_hash
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition_typed import Spec
from journeyfold.core.event import Event
from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.core.profile import Profile
from journeyfold.profile.aggregates import Aggregation
from journeyfold.profile.buckets import added

START = 1_790_000_000_000_000
ENCODE = msgspec.msgpack.Encoder(order="deterministic").encode
KINDS = ("events", "numbers", "ends", "distinct", "shares")
SPECS = {kind: Spec(kind, ("A",), () if kind == "events" else ("x",)) for kind in KINDS}
KEYS = {
    (spec, bool(days)): f"{LETTERS[kind]}{days or ''}.{kind}"
    for kind, spec in SPECS.items()
    for days in (0, 7)
}
AGGREGATION = Aggregation(AggregateKeys(KEYS))
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(-9, 9), st.sampled_from(["a", "b", "c"]),
    st.just([1]),
)  # fmt: skip
STEPS = st.sampled_from([0, 1, HOUR_US // 60, HOUR_US, DAY_US, 9 * DAY_US, -HOUR_US, -3 * DAY_US])


def point(kind, value, id_):
    is_scalar = isinstance(value, bool | int | float | str)
    match kind:
        case "numbers":
            return micros(value)
        case "ends":
            return (id_, value) if is_scalar else None
        case "distinct":
            return value_hash(value) if is_scalar else None
        case "shares":
            return value if isinstance(value, str) else None


def one_by_one(events):
    """The aggregates by the general path alone."""
    held = {}
    for each in events:
        for (spec, _), key in KEYS.items():
            told = point(spec.kind, each.properties.get("x"), each.id)
            if spec.kind == "events" or told is not None:
                held[key] = added(held.get(key), key, each.occurred_us, told)
    return held


def events_of(told):
    at_us, events = START, []
    for number, (step_us, value) in enumerate(told):
        at_us += step_us
        events.append(
            Event(
                id=f"e{number}", name="A", type="track", source="s", identifiers=(),
                occurred_us=at_us, received_us=at_us, properties={"x": value},
            )
        )  # fmt: skip
    return events


def folded(events, decode_after=10**9):
    """`decode_after`: events after which the profile is stored and read again."""
    profile = Profile(person="p")
    for number, each in enumerate(events, 1):
        AGGREGATION.fold(profile, each)
        if number % decode_after == 0:
            profile = msgspec.msgpack.decode(ENCODE(profile), type=Profile)
    return profile.aggregates


@given(st.lists(st.tuples(STEPS, VALUES), max_size=60))
def test_what_is_written_out_leaves_the_bytes_of_the_general_path(told):
    events = events_of(told)
    assert ENCODE(folded(events)) == ENCODE(one_by_one(events))


@pytest.mark.parametrize("decode_after", [1, 7])
@given(st.lists(st.tuples(STEPS, VALUES), max_size=40))
def test_a_profile_that_was_stored_in_between_has_the_same_bytes(decode_after, told):
    events = events_of(told)
    assert ENCODE(folded(events, decode_after)) == ENCODE(one_by_one(events))


def test_a_busy_day_becomes_tiles_on_the_same_event():
    events = events_of([(1, "a")] * 40)
    assert ENCODE(folded(events)) == ENCODE(one_by_one(events))
