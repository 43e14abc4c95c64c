"""What an answer means for a delivery (journeys A4)."""

import pytest

from journeyfold.activate.destination import RESPONSE_MAX, Answer
from journeyfold.activate.retry import judged
from journeyfold.core.instant import DAY_US

NOW_US = 1_795_334_400_000_000  # Sun, 22 Nov 2026 08:00:00 GMT


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200, 201, 202, 204, 299), "sent"),
        ((408, 425, 429, 500, 502, 503, 504, 599), "retry"),
        ((401, 403), "paused"),
        ((410,), "disabled"),
        ((300, 301, 302, 307, 308, 400, 404, 405, 409, 413, 422, 451), "dead"),
    ],
)
def test_each_status_has_its_meaning(statuses, outcome):
    assert {judged(Answer(status)).status for status in statuses} == {outcome}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(0, problem="no whole answer within 15 s"), "retry"),
        (Answer(0, problem="nobody there", is_unreached=True), "retry"),
        (Answer(0, problem="a loop", is_refused=True), "dead"),
        (Answer(0, problem="inside", is_barred=True), "paused"),
    ],
)
def test_no_answer_has_a_meaning_too(answer, outcome):
    judgement = judged(answer)
    assert (judgement.status, judgement.reason) == (outcome, answer.problem)
    assert judgement.is_unreached == answer.is_unreached


@pytest.mark.parametrize(
    ("told", "after_us"),
    [
        ("120", 120_000_000),
        ("999999", DAY_US),  # at most a day
        ("Sun, 22 Nov 2026 08:01:00 GMT", 60_000_000),
        ("Sun, 22 Nov 2026 07:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("9" * 40, 0),
        ("", 0),
    ],
)
def test_the_other_side_may_say_when(told, after_us):
    assert judged(Answer(503, {"retry-after": told}), NOW_US).after_us == after_us


def test_an_answer_is_kept_within_its_limit_and_read_where_it_is_json():
    long = judged(Answer(500, {}, b"x" * (RESPONSE_MAX + 9)))
    assert len(long.response) == RESPONSE_MAX
    as_json = {"content-type": "application/json; charset=utf-8"}
    assert judged(Answer(200, as_json, b'{"a": 1}')).reply == {"a": 1}
    assert judged(Answer(200, as_json, b"{")).reply is None
    assert judged(Answer(200, {}, b'{"a": 1}')).reply is None
