"""Run events have the shape that OpenLineage publishes (spec 2-0-2, and its facets; quality Q41)."""

import jsonschema_rs
import pytest

from journeyfold.project.lineage_of import lineage_of
from journeyfold.project.load import load
from journeyfold.project.openlineage import Done, import_job, linkage_job, quality_job, run_event
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


@pytest.fixture(scope="module")
def project():
    return load({"journeyfold.yaml": "name: shop\n", "sources/crm.yaml": CRM})


@pytest.fixture(scope="module")
def job(project):
    return import_job(project, lineage_of(project), load_registry({}), "crm")


def told(job, state="COMPLETE", done=None):
    return run_event("shop", state, RUN, "2026-11-22T14:00:00Z", job, done)


@pytest.mark.parametrize("state", ["START", "COMPLETE", "FAIL"])
def test_an_event_has_the_published_shape(project, job, state):
    shape = jsonschema_rs.validator_for(EVENT, validate_formats=True)
    for each in (job, linkage_job(project), quality_job(project, "")):
        shape.validate(told(each, state, Done(10, 9, "UsageError")))


def test_an_import_says_which_column_becomes_what(job):
    (output,) = told(job)["outputs"]
    made = output["facets"]["columnLineage"]["fields"]["traits.city"]["inputFields"]
    assert [(each["name"], each["field"]) for each in made] == [("sources/crm", "town")]


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
