"""Tables and queries through SQLAlchemy, on SQLite (collect C40, C43)."""

import sqlite3
from contextlib import closing

import pytest
from pull_kit import CONTACTS, CURSOR, Pulled

from journeyfold.collect.child import ImportFailed

TABLE = "CREATE TABLE contacts (id INTEGER, email TEXT, updated_at TIMESTAMP, total REAL)"
DAY = "2026-01-01 10:%02d:00"


def do(directory, *statements):
    with closing(sqlite3.connect(directory / "crm.db")) as database:
        for each in statements:
            database.execute(*each) if isinstance(each, tuple) else database.execute(each)
        database.commit()


def put(directory, *rows):
    insert = "INSERT INTO contacts VALUES (?, ?, ?, ?)"
    do(directory, *[(insert, row) for row in rows])


def row(number, minute=None, total=1.5):
    at = DAY % (number if minute is None else minute)
    return number, f"p{number}@example.com", at, total


def crm(directory, rows=4, read=None, **keys):
    do(directory, TABLE)
    put(directory, *[row(number) for number in range(1, rows + 1)])
    sql = {"url": "sqlite:///crm.db", "table": "contacts"} | (read or {})
    return Pulled(directory, {"sql": sql}, **keys)


def counts(account):
    return account.appended, account.duplicate, account.quarantined


def test_each_row_of_a_table_becomes_an_event_with_the_types_of_the_table(tmp_path):
    account = (shop := crm(tmp_path)).run()
    assert counts(account) == (4, 0, 0)
    first = shop.events[0]
    assert (first.id, first.properties) == ("1/2026-01-01T10:01:00Z", {"total": 1.5})


def test_reading_everything_again_appends_what_is_new(tmp_path):
    (shop := crm(tmp_path)).run()
    put(tmp_path, row(5))
    assert counts(shop.run()) == (1, 4, 0)


def test_a_query_is_read_as_it_stands_colons_and_all(tmp_path):
    query = "SELECT *, 'a:b' AS tag FROM contacts WHERE email <> ':p1' AND id % 2 = 0;"
    shop = crm(tmp_path, read={"table": None, "query": query})
    shop.gate = crm_query(tmp_path, query).gate
    assert counts(shop.run()) == (2, 0, 0)


def crm_query(directory, query, **keys):
    read = {"sql": {"url": "sqlite:///crm.db", "query": query}}
    return Pulled(directory, read | {"types": {"updated_at": "timestamp"}}, **keys)


def test_a_run_by_cursor_begins_past_the_pair_and_the_overlap_is_read_again(tmp_path):
    (shop := crm(tmp_path, rows=20, cursor=CURSOR)).run()
    put(tmp_path, row(21))
    assert counts(shop.run()) == (1, 6, 0)


def test_a_row_committed_late_within_the_overlap_is_not_missed(tmp_path):
    (shop := crm(tmp_path, rows=20, cursor=CURSOR)).run()
    put(tmp_path, row(99, minute=17))
    assert counts(shop.run())[0] == 1


def test_rows_with_the_same_time_are_told_apart_by_the_key(tmp_path):
    shop = crm(tmp_path, rows=0, cursor=CURSOR | {"overlap": "0s"})
    put(tmp_path, *[row(number, minute=1) for number in range(1, 6)])
    shop.run(limit=3)
    assert counts(shop.run()) == (2, 0, 0)


def test_a_row_without_a_time_is_in_quarantine_and_the_cursor_goes_on(tmp_path):
    shop = crm(tmp_path, rows=2, cursor=CURSOR)
    put(tmp_path, (9, "late@example.com", None, 1.0))
    assert counts(shop.run()) == (2, 0, 1)
    put(tmp_path, row(30))
    assert counts(shop.run()) == (1, 2, 1)
    assert [held.held.code for held in shop.held] == ["no_id"]


def test_a_value_that_is_none_of_its_type_is_in_quarantine_with_its_row(tmp_path):
    shop = crm(tmp_path)
    put(tmp_path, (7, "x@example.com", "yesterday", 1.0))
    account = shop.run()
    assert counts(account) == (4, 0, 1)
    assert "row 5, column 'updated_at': 'yesterday'" in account.examples[0].detail


def test_from_begins_at_an_instant(tmp_path):
    (shop := crm(tmp_path, rows=20, cursor=CURSOR)).run()
    assert counts(shop.run(start="2026-01-01T10:11:00Z")) == (0, 10, 0)


def test_another_table_under_the_same_source_is_read_from_its_beginning(tmp_path):
    (shop := crm(tmp_path, cursor=CURSOR)).run()
    do(tmp_path, "CREATE TABLE people AS SELECT * FROM contacts WHERE id < 3")
    other = Pulled(
        tmp_path, {"sql": {"url": "sqlite:///crm.db", "table": "people"}, "types": {
            "updated_at": "timestamp"}}, cursor=CURSOR,
    )  # fmt: skip
    other.log = shop.log
    assert counts(other.run()) == (0, 2, 0)


def test_an_empty_table_is_a_run_of_no_rows(tmp_path):
    assert crm(tmp_path, rows=0).run().rows_read == 0


def test_rows_are_grouped_where_all_are_read(tmp_path):
    shop = crm(
        tmp_path, rows=0, group=["email"],
        fields=CONTACTS["fields"] | {"properties": {"total": "sum(rows, item.total)"}},
    )  # fmt: skip
    put(tmp_path, (1, "a@example.com", DAY % 1, 1.0), (2, "b@example.com", DAY % 1, 5.0))
    put(tmp_path, (3, "a@example.com", DAY % 2, 2.0))
    shop.run()
    assert sorted(event.properties["total"] for event in shop.events) == [3.0, 5.0]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ({"url": "sqlite:///no.db", "table": "contacts"}, "there is no file"),
        ({"url": "sqlite:///crm.db", "table": "people"}, "no such table: people"),
        ({"url": "sqlite:///crm.db", "query": "SELEC 1"}, "the database refuses: near"),
        ({"url": "cassandra://h/x", "table": "t"}, "knows no database 'cassandra'"),
        ({"url": "oracle://shop:hush@127.0.0.1/x", "table": "t"}, "the driver of oracle is not"),
        ({"url": "what", "table": "t"}, "`url` is no address of a database"),
        ({"url": "postgresql://shop:hush@127.0.0.1:1/x", "table": "t", "timeout": "2s"},
         "the database does not answer"),
    ],
)  # fmt: skip
def test_what_a_database_says_no_to_is_one_sentence_without_the_password(tmp_path, sql, told):
    do(tmp_path, TABLE)
    shop = Pulled(tmp_path, {"sql": sql | {"url": "${env:URL}"}}, {"URL": sql["url"]})
    with pytest.raises(ImportFailed, match=told) as failed:
        shop.run()
    assert failed.value.reason == "server"
    assert "hush" not in str(failed.value)
    assert "\n" not in str(failed.value)


def test_a_column_renamed_overnight_is_named_with_those_there_are(tmp_path):
    (shop := crm(tmp_path, cursor=CURSOR)).run()
    do(tmp_path, "ALTER TABLE contacts RENAME COLUMN updated_at TO changed_at")
    with pytest.raises(ImportFailed, match="no column 'updated_at'; it has: id, email, changed_at"):
        shop.run()


def test_a_query_cannot_write(tmp_path):
    shop = crm(tmp_path)
    shop.gate = crm_query(tmp_path, "DELETE FROM contacts RETURNING *").gate
    with pytest.raises(ImportFailed):
        shop.run()
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database:
        assert database.execute("SELECT count(*) FROM contacts").fetchone() == (4,)
