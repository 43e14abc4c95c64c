"""What is let in with a mark is counted, and however many places there are, the counts have an end."""

from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.log.flags import PLACES_MAX
from journeyfold.testing.contracts.log import NOON_US, flagged


def places(log):
    return {each.pointer: each.messages for each in log.quarantine.flagged()}


def test_names_of_fields_from_outside_do_not_fill_the_disk(tmp_path):
    log = SqliteLog(tmp_path, Keyring.open(tmp_path))
    for first in range(0, PLACES_MAX, 1_000):
        batch = [flagged(f"e{at}", f"/properties/p{at}") for at in range(first, first + 1_000)]
        log.append(batch, now_us=NOON_US)
    late = ("/properties/new", "/properties/p0", "/properties/newer")
    log.append([flagged(f"late{at}", each) for at, each in enumerate(late)], now_us=NOON_US)
    found = places(log)
    assert len(found) == PLACES_MAX + 1
    assert (found["/properties/p0"], found[""]) == (2, 2)
    log.close()


def test_a_log_of_an_earlier_release_counts_from_now_on(tmp_path):
    keyring = Keyring.open(tmp_path)
    log = SqliteLog(tmp_path, keyring)
    log._write.execute("DROP TABLE flagged")
    log.close()
    log = SqliteLog(tmp_path, keyring)
    log.append([flagged("a", "/properties/total")], now_us=NOON_US)
    assert places(log) == {"/properties/total": 1}
    log.close()
