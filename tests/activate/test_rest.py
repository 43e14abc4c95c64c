"""A platform's JSON interface: tokens that are granted, kept and asked for anew."""

from urllib.parse import parse_qs

from http_receiver import receiving

from journeyfold.activate.destination import Answer
from journeyfold.activate.reach import Reach
from journeyfold.activate.rest import Granted, Rest, listed, quoted, value_of
from journeyfold.adapters.outgoing import Outgoing


class Clock:
    now_us = 0

    def __call__(self):
        return self.now_us


class Platform:
    """Grants t1, t2, …; takes the tokens that are `good`."""

    def __init__(self, good):
        self.good, self.granted, self.seen = set(good), 0, []

    def __call__(self, request):
        if request.path == "/token":
            self.granted += 1
            self.form = parse_qs(request.body.decode())
            return 200, {"access_token": f"t{self.granted}", "expires_in": 3600}
        self.seen.append(request.headers["authorization"])
        return (200, {}) if self.seen[-1].removeprefix("Bearer ") in self.good else (401, {})


def asked(platform, clock, act):
    with receiving(platform) as receiver:
        http = Outgoing(Reach(["127.0.0.1"]))
        form = {"grant_type": "refresh_token", "refresh_token": "r"}
        granted = Granted(http, f"{receiver.url}/token", form, clock)
        try:
            return act(Rest(http, receiver.url, bearer=granted))
        finally:
            http.close()


def test_a_token_is_granted_once_and_kept_until_it_runs_out():
    platform, clock = Platform(["t1", "t2"]), Clock()

    def act(rest):
        rest("GET", "/a")
        rest("GET", "/a")
        clock.now_us = 3_541_000_000
        rest("GET", "/a")

    asked(platform, clock, act)
    assert platform.form == {"grant_type": ["refresh_token"], "refresh_token": ["r"]}
    assert platform.seen == ["Bearer t1", "Bearer t1", "Bearer t2"]


def test_a_token_that_is_refused_is_asked_for_anew_once():
    platform = Platform(["t2"])
    assert asked(platform, Clock(), lambda rest: rest("GET", "/a").status) == 200
    assert platform.seen == ["Bearer t1", "Bearer t2"]
    hopeless = Platform([])
    assert asked(hopeless, Clock(), lambda rest: rest("GET", "/a").status) == 401
    assert len(hopeless.seen) == 2


def test_a_secret_that_is_granted_nothing_has_to_be_mended():
    """RFC 6749, 5.2: invalid_grant is a 400; a record cannot mend it."""
    answers = lambda _: (400, {"error": "invalid_grant"})  # noqa: E731
    assert asked(answers, Clock(), lambda rest: rest("GET", "/a").status) == 401


def test_a_granter_that_is_away_is_asked_again_later():
    assert asked(lambda _: (503, {}), Clock(), lambda rest: rest("GET", "/a").status) == 503


def test_a_value_is_one_segment_of_a_path():
    assert quoted("a/b c?d#e") == "a%2Fb%20c%3Fd%23e"


def test_an_answer_that_is_no_json_says_nothing():
    assert value_of(Answer(200, {}, b"<html>")) is None
    assert value_of(Answer(200, {}, b"\xff")) is None
    assert listed(None, "a") == listed({"a": 1}, "a") == listed({"a": [1, "x"]}, "a") == []
