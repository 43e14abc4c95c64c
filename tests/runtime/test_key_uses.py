"""When a key was last used: written down at once, kept at most once a minute."""

import pytest

from journeyfold.core.errors import Busy
from journeyfold.core.instant import MINUTE_US
from journeyfold.runtime.key_uses import KeyUses

NOW_US = 1_700_000_000_000_000


def kept_and_uses():
    kept = []
    return kept, KeyUses(lambda uses: kept.append(dict(uses)))


def flush(uses):
    if due := uses.due():
        uses.keep(due)


def test_the_first_use_of_a_key_is_due_at_once():
    kept, uses = kept_and_uses()
    uses.saw("k1", NOW_US)
    flush(uses)
    assert kept == [{"k1": NOW_US}]


def test_a_key_used_all_the_time_is_written_once_a_minute():
    kept, uses = kept_and_uses()
    for step in range(120):
        uses.saw("k1", NOW_US + step * MINUTE_US // 60)
        flush(uses)
    assert kept == [{"k1": NOW_US}, {"k1": NOW_US + MINUTE_US}]


def test_keys_have_their_minutes_each():
    kept, uses = kept_and_uses()
    uses.saw("k1", NOW_US)
    flush(uses)
    uses.saw("k1", NOW_US + 1)
    uses.saw("k2", NOW_US + 1)
    flush(uses)
    assert kept == [{"k1": NOW_US}, {"k2": NOW_US + 1}]


def test_the_last_use_is_kept_at_the_end():
    kept, uses = kept_and_uses()
    uses.saw("k1", NOW_US)
    flush(uses)
    uses.saw("k1", NOW_US + 1)
    uses.close()
    uses.close()
    assert kept == [{"k1": NOW_US}, {"k1": NOW_US + 1}]


def test_a_use_that_could_not_be_written_is_due_again():
    def full(_uses):
        raise Busy("the disk is full")

    uses = KeyUses(full)
    uses.saw("k1", NOW_US)
    with pytest.raises(Busy):
        flush(uses)
    assert uses.due() == {"k1": NOW_US}
