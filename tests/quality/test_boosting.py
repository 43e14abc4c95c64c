"""A missing value is guessed by trees that are the same for any order, and only if it can be (Q28)."""

from random import Random

import msgspec
import pytest

from journeyfold.quality.boosting import Boosted, NotLearntError, boosted
from journeyfold.quality.transform import Fitted, Plan, TooMuchMissingError, applied, fitted


def noise(at, column):
    """Of 0 to 1, the same in every run."""
    return Random(1_000 * column + at).random()


ROWS = [(noise(at, 1), noise(at, 2), float(at % 2)) for at in range(400)]
SPEND = [3 * one - 2 * (two > 0.5) + 0.1 * noise(at, 3) for at, (one, two, _) in enumerate(ROWS)]
TIER = ["gold" if spend > 0.4 else "plain" for spend in SPEND]
MODEL = Plan("model", using=("a", "b", "c"))


def test_a_number_is_guessed_near_what_was_left_out():
    made = boosted(ROWS, SPEND)
    assert made.better > 0.9
    assert made.of((0.9, 0.1, 0.0)) == pytest.approx(2.75, abs=0.4)


def test_a_word_is_guessed_more_often_right_than_the_most_frequent():
    made = boosted(ROWS, TIER)
    assert made.better > 0.2
    assert [made.of(row) for row in ((0.95, 0.1, 0.0), (0.05, 0.9, 1.0))] == ["gold", "plain"]


def test_any_order_of_the_people_gives_the_same_trees():
    pairs = sorted(zip(ROWS, SPEND, strict=True), key=lambda pair: -pair[1])
    again = boosted([row for row, _ in pairs], [spend for _, spend in pairs])
    assert msgspec.json.encode(again) == msgspec.json.encode(boosted(ROWS, SPEND))


def test_what_the_others_do_not_tell_is_refused():
    with pytest.raises(NotLearntError, match="do not tell it"):
        boosted([(row[2],) for row in ROWS], [noise(at, 9) for at in range(400)])
    with pytest.raises(NotLearntError, match="49 people"):
        boosted(ROWS[:49], SPEND[:49])


def test_words_among_numbers_are_refused():
    with pytest.raises(ValueError, match="mixed"):
        boosted(ROWS, [*SPEND[1:], "gold"])


def test_only_what_is_missing_is_guessed_and_only_from_what_is_known():
    values = [None if at % 3 == 0 else spend for at, spend in enumerate(SPEND)]
    fit = fitted(MODEL, values, ROWS)
    assert isinstance(fit.model, Boosted)
    assert applied(fit, 7.5, ROWS[0]) == 7.5
    assert applied(fit, None, ROWS[0]) == pytest.approx(SPEND[0], abs=0.5)
    assert applied(fit, None, (0.5, None, 1.0)) is None


def test_too_much_missing_is_refused_for_a_model_as_well():
    values = [None if at % 4 else spend for at, spend in enumerate(SPEND)]
    with pytest.raises(TooMuchMissingError):
        fitted(MODEL, values, ROWS)


def test_a_fit_comes_back_from_the_log_as_it_was():
    fit = fitted(MODEL, SPEND, ROWS)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(fit)), Fitted) == fit
