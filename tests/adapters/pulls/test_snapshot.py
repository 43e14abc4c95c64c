"""What is new, changed or gone since a table was last seen (collect C43)."""

import sqlite3
from contextlib import closing

import pytest
from pull_kit import Pulled

from journeyfold.collect.child import ImportFailed

TABLE = "CREATE TABLE contacts (id INTEGER, email TEXT, city TEXT, updated_at TIMESTAMP)"
FIELDS = {
    "occurred": "row._seen",
    "identifiers": {"email": "row.email"},
    "traits": {"city": "row.city"},
}


def do(directory, *statements):
    with closing(sqlite3.connect(directory / "crm.db")) as database:
        for each in statements:
            database.execute(each)
        database.commit()


def person(number, city="Berlin"):
    return f"INSERT INTO contacts VALUES ({number}, 'p{number}@example.com', '{city}', NULL)"


@pytest.fixture
def crm(tmp_path):
    do(tmp_path, TABLE, *[person(number) for number in range(1, 6)])
    return opened(tmp_path)


def opened(directory):
    sql = {
        "url": "sqlite:///crm.db", "table": "contacts", "mode": "snapshot", "key": ["id"],
        "deleted": "Contact Deleted",
    }  # fmt: skip
    return Pulled(directory, {"sql": sql}, fields=FIELDS, map=[{"type": "identify"}])


def run(shop, **options):
    """What this run appended: (name, whom, city)."""
    known = len(shop.events)
    shop.now_us += 1_000_000
    shop.run(**options)
    return [
        (event.name, event.identifiers[0].value[:2], event.traits.get("city"))
        for event in shop.events[known:]
    ]


def test_the_first_time_every_row_is_told(crm):
    assert len(run(crm)) == 5


def test_what_has_not_changed_is_not_told_again(crm):
    run(crm)
    assert run(crm) == []


def test_new_changed_and_vanished_rows_are_told(crm, tmp_path):
    run(crm)
    do(tmp_path, "UPDATE contacts SET city = 'Rome' WHERE id = 2", person(6))
    do(tmp_path, "DELETE FROM contacts WHERE id = 4")
    assert run(crm) == [
        ("Identify", "p2", "Rome"), ("Contact Deleted", "p4", None), ("Identify", "p6", "Berlin"),
    ]  # fmt: skip


def test_a_row_that_is_gone_says_which_it_was_and_states_no_traits(crm, tmp_path):
    run(crm)
    do(tmp_path, "DELETE FROM contacts WHERE id = 4")
    run(crm)
    gone = crm.events[-1]
    assert (gone.type, gone.properties, gone.traits) == ("track", {"key": {"id": 4}}, {})


def test_a_row_that_goes_back_to_what_it_was_is_told_each_time(crm, tmp_path):
    run(crm)
    told = []
    for city in ("Rome", "Berlin", "Rome"):
        do(tmp_path, f"UPDATE contacts SET city = '{city}' WHERE id = 2")
        told += run(crm)
    assert [city for *_, city in told] == ["Rome", "Berlin", "Rome"]


def test_a_run_that_stops_on_the_way_goes_on_with_what_it_saw(crm, tmp_path):
    run(crm)
    do(tmp_path, "UPDATE contacts SET city = 'Rome'")
    first = run(crm, limit=2)
    do(tmp_path, "UPDATE contacts SET city = 'Oslo' WHERE id = 5")
    assert first + run(crm) == [("Identify", f"p{number}", "Rome") for number in range(1, 6)]
    assert run(crm) == [("Identify", "p5", "Oslo")]


def test_a_dry_run_keeps_no_snapshot(crm):
    from journeyfold.collect.batch import dry_append

    account = crm.run(append=dry_append(crm.log.find))
    assert (account.appended, crm.events) == (5, [])
    assert len(run(crm)) == 5


def test_a_key_that_is_there_twice_or_empty_is_in_quarantine(crm, tmp_path):
    do(tmp_path, person(1), "INSERT INTO contacts VALUES (NULL, 'x@example.com', 'Rome', NULL)")
    assert len(run(crm)) == 5
    assert sorted(held.held.code for held in crm.held) == ["duplicate_key", "no_id"]


def test_a_table_that_was_emptied_is_told_row_by_row(crm, tmp_path):
    run(crm)
    do(tmp_path, "DELETE FROM contacts")
    assert [name for name, *_ in run(crm)] == ["Contact Deleted"] * 5


def test_what_stays_on_the_disk_is_keys_and_identifiers_for_their_owner_only(crm, tmp_path):
    run(crm)
    (kept,) = (tmp_path / "room" / "shop").glob("*.keys")
    text = kept.read_bytes()
    assert text.startswith(b"journeyfold snapshot 1\n")
    assert b"p4@example.com" in text
    assert b"Berlin" not in text
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_snapshot_that_was_lost_is_said_and_begun_anew_on_demand(crm, tmp_path):
    run(crm)
    do(tmp_path, "UPDATE contacts SET city = 'Rome' WHERE id = 2")
    for path in (tmp_path / "room" / "shop").iterdir():
        path.unlink()
    with pytest.raises(ImportFailed, match="begin anew with --from start"):
        crm.run()
    assert len(run(crm, start="start")) == 5


def test_a_snapshot_of_another_release_is_said(crm, tmp_path):
    run(crm)
    (kept,) = (tmp_path / "room" / "shop").glob("*.keys")
    kept.write_bytes(b"journeyfold snapshot 2\n" + kept.read_bytes())
    with pytest.raises(ImportFailed, match="is of another release"):
        run(crm)
