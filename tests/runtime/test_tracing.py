"""Runs of jobs are told of in a file, and no job fails for it (quality Q41)."""

import json
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.collect.batch import Options
from journeyfold.core.errors import UsageError
from journeyfold.project.openlineage import Job
from journeyfold.runtime.importing import import_source
from journeyfold.runtime.tracing import append, traced, uuid7
from journeyfold.runtime.workspace import place_of

CRM = """kind: import
basis: contract
read: {csv: crm.csv, types: {at: timestamp}}
map: [{type: identify}]
fields:
  id: [mail]
  occurred: row.at
  identifiers: {email: row.mail}
  traits: {city: row.town}
"""


def events(data):
    return [
        json.loads(line) for line in (data / "lineage" / "runs.ndjson").read_text().splitlines()
    ]


def silent(*_seen):
    pass


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "journeyfold.yaml").write_text("name: shop\n")
    (tmp_path / "sources" / "crm.yaml").write_text(CRM)
    (tmp_path / "crm.csv").write_text("mail,town,at\nann@example.com,Bonn,2026-01-01T00:00:00Z\n")
    return place_of(tmp_path, None)


def runs(data, job="import.crm"):
    return [each for each in events(data) if each["job"]["name"] == job]


def test_an_import_is_two_events_of_one_run(shop):
    import_source(shop, "crm", Options(), silent)
    start, complete = runs(shop.data)
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == complete["run"]["runId"]
    assert complete["job"]["name"] == "import.crm"
    (output,) = complete["outputs"]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 1


def test_no_value_of_anybody_is_told(shop):
    import_source(shop, "crm", Options(), silent)
    text = (shop.data / "lineage" / "runs.ndjson").read_text()
    assert "ann@example.com" not in text
    assert "Bonn" not in text


def test_an_import_that_fails_is_told_as_failed(shop):
    (shop.directory / "crm.csv").unlink()
    with pytest.raises(UsageError):
        import_source(shop, "crm", Options(), silent)
    assert [each["eventType"] for each in runs(shop.data)] == ["START", "FAIL"]


def test_a_dry_run_is_told_to_nobody(shop):
    import_source(shop, "crm", Options(dry_run=True), silent)
    assert not (shop.data / "lineage").exists() or runs(shop.data) == []


def test_a_version_that_comes_into_force_says_what_people_are_made_of(shop):
    import_source(shop, "crm", Options(), silent)
    start, complete = runs(shop.data, "fold")
    assert start["run"]["runId"] == complete["run"]["runId"]
    (people,) = complete["outputs"]
    made = people["facets"]["columnLineage"]["fields"]["traits.city"]["inputFields"]
    assert [(each["name"], each["field"]) for each in made] == [("events", "traits.city")]


def test_what_came_into_force_before_is_told_once(shop):
    import_source(shop, "crm", Options(), silent)
    import_source(shop, "crm", Options(), silent)
    assert len(runs(shop.data, "fold")) == 2


def test_a_job_goes_on_when_nothing_can_be_told_of_it(tmp_path, capfd):
    (tmp_path / "lineage").write_text("in the way")
    with traced(tmp_path, "shop", lambda: Job("import.crm")) as done:
        done.rows_read = 1
    assert "could not be told of" in capfd.readouterr().err


def test_a_job_goes_on_when_it_cannot_be_described(tmp_path):
    with traced(tmp_path, "shop", lambda: Job(str(1 // 0))):
        pass
    assert not (tmp_path / "lineage").exists()


def test_the_file_is_put_aside_before_it_grows_too_large_and_the_oldest_goes(tmp_path):
    for number in range(40):
        append(tmp_path, json.dumps({"number": number}).encode().ljust(45), file_bytes=100)
    names = sorted(each.name for each in (tmp_path / "lineage").glob("runs*"))
    assert names == ["runs.ndjson", *(f"runs.ndjson.{number}" for number in (1, 2, 3))]
    assert events(tmp_path)[-1] == {"number": 39}


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_run_id_is_a_uuid_of_version_7_and_sorts_by_time(now_ms, chance):
    made = uuid.UUID(uuid7(now_ms, chance))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == now_ms
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(made))
