"""Tables of a real PostgreSQL server (collect C40, C43)."""

import pytest
from pull_kit import CONTACTS, CURSOR, SECRET, Pulled, crm_server

from journeyfold.collect.child import ImportFailed

COLUMNS = """
    id uuid PRIMARY KEY, email text, updated_at timestamptz, seen timestamp, born date,
    total numeric(10, 2), vip boolean, tags text[], document jsonb, photo bytea
"""


@pytest.fixture(scope="module")
def shared():
    with crm_server() as found:
        yield found


@pytest.fixture
def server(shared):
    cursor, _ = shared
    cursor.execute("DROP SCHEMA public CASCADE")
    cursor.execute("CREATE SCHEMA public")
    cursor.execute(f"CREATE TABLE contacts ({COLUMNS})")
    return cursor


@pytest.fixture
def url(shared):
    return shared[1]


def put(cursor, first, last):
    cursor.execute(f"""
        INSERT INTO contacts SELECT gen_random_uuid(), 'p' || i || '@example.com',
            '2026-01-01T10:00:00+01'::timestamptz + i / 3 * interval '1 minute',
            '2026-07-01 12:00', '1990-02-03', i * 1.25, i % 2 = 0, ARRAY['a', 'b'],
            '{{"a": [1, null]}}', '\\x00ff'
        FROM generate_series({first}, {last}) AS i""")


def crm(directory, url, sql=None, more=None, **keys):
    read = {"sql": {"url": "${env:URL}", "table": "contacts"} | (sql or {})} | (more or {})
    return Pulled(directory, read, {"URL": url}, **keys)


def counts(account):
    return account.appended, account.duplicate, account.quarantined


def test_values_of_every_type_come_as_an_import_knows_them(tmp_path, url, server):
    put(server, 1, 1)
    names = ("total", "vip", "tags", "document", "photo", "seen", "born")
    fields = CONTACTS["fields"] | {"properties": {name: f"row.{name}" for name in names}}
    shop = crm(tmp_path, url, fields=fields, time_zone="Europe/Berlin")
    shop.run()
    assert shop.events[0].properties == {
        "total": 1.25, "vip": False, "tags": ["a", "b"], "document": {"a": [1, None]},
        "photo": "AP8=", "seen": "2026-07-01T10:00:00Z", "born": "1990-02-02T23:00:00Z",
    }  # fmt: skip


def test_a_cursor_over_a_time_and_a_uuid_loses_and_doubles_nothing(tmp_path, url, server):
    put(server, 1, 90)
    shop = crm(tmp_path, url, cursor=CURSOR | {"overlap": "0s"})
    for _ in range(3):
        shop.run(limit=25)
    assert counts(shop.run()) == (15, 0, 0)
    put(server, 93, 95)
    assert counts(shop.run()) == (3, 0, 0)


def test_a_query_is_read_by_cursor_too(tmp_path, url, server):
    put(server, 1, 30)
    query = "SELECT id, email, updated_at, total FROM contacts WHERE email::text LIKE '%p1%'"
    shop = crm(tmp_path, url, {"table": None, "query": query}, cursor=CURSOR)
    assert counts(shop.run()) == (11, 0, 0)
    assert counts(shop.run())[0] == 0


def test_a_snapshot_tells_what_is_gone(tmp_path, url, server):
    put(server, 1, 20)
    shop = crm(tmp_path, url, {"mode": "snapshot", "key": ["id"]})
    shop.run()
    server.execute("DELETE FROM contacts WHERE email = 'p7@example.com'")
    server.execute("UPDATE contacts SET total = 0 WHERE email = 'p8@example.com'")
    assert counts(shop.run()) == (2, 0, 0)
    assert sorted(event.name for event in shop.events[20:]) == ["Contact Seen", "deleted"]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ({"table": "people"}, 'relation "people" does not exist'),
        ({"table": None, "query": "SELECT id, id FROM contacts"}, "more than one column named"),
        ({"table": None, "query": "SELECT pg_sleep(9) AS id"}, "the database"),
    ],
)
def test_what_the_server_says_no_to_is_one_sentence(tmp_path, url, server, sql, told):
    put(server, 1, 1)
    with pytest.raises(ImportFailed, match=told):
        crm(tmp_path, url, {"timeout": "2s"} | sql).run()


def test_a_password_that_is_refused_is_not_shown(tmp_path, url):
    url = url.replace(SECRET, "wrong-hush")
    shop = Pulled(tmp_path, {"sql": {"url": "${env:URL}", "table": "t"}}, {"URL": url})
    with pytest.raises(ImportFailed, match="password authentication failed") as failed:
        shop.run()
    assert "hush" not in str(failed.value)


def test_memory_does_not_grow_with_the_table(tmp_path, url, server):
    """40,000 rows of 4 kB are 160 MB; a reader that took them at once would not have the room."""
    server.execute("CREATE TABLE wide (id int, email text, updated_at timestamptz, total float)")
    server.execute("""
        INSERT INTO wide SELECT i, repeat('x', 4000) || i, '2026-01-01', 1
        FROM generate_series(1, 40000) AS i""")
    only_read = [{"filter": {"fate": "filtered", "reason": "only read"}}]
    room = {"memory": "220MiB"}
    assert crm(tmp_path, url, {"table": "wide"}, room, map=only_read).run().rows_filtered == 40_000
    at_once = {"table": "wide", "fetch": 100_000}
    with pytest.raises(ImportFailed, match="memory"):
        crm(tmp_path, url, at_once, room, map=only_read).run()
