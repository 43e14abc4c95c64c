"""The scale of the overview's chart."""

from __future__ import annotations

from journeyfold.console.rate_chart import top_of


def test_an_even_series_is_drawn_to_its_peak():
    assert top_of([3, 4, 5, 4]) == 5


def test_a_burst_does_not_flatten_the_rest():
    assert top_of([12_000, *[4, 5, 6] * 12]) < 20


def test_nothing_has_a_top_all_the_same():
    assert top_of([]) > 0
    assert top_of([0, 0]) > 0
