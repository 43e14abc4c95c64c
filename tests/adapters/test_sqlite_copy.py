"""A copy of a log as of one commit: whole, with its checksums, while others write."""

import threading

import apsw
import pytest

from journeyfold.adapters import sqlite_copy
from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_copy import copy_database
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.core.errors import DamageError
from journeyfold.testing.contracts.log import NOON_US, entry, node


@pytest.fixture
def home(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "copy").mkdir()
    return tmp_path


def filled(home, batches=20):
    """A log larger than the cache of a copy, part of it in the write-ahead log."""
    log = SqliteLog(home / "data", Keyring.open(home / "data"))
    for batch in range(batches):
        more(log, f"{batch}-", 100)
    return log


def more(log, prefix, number):
    items = [
        entry(f"{prefix}{at}", nodes=[node(at % 3)], properties={"text": "x" * 1_500})
        for at in range(number)
    ]
    return log.append(items, now_us=NOON_US)


def copied(home, **options):
    copy_database(home / "data" / "log.sqlite", home / "copy" / "log.sqlite", **options)
    return SqliteLog(home / "copy", Keyring.open(home / "data"))


def test_a_copy_holds_every_record(home):
    log = filled(home)
    copy = copied(home)
    assert copy.verify() == 2_000
    assert copy.read(1_998, 1) == log.read(1_998, 1)
    copy.close()
    log.close()


def test_every_page_of_a_copy_larger_than_its_cache_has_its_checksum(home, monkeypatch):
    monkeypatch.setattr(sqlite_copy, "_COPY_CACHE_KIB", 256)
    log = filled(home)
    copied(home).close()
    copy = SqliteLog(home / "copy", Keyring.open(home / "data"))
    assert copy.verify() == 2_000
    copy.close()
    log.close()


def test_a_copy_goes_on_as_a_log(home):
    filled(home).close()
    copy = copied(home)
    assert more(copy, "new-", 1)[0].offset == 2_000
    assert copy.append([entry("3-7")], now_us=NOON_US)[0].fate != "appended"
    assert copy.verify() == 2_001
    copy.close()


def test_what_is_appended_meanwhile_is_not_waited_for(home, monkeypatch):
    monkeypatch.setattr(sqlite_copy, "PIECE_PAGES", 64)
    log = filled(home)
    during = []

    def progress(_done, _total):
        during.append(more(log, f"during-{len(during)}-", 5)[-1].offset)
        log.checkpoint()

    copy = copied(home, progress=progress)
    assert len(during) > 3
    assert copy.verify() == 2_000
    assert log.verify() == during[-1] + 1
    copy.close()
    log.close()


def test_writers_in_other_threads_lose_nothing(home):
    log = filled(home)
    stop = threading.Event()
    written = []

    def write():
        while not stop.is_set():
            written.append(more(log, f"during-{len(written)}-", 5)[-1].offset)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        copy = copied(home)
    finally:
        stop.set()
        thread.join()
    assert 2_000 <= copy.verify() <= written[-1] + 1
    copy.close()
    log.close()


def test_a_damaged_page_is_found_on_its_way(home):
    filled(home).close()
    path = home / "data" / "log.sqlite"
    with path.open("r+b") as file:
        file.seek(200 * 8_192 + 100)
        file.write(b"\xff" * 8)
    with pytest.raises(DamageError, match=r"log\.sqlite"):
        copied(home)


def test_a_copy_is_its_owners_alone(home):
    filled(home, 1).close()
    copied(home).close()
    assert (home / "copy" / "log.sqlite").stat().st_mode & 0o077 == 0
    assert apsw.Connection(str(home / "copy" / "log.sqlite")).pragma("page_size") == 8_192
