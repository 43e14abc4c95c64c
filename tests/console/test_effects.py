"""What is said of effects: as much as the counts allow, and no more."""

from __future__ import annotations

import pytest

from journeyfold.api.journey_text import journey_of
from journeyfold.console import effects, step_words
from journeyfold.journey.report import Interval, Side, lift
from journeyfold.journey.step import Wait
from journeyfold.testing.sample_journeys import CART, LONG, figures_of

JOURNEY = journey_of("journeys/cart.yaml", CART)


def sides(treated, held):
    return lift(Side(*treated), Side(*held))


@pytest.mark.parametrize(
    ("treated", "held", "verdict"),
    [
        ((0, 0), (0, 0), "none"), ((100, 10), (0, 0), "none"), ((100, 10), (29, 2), "few"),
        ((29, 2), (100, 10), "few"), ((100, 10), (100, 10), "open"),
        ((10_000, 3_000), (1_000, 200), "clear"),
    ],
)  # fmt: skip
def test_below_thirty_or_with_zero_inside_nothing_is_claimed(treated, held, verdict):
    assert effects.verdict(sides(treated, held)) == verdict


def test_a_loss_is_said_as_one():
    figures = figures_of(JOURNEY, "", 10_000)
    worse = sides((9_000, 900), (1_000, 300))
    said = effects.sentence(JOURNEY, type(figures)(**{**as_fields(figures), "lift": worse}))
    assert "about 20 fewer reach Order Completed" in said


def as_fields(struct):
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_without_a_goal_nothing_is_measured():
    journey = journey_of("journeys/long.yaml", LONG)
    assert "It has no goal" in effects.sentence(journey, figures_of(journey, "", 100))


def test_an_open_difference_says_that_no_gain_is_shown():
    figures = figures_of(JOURNEY, "", 400)
    same = sides((360, 72), (40, 8))
    said = effects.sentence(JOURNEY, type(figures)(**{**as_fields(figures), "lift": same}))
    assert "the records do not show a gain" in said


def test_a_split_far_from_its_weights_is_to_be_looked_into():
    assert effects.likelihood([5_000, 5_000], [50, 50]) == 1.0
    assert effects.likelihood([5_500, 4_500], [50, 50]) < 0.01
    assert effects.likelihood([3_400, 3_300, 3_300], [34, 33, 33]) > 0.9
    assert effects.likelihood([4_000, 3_000, 3_000], [34, 33, 33]) < 0.01
    assert effects.likelihood([0, 0], [50, 50]) == 1.0
    assert effects.likelihood([10], [100]) == 1.0


def test_a_chi_squared_of_one_degree_is_the_known_one():
    assert effects.likelihood([60, 40], [50, 50]) == pytest.approx(0.0455, abs=1e-4)


def test_an_interval_is_drawn_inside_its_scale():
    drawn = effects.whisker(Interval(0.2, 0.1, 0.9), (0.0, 0.5), 0.18, is_weak=True)
    assert 'x2="100.0%"' in drawn
    assert 'class="dw weak"' in drawn
    assert effects.whisker(Interval(None, None, None), (0, 1), None, is_weak=False) == ""


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (Wait(length="5m"), "5\u00a0minutes"), (Wait(length="1h"), "1\u00a0hour"),
        (Wait(until="09:00", days=(1, 2, 3, 4, 5)), "until 09:00, Mon to Fri"),
        (Wait(until="09:00", days=(1, 3)), "until 09:00, Mon, Wed"),
        (Wait(local_days=1), "1 day, same time of day"), (Wait(local_months=2), "2 months"),
        (Wait(at="traits.renewal", offset="-3d"), "3\u00a0days before traits.renewal"),
        (Wait(at="traits.renewal"), "until traits.renewal"),
    ],
)  # fmt: skip
def test_a_wait_is_said_in_words(wait, said):
    assert step_words.waiting(wait) == said
