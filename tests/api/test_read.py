"""Offsets from instants, by bisection over a dense log."""

from __future__ import annotations

from journeyfold.api.cards import Tally
from journeyfold.api.read import Offsets, edges_of, sum_of
from journeyfold.core.event import Event, Record


class Log:
    """Records at given instants; counts how often it was read."""

    def __init__(self, *times):
        event = Event("1", "Page", "track", "web", (), 0, 0)
        self.records = [Record(index, at, "event", event) for index, at in enumerate(times)]
        self.reads = 0

    def head(self):
        return (len(self.records) - 1, self.records[-1].appended_us) if self.records else (-1, 0)

    def read(self, after, limit):
        self.reads += 1
        return self.records[after + 1 : after + 1 + limit]


def test_an_instant_answers_the_last_offset_at_or_before_it():
    offsets = Offsets(Log(10, 20, 20, 30))
    assert [offsets.at(us) for us in (9, 10, 19, 20, 29, 30, 99)] == [-1, 0, 0, 2, 2, 3, 3]


def test_an_empty_log_has_no_offset():
    assert Offsets(Log()).at(5) == -1
    assert Offsets(Log()).between([1, 2, 3]) == [0, 0]


def test_counts_between_instants_add_up():
    log = Log(*range(0, 1000, 3))
    edges = edges_of(0, 999, 100)
    assert sum(Offsets(log).between(edges)) == len(log.records) - 1  # the first is not after 0


def test_the_past_is_read_once():
    log = Log(*range(100))
    offsets = Offsets(log)
    offsets.at(50)
    reads = log.reads
    offsets.at(50)
    assert log.reads == reads


def test_the_end_is_read_again():
    log = Log(10)
    offsets = Offsets(log)
    assert offsets.at(99) == 0
    log.records += Log(10, 50).records[1:]
    assert offsets.at(99) == 1


def test_a_short_rest_joins_its_neighbour():
    assert edges_of(0, 21, 10) == [0, 10, 21]
    assert edges_of(0, 25, 10) == [0, 10, 20, 25]
    assert edges_of(0, 1, 10) == [0, 1]


def test_sources_are_summed():
    both = sum_of([Tally("a", 1, 2, 3, 4), Tally("b", 10, 20, 30, 40)])
    assert (both.appended, both.received) == (11, 110)
