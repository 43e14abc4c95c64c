"""PostgreSQL followed by its changes, against a real server (collect C46, C47)."""

import msgspec
import pytest
from follow_kit import Follower, following_server, table

from journeyfold.adapters.postgres_slot import Away, CannotFollow
from journeyfold.collect.admit import Verdict, replay
from journeyfold.runtime.following import resnapshot_name


@pytest.fixture(scope="module")
def server():
    with following_server() as running:
        yield running


@pytest.fixture
def database(server):
    with table(server, "people") as made:
        yield made


@pytest.fixture
def follower(database):
    following = Follower(database)
    yield following
    following.close()


def test_rows_that_were_there_come_first_and_then_what_changes(database, follower):
    database.insert((1, "ann"), (2, "bob"))
    follower.follow()
    database.insert((3, "cem"))
    database.run(f"UPDATE {database.name} SET city = 'Kiel' WHERE id = 1")
    database.run(f"DELETE FROM {database.name} WHERE id = 2")
    assert follower.follow().told == [
        ("snapshot", "ann"), ("snapshot", "bob"), ("insert", "cem"), ("update", "ann"),
        ("deleted", "bob"),
    ]  # fmt: skip


def test_a_change_that_privacy_refuses_is_counted_and_nothing_of_it_is_kept(database):
    database.insert((1, "ann"))
    refusing = Follower(database, protect=lambda _event, _nodes: Verdict(None, "consent"))
    refusing.follow()
    counts = refusing.following.counts
    assert (counts.rejected, refusing.held, refusing.events) == (1, [], [])
    assert "refused by the privacy rules" in counts.refused["consent"]
    refusing.close()


def test_a_row_that_was_there_is_older_than_every_change(database, follower):
    database.insert((1, "ann"))
    follower.follow()
    database.run(f"UPDATE {database.name} SET city = 'Kiel'")
    snapshot, update = follower.follow().events
    assert snapshot.occurred_us < update.occurred_us


def test_an_update_says_what_changed_when_the_whole_row_is_kept(database, follower):
    database.insert((1, "ann"))
    follower.follow()
    database.run(f"UPDATE {database.name} SET city = 'Kiel'")
    assert follower.follow().events[-1].properties["changed"] == ["city"]


def test_a_toasted_value_that_did_not_change_is_absent_and_not_null(database, follower):
    name = database.name
    database.run(f"ALTER TABLE {name} REPLICA IDENTITY DEFAULT")
    database.run(f"ALTER TABLE {name} ALTER bio SET STORAGE EXTERNAL")
    database.insert((1, "ann"))
    database.run(f"UPDATE {name} SET bio = repeat('long ', 2000)")
    follower.follow()
    database.run(f"UPDATE {name} SET city = 'Kiel'")
    update = follower.follow().events[-1]
    assert update.traits == {"city": "Kiel"}
    assert "unset" not in update.context
    database.run(f"UPDATE {name} SET bio = NULL")
    assert follower.follow().events[-1].context["unset"] == ["bio"]


def test_with_the_whole_row_kept_a_toasted_value_is_what_it_was(database, follower):
    name = database.name
    database.run(f"ALTER TABLE {name} ALTER bio SET STORAGE EXTERNAL")
    database.insert((1, "ann"))
    database.run(f"UPDATE {name} SET bio = repeat('long ', 2000)")
    follower.follow()
    database.run(f"UPDATE {name} SET city = 'Kiel'")
    update = follower.follow().events[-1]
    assert update.traits["bio"] == "long " * 2000
    assert update.properties["changed"] == ["city"]


def test_what_was_rolled_back_never_happened(database, follower):
    follower.follow()
    database.run("BEGIN")
    database.insert((1, "ann"))
    database.run("ROLLBACK")
    database.insert((2, "bob"))
    assert follower.follow().told == [("insert", "bob")]


def test_a_truncate_is_a_record_that_concerns_nobody(database, follower):
    follower.follow()
    database.run(f"TRUNCATE {database.name}")
    (record,) = follower.follow().records
    assert (record.kind, record.event.name) == ("output", "table.truncated")
    assert record.event.properties["table"] == f"public.{database.name}"


def test_a_large_transaction_comes_whole_and_in_order(database, follower):
    follower.follow()
    database.run(
        f"INSERT INTO {database.name} SELECT n, 'p' || n || '@example.com', 'Bonn' "
        "FROM generate_series(1, 25000) n"
    )
    numbers = [event.properties["id"] for event in follower.follow().events]
    assert numbers == list(range(1, 25_001))


def test_a_new_column_is_told_and_changes_go_on(database, follower):
    database.insert((1, "ann"))
    follower.follow()
    database.run(f"ALTER TABLE {database.name} ADD phone text")
    database.insert((2, "bob"))
    database.insert((3, "cem"))
    assert follower.follow().told == [("snapshot", "ann"), ("insert", "bob"), ("insert", "cem")]
    (told,) = follower.held
    assert (told.code, told.detail) == (
        "schema_changed", f"public.{database.name}: with 'phone'",
    )  # fmt: skip


def test_changes_of_a_table_that_lost_what_the_mapping_reads_are_held(database, follower):
    database.insert((1, "ann"))
    follower.follow()
    database.run(f"ALTER TABLE {database.name} RENAME city TO town")
    database.run(f"INSERT INTO {database.name} VALUES (2, 'bob@example.com', 'Kiel')")
    assert follower.follow().told == [("snapshot", "ann")]
    assert [held.code for held in follower.held] == ["schema_changed", "schema_changed"]
    assert "'city'" in follower.held[1].detail


def test_after_the_mapping_is_mended_changes_go_on(database, follower):
    database.insert((1, "ann"))
    follower.follow()
    database.run(f"ALTER TABLE {database.name} DROP city")
    database.run(f"INSERT INTO {database.name} VALUES (2, 'bob@example.com')")
    follower.follow()
    mended = follower.restarted(fields={"identifiers": {"email": "row.after.email"}})
    database.run(f"INSERT INTO {database.name} VALUES (3, 'cem@example.com')")
    assert [event.identifiers[0].value for event in mended.follow().events][1:] == [
        "cem@example.com"
    ]
    mended.close()


def test_a_change_that_cannot_be_used_is_held_and_the_next_one_comes(database, follower):
    follower.follow()
    database.run(f"INSERT INTO {database.name} VALUES (1, NULL, 'Bonn')")
    database.insert((2, "bob"))
    assert follower.follow().told == [("insert", "bob")]
    (held,) = follower.held
    assert (held.code, held.event_id[:2]) == ("unmapped", "1:")


def test_a_change_that_is_larger_than_an_event_may_be_stands_in_nobodys_way(database, follower):
    follower.follow()
    database.run(f"INSERT INTO {database.name} VALUES (1, 'ann@x.de', 'B', repeat('x', 400000))")
    database.insert((2, "bob"))
    assert follower.follow().told == [("insert", "bob")]
    assert [held.code for held in follower.held] == ["event_too_large"]


def test_a_row_that_a_limit_refused_is_taken_whole_once_the_limit_is_mended(database, follower):
    follower.follow()
    database.run(f"INSERT INTO {database.name} VALUES (1, 'ann@x.de', 'B', repeat('x', 400000))")
    (held,) = follower.follow().held
    roomy = follower.restarted(limits={"max_event": "1MiB"})
    entry = replay(roomy.following._gate, held)
    assert (entry.event.id, len(entry.event.traits["bio"])) == (held.event_id, 400_000)
    roomy.close()


def test_of_a_row_that_is_too_large_to_be_held_its_place_is(database, follower):
    follower.follow()
    database.run(f"INSERT INTO {database.name} VALUES (1, 'ann@x.de', 'B', repeat('x', 5000000))")
    (held,) = follower.follow().held
    assert msgspec.json.decode(held.message)["key"] == {"id": 1}
    assert "its place alone is held" in held.detail
    assert replay(follower.following._gate, held).code == "unmapped"


def test_the_slot_gives_up_what_is_in_the_log_and_nothing_else(database, follower):
    follower.follow()
    database.insert((1, "ann"))
    follower.follow()
    standing = follower.following._slot.slot()
    assert standing.confirmed == follower.following.ledger.lsn


def test_a_reader_that_starts_again_goes_on_behind_the_last_change(database, follower):
    database.insert((1, "ann"))
    follower.follow()
    database.insert((2, "bob"))
    again = follower.restarted()
    assert again.follow().told == [("snapshot", "ann"), ("insert", "bob")]
    assert again.following.counts.duplicate == 0
    again.close()


def test_a_server_that_is_restarted_is_followed_on(database, follower, server):
    database.insert((1, "ann"))
    follower.follow()
    database.close()
    server.stop()
    with pytest.raises(Away, match="the server"):
        follower.follow()
    server.start()
    database.insert((2, "bob"))
    assert follower.follow().told == [("snapshot", "ann"), ("insert", "bob")]


def test_a_slot_that_vanished_is_one_sentence_and_what_to_do(database, follower):
    follower.follow()
    database.run(f"SELECT pg_drop_replication_slot('{database.name}')")
    database.insert((1, "ann"))
    with pytest.raises(CannotFollow, match=r"is gone: run `journeyfold follow crm --resnapshot`"):
        follower.follow()


def test_a_second_snapshot_shows_every_row_once_more(database, follower):
    database.insert((1, "ann"))
    follower.follow()
    database.run(f"SELECT pg_drop_replication_slot('{database.name}')")
    database.insert((2, "bob"))
    follower.log.marks.set_number(resnapshot_name("crm"), 2)
    follower.follow()
    database.insert((3, "cem"))
    assert follower.follow().told == [
        ("snapshot", "ann"), ("snapshot", "ann"), ("snapshot", "bob"), ("insert", "cem"),
    ]  # fmt: skip


def test_a_slot_that_somebody_else_reads_is_found(database, follower):
    follower.follow()
    database.insert((1, "ann"))
    database.run(f"SELECT pg_replication_slot_advance('{database.name}', pg_current_wal_lsn())")
    with pytest.raises(CannotFollow, match="somebody else has read"):
        follower.follow()


def test_a_slot_that_was_there_before_is_not_taken_for_our_own(database, follower):
    database.run(f"SELECT pg_create_logical_replication_slot('{database.name}', 'pgoutput')")
    with pytest.raises(CannotFollow, match="drop it"):
        follower.follow()


def test_without_a_snapshot_a_slot_that_is_there_is_read_from_where_it_stands(database):
    database.run(f"SELECT pg_create_logical_replication_slot('{database.name}', 'pgoutput')")
    database.insert((1, "ann"))
    follower = Follower(database, postgres={"snapshot": "never"})
    assert follower.follow().told == [("insert", "ann")]
    follower.close()


def test_a_publication_that_is_not_there_is_one_sentence(database):
    follower = Follower(database, postgres={"publication": "nobody"})
    with pytest.raises(CannotFollow, match=r"CREATE PUBLICATION \"nobody\" FOR TABLE"):
        follower.follow()
    follower.close()


def test_a_table_that_is_not_published_is_one_sentence(database):
    follower = Follower(database, postgres={"tables": ["orders"]})
    with pytest.raises(CannotFollow, match="ADD TABLE orders"):
        follower.follow()
    follower.close()


def test_a_wrong_password_is_one_sentence(database, follower):
    follower.following._slot._url = follower.following._slot._url.replace("shop:", "shop:x")
    with pytest.raises(CannotFollow, match="password"):
        follower.follow()
