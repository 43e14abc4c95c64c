"""The log on SQLite: the contract, what it does beyond it, and what it does when bytes change."""

import random
import shutil
import sqlite3  # only to look at bytes: never on a file in use
import threading

import apsw
import pytest

from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_checkpoint import Checkpoints
from journeyfold.adapters.sqlite_file import connect, require_current_library
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.core.errors import Busy, DamageError, EngineError, FormatError
from journeyfold.log.codec import ERASED
from journeyfold.testing.contracts.log import NOON_US, LogContract, entry, held, node


class TestSqliteLog(LogContract):
    def open_log(self, directory):
        return SqliteLog(directory, Keyring.open(directory))


class TestSqliteLogInTheClear(LogContract):
    def open_log(self, directory):
        return SqliteLog(directory, Keyring.open(directory), encrypted=False)


def opened(directory) -> SqliteLog:
    return SqliteLog(directory, Keyring.open(directory))


def edited(directory, statement: str) -> SqliteLog:
    intruder = apsw.Connection(str(directory / "log.sqlite"))
    intruder.execute(statement)
    intruder.close()
    return opened(directory)


@pytest.fixture
def ten(tmp_path):
    """A directory whose log holds ten records and is closed."""
    log = opened(tmp_path)
    log.append([entry(str(at), nodes=[node(at % 3)]) for at in range(10)], now_us=NOON_US)
    log.close()
    return tmp_path


def test_a_log_opened_again_goes_on_where_it_was(ten):
    log = opened(ten)
    assert log.head() == (9, NOON_US)
    assert log.append([entry("9"), entry("10")], now_us=1)[1].offset == 10
    assert log.read(9, 5)[0].appended_us == NOON_US


def test_two_openers_share_one_dedupe(ten):
    one, two = opened(ten), opened(ten)
    one.append([entry("new")], now_us=NOON_US)
    (fate,) = two.append([entry("new")], now_us=NOON_US)
    assert (fate.fate, fate.offset) == ("duplicate", 10)


def test_a_record_and_a_held_message_are_not_readable_in_the_file(tmp_path):
    log = opened(tmp_path)
    log.append([entry("a", properties={"mail": "canary@b.example"}), held("canary2")], now_us=1)
    log.close()
    stored = (tmp_path / "log.sqlite").read_bytes()
    assert b"canary@b.example" not in stored
    assert b'"event":"Odd"' not in stored


def test_what_was_sealed_with_an_old_key_is_read_after_a_rotation(ten):
    keyring = Keyring.open(ten)
    log = SqliteLog(ten, keyring)
    keyring.rotate()
    log.append([entry("new")], now_us=NOON_US)
    assert [record.event.id for record in log.read(8, 5)] == ["9", "new"]
    assert log.verify() == 11


def test_a_changed_body_is_damage_and_is_named(ten):
    log = edited(ten, "UPDATE record SET body = zeroblob(length(body)) WHERE offset = 7")
    assert len(log.read(-1, 7)) == 7
    with pytest.raises(DamageError, match=r"log\.sqlite: record 7 is not what was written"):
        log.read(-1, 8)


@pytest.mark.parametrize("column", ["appended_us", "kind", "v"])
def test_a_changed_envelope_is_damage(ten, column):
    log = edited(ten, f"UPDATE record SET {column} = {column} + 1 WHERE offset = 2")
    with pytest.raises(DamageError, match="record 2"):
        log.find("web", "2")


def test_two_swapped_bodies_are_damage(ten):
    swap = (
        "UPDATE record SET (nonce, digest, body) ="
        " (SELECT nonce, digest, body FROM record AS other WHERE other.offset = 5 - record.offset)"
        " WHERE offset IN (2, 3)"
    )
    with pytest.raises(DamageError, match="record 2"):
        edited(ten, swap).history([node(2)], upto=9)


@pytest.mark.parametrize("lost", [0, 4, 9])
def test_a_missing_record_is_damage_and_is_named(ten, lost):
    log = edited(ten, f"DELETE FROM record WHERE offset = {lost}")
    with pytest.raises(DamageError, match=f"record {lost} is missing"):
        log.read(-1, 100)
    with pytest.raises(DamageError, match=f"record {lost} is missing"):
        log.find("web", str(lost))
    with pytest.raises(DamageError, match=f"record {lost} is missing"):
        log.history([node(lost % 3)], upto=9)


def test_a_dedupe_entry_that_was_lost_is_found_by_verify(ten):
    log = edited(ten, "UPDATE dedupe SET key = zeroblob(16) WHERE offset = 4")
    with pytest.raises(DamageError, match="record 4"):
        log.verify()


def test_an_erased_record_keeps_its_place(ten):
    log = edited(ten, "UPDATE record SET kind = 9, key_id = NULL, nonce = NULL, body = NULL"
                      " WHERE offset = 3")  # fmt: skip
    assert log.read(2, 1)[0].event == ERASED
    assert log.read(2, 1)[0].kind == "erased"
    assert log.verify() == 10


def test_no_flipped_bit_goes_unseen(ten, tmp_path_factory):
    original = (ten / "log.sqlite").read_bytes()
    before = contents(ten)
    chance = random.Random(7)
    for _ in range(60):
        at, bit = chance.randrange(len(original)), chance.randrange(8)
        flipped = bytearray(original)
        flipped[at] ^= 1 << bit
        directory = tmp_path_factory.mktemp("flipped")
        shutil.copytree(ten / "keys", directory / "keys")
        (directory / "log.sqlite").write_bytes(flipped)
        try:
            log = opened(directory)
            log.verify()
            log.close()
        except (EngineError, FormatError):
            continue
        assert contents(directory) == before, f"bit {bit} of byte {at}"


def contents(directory) -> list[list[tuple]]:
    """Every row of every table: a flip that changes none of them hit unused space."""
    connection = sqlite3.connect(directory / "log.sqlite")
    tables = ("record", "dedupe", "node", "tally", "meta")
    found = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables]
    connection.close()
    return found


def test_an_sqlite_that_may_lose_commits_is_refused():
    require_current_library("3.51.3")
    with pytest.raises(EngineError, match=r"SQLite 3\.51\.2 can lose committed data"):
        require_current_library("3.51.2")


def test_a_log_of_a_newer_release_is_refused(ten):
    with pytest.raises(FormatError, match="data is format 2, this release reads up to 1"):
        edited(ten, "PRAGMA user_version = 2")


def test_a_file_that_is_no_database_is_damage(tmp_path):
    keyring = Keyring.open(tmp_path)
    (tmp_path / "log.sqlite").write_bytes(b"not a database, but long enough to look like one" * 9)
    with pytest.raises(DamageError, match=r"log\.sqlite is damaged"):
        SqliteLog(tmp_path, keyring)


def test_deleted_bytes_are_overwritten(ten):
    log = opened(ten)
    log.append([held("a", padding=3_000)], now_us=NOON_US)
    (row,) = log.quarantine.page()
    log.close()
    with sqlite3.connect(ten / "log.sqlite") as looker:
        (body,) = looker.execute("SELECT body FROM quarantine").fetchone()
    looker.close()
    log = opened(ten)
    log.quarantine.drop([row.id])
    log.close()
    assert body[:64] not in (ten / "log.sqlite").read_bytes()


def test_a_checkpoint_waits_until_it_is_due(ten):
    log = opened(ten)
    log.append([entry("small")], now_us=NOON_US)
    size = (ten / "log.sqlite").stat().st_size
    log.checkpoint()
    assert (ten / "log.sqlite").stat().st_size == size
    pad = "x" * 30_000
    log.append([entry(f"b{at}", properties={"pad": pad}) for at in range(600)], now_us=NOON_US)
    assert log.checkpoint() > 16 * 2**20
    assert (ten / "log.sqlite").stat().st_size > 16 * 2**20


def test_a_checkpoint_does_not_wait_for_an_append_nor_stop_it(ten):
    log, other = opened(ten), opened(ten)
    pad = "x" * 30_000
    log.append([entry(f"b{at}", properties={"pad": pad}) for at in range(600)], now_us=NOON_US)
    other._write.execute("BEGIN IMMEDIATE")
    log.checkpoint()
    assert (ten / "log.sqlite").stat().st_size > 16 * 2**20
    other._write.execute("ROLLBACK")


def test_a_long_write_ahead_log_is_begun_anew(ten):
    log = opened(ten)
    log.append([entry("a", properties={"pad": "x" * 300_000})], now_us=NOON_US)
    size = (ten / "log.sqlite-wal").stat().st_size
    checkpoints = Checkpoints(log.path, passive_bytes=1, restart_bytes=1)
    checkpoints.run()
    checkpoints.close()
    log.append([entry("b", properties={"pad": "x" * 200_000})], now_us=NOON_US)
    assert (ten / "log.sqlite-wal").stat().st_size == size


def test_a_reader_in_the_way_of_a_checkpoint_is_no_error(ten):
    log = opened(ten)
    reader = connect(ten / "log.sqlite")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM record").fetchall()
    log.append([entry("a", properties={"pad": "x" * 300_000})], now_us=NOON_US)
    checkpoints = Checkpoints(log.path, passive_bytes=1, restart_bytes=1)
    assert checkpoints.run() > 300_000
    assert checkpoints.run() > 0, "what the reader does not see yet waits for it"
    reader.close()
    checkpoints.run()
    assert checkpoints.run() == 0
    checkpoints.close()


def test_the_log_is_its_owners_only(ten):
    assert (ten / "log.sqlite").stat().st_mode & 0o077 == 0


def test_a_closed_log_says_so(ten):
    log = opened(ten)
    log.close()
    log.close()
    with pytest.raises(EngineError, match="has been closed"):
        log.append([entry("late")], now_us=NOON_US)
    with pytest.raises(EngineError, match="has been closed"):
        log.read(-1, 1)


def test_a_locked_log_is_busy(ten):
    log = opened(ten)
    log._write.set_busy_timeout(1)
    other = apsw.Connection(str(ten / "log.sqlite"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy, match="locked by another process"):
        log.append([entry("new")], now_us=NOON_US)
    other.execute("ROLLBACK")
    other.close()
    assert log.append([entry("new")], now_us=NOON_US)[0].offset == 10


def test_an_append_waits_for_another_process_and_no_longer_than_it_takes(ten):
    log = opened(ten)
    other = apsw.Connection(str(ten / "log.sqlite"))
    other.execute("BEGIN IMMEDIATE")
    waiting = threading.Thread(target=log.append, args=([entry("new")],), kwargs={"now_us": 1})
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    other.execute("ROLLBACK")
    waiting.join(4)
    assert log.head()[0] == 10


def test_a_directory_that_is_not_there_is_an_engine_error(tmp_path):
    keyring = Keyring.open(tmp_path)
    with pytest.raises(EngineError, match="cannot be opened"):
        SqliteLog(tmp_path / "none", keyring)
