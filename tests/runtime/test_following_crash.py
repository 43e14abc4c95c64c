"""A reader that dies at any point loses and doubles nothing (collect C46), without its process."""

import pytest
from follow_kit import Follower, following_server, table

from journeyfold.adapters.memory import MemoryLog
from journeyfold.adapters.postgres_slot import Away


class Dying:
    """A log whose `at`-th append fails, before or after it is committed."""

    def __init__(self, log, at, *, after):
        self._log, self._left, self._after = log, at, after
        self.marks = log.marks

    def append(self, items, **more):
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Away("it died before the commit")
        fates = self._log.append(items, **more)
        if self._left == 0:
            raise Away("it died after the commit")
        return fates


@pytest.fixture(scope="module")
def server():
    with following_server() as running:
        yield running


@pytest.fixture
def database(server):
    with table(server, "dying") as made:
        yield made


def change(database):
    """Two transactions, one of them larger than an append."""
    name = database.name
    database.run(
        f"INSERT INTO {name} SELECT n, n || '@x.de', 'Bonn' FROM generate_series(1501, 2700) n"
    )
    database.run(f"UPDATE {name} SET city = 'Kiel' WHERE id <= 1510")


def expected():
    first = [("snapshot", str(number)) for number in range(1, 1_501)]
    then = [("insert", str(number)) for number in range(1_501, 2_701)]
    return first, then, {("update", str(number)) for number in range(1, 1_511)}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 3, 5])
def test_what_is_read_on_is_what_would_have_been_read(database, at, after):
    name, log = database.name, MemoryLog()
    database.run(
        f"INSERT INTO {name} SELECT n, n || '@x.de', 'Bonn' FROM generate_series(1, 1500) n"
    )
    is_changed = False
    dying = Follower(database, log=log, append=Dying(log, at, after=after))
    try:
        dying.follow()
        change(database)
        is_changed = True
        dying.follow()
    except Away:
        dying.close()
    again = Follower(database, log=log)
    again.follow()
    if not is_changed:
        change(database)
        again.follow()
    again.close()
    dying.close()
    snapshot, inserts, updates = expected()
    told = again.told
    assert told[: len(snapshot)] == snapshot
    assert told[len(snapshot) : len(snapshot) + len(inserts)] == inserts
    rest = told[len(snapshot) + len(inserts) :]
    assert (len(rest), set(rest)) == (len(updates), updates)
    assert again.following.counts.quarantined == 0
