"""Pictures: round scales, text never scaled, hostile labels inert."""

from __future__ import annotations

import re

import pytest

from journeyfold.console.svg import (
    Line,
    Mark,
    bar_chart,
    in_and_out,
    line_chart,
    nice_top,
    share_bar,
    sparkline,
)

EVIL = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("peak", "top"), [(0, 1), (0.05, 0.06), (1, 1), (1.2, 1.5), (7, 8), (183, 200), (4181, 6000)]
)
def test_the_top_of_a_scale_is_round_and_not_below_the_peak(peak, top):
    assert nice_top(peak)[0] == pytest.approx(top)


def test_every_hairline_is_a_round_amount():
    for peak in (1, 3, 17, 183, 950, 4181):
        top, steps = nice_top(peak)
        assert float(f"{top / steps:.3g}") == pytest.approx(top / steps)


def test_a_line_chart_says_its_finding():
    text = line_chart([Line([1, 2, 3])], label="rising to 3", unit="people", ticks=[(0, "a")])
    assert 'role="img" aria-label="rising to 3"' in text


def test_data_is_stretched_and_text_is_not():
    text = line_chart([Line([1, 2, 3], label="now")], label="x", unit="/s", ticks=[(0, "a")])
    inner = re.search(r'<svg x="0".*?</svg>', text)[0]
    assert 'preserveAspectRatio="none"' in inner
    assert "<text" not in inner


def test_hostile_labels_are_text():
    lines = [Line([1, 2], label=EVIL)]
    text = line_chart(
        lines, label=EVIL, unit=EVIL, ticks=[(0, EVIL)], marks=[Mark(0.5, EVIL)], now=(0.5, EVIL)
    )
    assert "<script" not in text


def test_bars_stack_from_zero():
    text = bar_chart([[("f-app", 3.0), ("f-warn", 1.0)]], label="x", unit="n", ticks=[])
    heights = [float(one) for one in re.findall(r'height="([\d.]+)"/>', text)]
    assert heights == [60.0, 20.0]


def test_who_came_and_who_left_share_a_scale():
    text = in_and_out([4], [2], label="x")
    up, down = (float(one) for one in re.findall(r'height="([\d.]+)"/>', text))
    assert up == 2 * down


def test_nothing_is_drawn_of_nothing():
    assert sparkline([]) == ""
    assert "NaN" not in line_chart([Line([])], label="x", unit="n", ticks=[])
    assert "NaN" not in bar_chart([], label="x", unit="n", ticks=[])


def test_a_share_never_leaves_its_track():
    assert 'width="100.0%"' in share_bar(7)
    assert 'width="0.0%"' in share_bar(-1)


def test_a_cause_at_the_edge_draws_no_line_through_the_amounts():
    given = {"label": "x", "unit": "/s", "ticks": []}
    assert 'class="ref"' not in line_chart([Line([2, 1])], marks=[Mark(0.0, "import")], **given)
    assert 'class="ref"' in line_chart([Line([2, 1])], marks=[Mark(0.5, "import")], **given)
