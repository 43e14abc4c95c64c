"""Run events have the shape that OpenLineage publishes (spec 2-0-2, and its facets; quality Q41)."""

import jsonschema_rs
import pytest

from journeyfold.project.lineage_of import lineage_of
from journeyfold.project.load import load
from journeyfold.project.openlineage import Done, import_job, linkage_job, quality_job, run_event
from journeyfold.project.openlineage_people import fold_job, sync_job
from journeyfold.quality.registry import load_registry

TEXT, URI, NUMBER = {"type": "string"}, {"type": "string", "format": "uri"}, {"type": "integer"}


def objects(required=(), **properties):
    return {"type": "object", "required": list(required), "properties": properties}


def facet(required=(), **parts):
    return objects(("_producer", "_schemaURL", *required), _producer=URI, _schemaURL=URI, **parts)


def listed(each):
    return {"type": "array", "items": each}


INPUT_FIELD = objects(("namespace", "name", "field"), namespace=TEXT, name=TEXT, field=TEXT)
DATASET = objects(
    ("namespace", "name"),
    namespace=TEXT,
    name=TEXT,
    facets={
        "type": "object",
        "additionalProperties": facet(),
        "properties": {
            "schema": facet(fields=listed(objects(("name",), name=TEXT, type=TEXT))),
            "dataSource": facet(name=TEXT, uri=URI),
            "ownership": facet(owners=listed(objects(("name",), name=TEXT, type=TEXT))),
            "version": facet(("datasetVersion",), datasetVersion=TEXT),
            "columnLineage": facet(
                ("fields",),
                fields={
                    "type": "object",
                    "additionalProperties": objects(
                        ("inputFields",), inputFields=listed(INPUT_FIELD)
                    ),
                },
            ),
        },
    },
    inputFacets=objects(
        dataQualityMetrics=facet(("columnMetrics",), rowCount=NUMBER, columnMetrics=objects())
    ),
    outputFacets=objects(outputStatistics=facet(("rowCount",), rowCount=NUMBER)),
)
EVENT = objects(
    ("eventTime", "producer", "schemaURL", "run", "job"),
    eventType={"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
    eventTime={"type": "string", "format": "date-time"},
    producer=URI,
    schemaURL=URI,
    run=objects(
        ("runId",),
        runId={"type": "string", "format": "uuid"},
        facets=objects(
            errorMessage=facet(
                ("message", "programmingLanguage"), message=TEXT, programmingLanguage=TEXT
            )
        ),
    ),
    job=objects(("namespace", "name"), namespace=TEXT, name=TEXT, facets=objects()),
    inputs=listed(DATASET),
    outputs=listed(DATASET),
)
RUN = "01934f5e-7c00-7abc-8def-0123456789ab"
CRM = """kind: import
owner: crm@example.com
read: {csv: "${env:CRM_FILE}", types: {at: timestamp}}
map: [{type: identify}]
fields:
  occurred: row.at
  identifiers: {email: row.mail}
  traits: {city: row.town}
"""


ORDER = """{"title": "Order Completed", "type": "object",
"x-journeyfold": {"type": "track", "version": 1}, "properties": {"total": {"type": "number"}}}"""
FEATURES = """features:
  spent: {value: 'sum("Order Completed", "total")'}
"""
SEGMENTS = """segments:
  - {id: buyers, when: features.spent > 10 and traits.city == "Bonn"}
"""
CRM_SYNC = """type: kafka
servers: "kafka:9092"
topic: t
syncs:
  - {id: buyers, from: {segment: buyers}, key: traits.email, map: {town: traits.city}}
"""


@pytest.fixture(scope="module")
def project():
    return load({
        "journeyfold.yaml": "name: shop\n", "sources/crm.yaml": CRM,
        "schemas/order_completed.1.json": ORDER, "features.yaml": FEATURES,
        "segments/buyers.yaml": SEGMENTS, "destinations/ads.yaml": CRM_SYNC,
    })  # fmt: skip


@pytest.fixture(scope="module")
def fold(project):
    return fold_job(project, lineage_of(project))


@pytest.fixture(scope="module")
def sync(project):
    return sync_job(project, "ads", project.destinations["ads"].syncs[0])


def made_of(job, column):
    (output,) = told(job)["outputs"]
    inputs = output["facets"]["columnLineage"]["fields"][column]["inputFields"]
    return {(each["name"], each["field"]) for each in inputs}


@pytest.fixture(scope="module")
def job(project):
    return import_job(project, lineage_of(project), load_registry({}), "crm")


def told(job, state="COMPLETE", done=None):
    return run_event("shop", state, RUN, "2026-11-22T14:00:00Z", job, done)


@pytest.mark.parametrize("state", ["START", "COMPLETE", "FAIL"])
def test_an_event_has_the_published_shape(project, job, fold, sync, state):
    shape = jsonschema_rs.validator_for(EVENT, validate_formats=True)
    for each in (job, linkage_job(project), quality_job(project, ""), fold, sync):
        shape.validate(told(each, state, Done(10, 9, "UsageError")))


def test_an_import_says_which_column_becomes_what(job):
    (output,) = told(job)["outputs"]
    made = output["facets"]["columnLineage"]["fields"]["traits.city"]["inputFields"]
    assert [(each["name"], each["field"]) for each in made] == [("sources/crm", "town")]


def test_the_fold_says_what_every_trait_feature_and_segment_is_made_of(fold):
    assert made_of(fold, "traits.city") == {("events", "traits.city")}
    assert ("events", "Order Completed.total") in made_of(fold, "features.spent")
    assert made_of(fold, "segments.buyers") == {
        ("people", "features.spent"), ("people", "traits.city"),
    }  # fmt: skip


def test_a_sync_says_which_field_of_its_table_is_which_trait(sync):
    assert told(sync)["outputs"][0]["name"] == "destinations/ads/buyers"
    assert made_of(sync, "town") == {("people", "traits.city")}
    assert made_of(sync, "key") == {("people", "traits.email")}


def test_an_input_has_its_owner_and_its_rows(job):
    (read,) = told(job, done=Done(10, 9))["inputs"]
    assert read["facets"]["ownership"]["owners"][0]["name"] == "crm@example.com"
    assert read["inputFacets"]["dataQualityMetrics"]["rowCount"] == 10


def test_an_output_has_what_was_written(job):
    (output,) = told(job, done=Done(10, 9))["outputs"]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 9


def test_an_error_is_told_by_its_kind_and_not_by_words_that_may_quote_somebody(job):
    facet = told(job, "FAIL", Done(error="UsageError"))["run"]["facets"]["errorMessage"]
    assert facet["message"] == "the run ended with UsageError"
