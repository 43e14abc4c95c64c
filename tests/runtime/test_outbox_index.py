"""What is kept beside the rows of the outbox agrees with them, whatever is done to them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.activate.outbox import Filter, Row
from journeyfold.adapters.memory import MemoryState
from journeyfold.core.effect import Deliver
from journeyfold.core.ports import SPACES
from journeyfold.project.compile import PUSH
from journeyfold.project.load import load
from journeyfold.runtime import outbox, outbox_index, outbox_view

KEYS = ("a", "b", "c", "d", "e\xff")
STATES = ("pending", "leased", "unknown", "dead")
DESTINATIONS = ("email", "crm", PUSH)
PAYLOADS = ({"journey": "cart"}, {"kind": "webhook"}, {})
FILTERS = [
    Filter(destinations=destinations, state=state, journey=journey, kind=kind, reason=reason)
    for destinations in ((), ("crm",), ("email", "crm"))
    for state in ("", *STATES)
    for journey in ("", "cart")
    for kind in ("", "webhook")
    for reason in ("", "refused")
]

acts = st.lists(
    st.tuples(
        st.sampled_from(KEYS), st.sampled_from((*STATES, "dropped", "staged")),
        st.sampled_from(("", "Refused by them")),
    ),
    max_size=25,
)  # fmt: skip
delivers = st.fixed_dictionaries(
    {
        key: st.builds(
            lambda where, due, payload, key=key: Deliver(key, where, "p", due, "", payload),
            st.sampled_from(DESTINATIONS), st.integers(-2, 3), st.sampled_from(PAYLOADS),
        )
        for key in KEYS
    }
)  # fmt: skip


def played(done, made):
    state = MemoryState()
    for key, act, reason in done:
        with state.write() as writer:
            if act == "dropped":
                outbox.drop(writer, key)
            elif act == "staged":
                outbox.stage(writer, [made[key]])
            else:
                outbox.put(writer, Row(made[key], act, reason=reason))
    return state


def real(reader, asked):
    return [row for row in outbox.rows(reader, asked) if row.deliver.destination != PUSH]


@given(acts, delivers)
def test_rows_and_counts_are_those_of_a_look_at_every_row(done, made):
    state = played(done, made)
    with state.read() as reader:
        for asked in FILTERS:
            every = real(reader, asked)
            assert list(outbox_index.rows(reader, asked)) == every
            assert list(outbox_index.rows(reader, asked, "b")) == [r for r in every if r.key > "b"]
            tally = {}
            for row in every:
                tally[row.state] = tally.get(row.state, 0) + 1
            assert outbox_index.counts(reader, asked) == tally


@given(acts, delivers)
def test_the_oldest_that_waits_is_found_by_destination_and_kind(done, made):
    with played(done, made).read() as reader:
        for where, kind in [("email", "message"), ("crm", "webhook"), ("crm", "message")]:
            asked = Filter(destinations=(where,), kind=kind, state="pending")
            dues = [max(0, row.deliver.due_us) for row in real(reader, asked)]
            assert outbox_index.oldest_us(reader, where, kind) == min(dues, default=0)


@given(acts, delivers)
def test_nothing_is_left_of_rows_that_are_gone(done, made):
    state = played([*done, *((key, "dropped", "") for key in KEYS)], made)
    with state.read() as reader:
        assert [pair for space in SPACES for pair in reader.scan(space)] == []


def test_rows_named_by_key_are_found_without_a_look_at_the_others():
    made = {key: Deliver(key, "crm", "p", 1, "", {}) for key in KEYS}
    state = played([(key, "dead", "") for key in KEYS], made)
    with state.read() as reader:
        asked = Filter(keys=("c", "a", "nothing", "a"))
        assert [row.key for row in outbox_index.rows(reader, asked)] == ["a", "c"]
        assert outbox_index.counts(reader, asked) == {"dead": 2}


class Counted:
    """A reader that counts the rows that were asked for."""

    def __init__(self, reader):
        self.reader, self.read = reader, 0

    def get(self, space, key):
        self.read += space == outbox_index.ROWS
        return self.reader.get(space, key)

    def scan(self, space, start=b"", stop=None):
        assert space != outbox_index.ROWS, "every row is looked at"
        return self.reader.scan(space, start, stop)


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"state": "dead"}, {"state": "leased"}, {"destination": "crm"}, {"journey": "j1"},
        {"reason": "refused"},
    ],
)  # fmt: skip
def test_a_page_reads_the_rows_it_shows_and_not_all(asked):
    state = MemoryState()
    with state.write() as writer:
        for n in range(1_000):
            deliver = Deliver(f"k{n:04}", "crm", "p", n, "", {"journey": f"j{n % 3}"})
            is_dead = n % 100 == 0
            row = Row(deliver, "dead" if is_dead else "pending", reason="refused" * is_dead)
            outbox.put(writer, row)
    project = load({"journeyfold.yaml": "name: shop\ncurrency: EUR\ntime_zone: UTC\n"})
    with state.read() as reader:
        counted = Counted(reader)
        page = outbox_view.page(counted, project, outbox_view.filter_of(project, **asked), limit=5)
        outbox_view.destinations(counted, project, Path("/nonexistent"))
    assert len(page.rows) == (0 if asked.get("state") == "leased" else 5)
    assert counted.read <= 20
