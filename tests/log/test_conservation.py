from journeyfold.log.conservation import Effects, Folded, Tally, gaps, total


def test_what_adds_up_has_no_gap():
    tally = Tally("web", 1, received=10, appended=4, duplicate=3, quarantined=2, rejected=1)
    folded = Folded(appended=4, applied=2, parked=1, lag=1)
    effects = Effects(created=6, pending=1, leased=1, sent=1, unknown=1, dead=1, skipped=1)
    assert gaps([tally], folded, effects) == {}


def test_a_lost_message_is_a_gap():
    assert gaps([Tally("web", 1, received=10, appended=9)]) == {"received": 1}


def test_gaps_of_two_sources_do_not_cancel_out():
    tallies = [Tally("web", 1, received=1), Tally("app", 1, appended=1)]
    assert gaps(tallies) == {"received": 2}


def test_a_record_that_is_nowhere_is_a_gap():
    assert gaps([], Folded(appended=5, applied=3, parked=0, lag=1)) == {"appended": 1}


def test_an_effect_that_vanished_is_a_gap():
    assert gaps([], effects=Effects(created=2, sent=1)) == {"effects": 1}


def test_a_total_is_the_sum_under_its_name():
    tallies = [Tally("web", 1, 2, 1, 1), Tally("web", 2, 3, 1, 0, 1, 1)]
    assert total(tallies, "web") == Tally("web", 0, 5, 2, 1, 1, 1)
