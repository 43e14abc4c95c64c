"""How much a key may send, in virtual time (collect C36)."""

from journeyfold.collect.rate import KEPT_S, Rates

RATE, BURST = 100, 200


def wait_s(rates, now_s, request="", items=20):
    return rates.wait_s("key", items, RATE, BURST, now_s, request)


def spent():
    """A bucket that has just become empty."""
    rates = Rates()
    assert wait_s(rates, 0.0, items=BURST) == 0
    return rates


def test_a_burst_passes_and_the_next_request_waits():
    assert wait_s(spent(), 0.0) == 1


def test_tokens_come_back_at_the_rate():
    assert wait_s(spent(), 0.2) == 0


def test_a_request_above_the_burst_passes_when_the_bucket_is_full():
    rates = Rates()
    assert wait_s(rates, 0.0, items=5 * BURST) == 0
    assert wait_s(rates, 1.0) == 8


def test_what_was_told_to_come_again_passes_when_it_does():
    rates = spent()
    waits = {name: wait_s(rates, 0.0, name) for name in map(str, range(50))}
    assert waits["49"] == 10
    for name, seconds in waits.items():
        assert wait_s(rates, float(seconds), name) == 0


def test_many_requests_at_once_are_each_refused_once_while_others_press():
    rates = spent()
    due = {str(number): 0.0 for number in range(100)}
    refusals = dict.fromkeys(due, 0)
    for tick in range(600):
        now_s = tick / 10
        wait_s(rates, now_s, f"other-{tick}")
        for name in [name for name, at_s in due.items() if at_s <= now_s]:
            seconds = wait_s(rates, now_s, name)
            due[name] = now_s + seconds
            refusals[name] += seconds > 0
            if not seconds:
                del due[name]
    assert not due
    assert max(refusals.values()) == 1


def test_who_comes_early_hears_the_rest_of_the_wait_and_keeps_the_place():
    rates = spent()
    assert wait_s(rates, 0.0, "a", items=200) == 2
    assert wait_s(rates, 0.5, "a", items=200) == 2
    assert wait_s(rates, 1.5, "a", items=200) == 1
    assert wait_s(rates, 2.0, "a", items=200) == 0


def test_kept_tokens_are_nobody_elses():
    rates = spent()
    assert wait_s(rates, 0.0, "a", items=100) == 1
    assert wait_s(rates, 1.0, "b", items=100) == 1
    assert wait_s(rates, 1.0, "a", items=100) == 0


def test_who_does_not_come_loses_the_place():
    rates = spent()
    assert wait_s(rates, 0.0, "a", items=200) == 2
    assert wait_s(rates, 2.1 + KEPT_S, "b", items=200) == 0


def test_more_is_never_let_through_than_rate_and_burst():
    rates = Rates()
    passed = sum(
        20
        for tick in range(1_000)
        for name in (f"{tick}", f"{tick - 37}")
        if wait_s(rates, tick / 100, name) == 0
    )
    assert passed <= BURST + 10 * RATE


def test_nobody_is_told_to_wait_more_than_a_minute():
    rates = spent()
    waits = [wait_s(rates, 0.0, f"r{number}") for number in range(400)]
    assert waits[0] == 1
    assert max(waits) == waits[-1] == 60


def test_a_request_without_a_name_keeps_nothing_from_others():
    rates = spent()
    for odd in ("", None, 7, ["x"], "x" * 101):
        assert wait_s(rates, 0.0, odd) == 1
    assert wait_s(rates, 0.2, "a") == 0
