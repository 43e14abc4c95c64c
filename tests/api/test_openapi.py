"""What is documented is what is answered: schemathesis reads the document and tries the server."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import msgspec
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from journeyfold.api.openapi import document
from journeyfold.api.operations import OPERATIONS


def _kit():
    path = Path(__file__).with_name("conftest.py")
    spec = importlib.util.spec_from_file_location("api_kit", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Kit()


KIT = _kit()
STREAMS = [operation.path for operation in OPERATIONS if operation.is_stream]
COLLECT = [
    path for path in document(OPERATIONS)["paths"] if path not in {o.path for o in OPERATIONS}
]

schema = schemathesis.openapi.from_asgi("/openapi.json", KIT.api).exclude(path=STREAMS + COLLECT)


def refuses_what_the_schema_forbids(ctx, response, case):
    """413 is a refusal, too, of a body that is too large before it is anything else."""
    return None if response.status_code == 413 else negative_data_rejection(ctx, response, case)


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_the_server_agrees_with_its_document(case):
    headers = {"Authorization": f"Bearer {KIT.texts['srv']}"}
    case.call_and_validate(
        headers=headers,
        checks=[
            not_a_server_error,
            content_type_conformance,
            response_schema_conformance,
            status_code_conformance,
            refuses_what_the_schema_forbids,
        ],
    )


def test_every_operation_is_in_the_document_with_its_errors():
    paths = document(OPERATIONS)["paths"]
    for operation in OPERATIONS:
        described = paths[operation.path][operation.method.lower()]
        assert described["operationId"] == operation.id
        assert "405" in described["responses"]
        assert ("401" in described["responses"]) is bool(operation.scope)


def test_operation_ids_are_unique():
    ids = [
        op["operationId"] for path in document(OPERATIONS)["paths"].values() for op in path.values()
    ]
    assert len(ids) == len(set(ids))


def test_the_document_needs_no_key_and_names_no_machine():
    answered = KIT.call("GET", "/openapi.json", key=None)
    assert answered.json["openapi"] == "3.1.0"
    assert b"/work/" not in msgspec.json.encode(answered.json)


def test_the_collect_routes_are_documented_too():
    assert {"/v1/track", "/v1/batch", "/v1/identify"} <= set(document(OPERATIONS)["paths"])


def test_the_longest_documented_path_is_one_that_the_door_reads():
    """Each character may take twelve in a path: four bytes, each as %XX."""
    for path, operations in document(OPERATIONS)["paths"].items():
        for operation in operations.values():
            shapes = [
                one["schema"] for one in operation.get("parameters", ()) if one["in"] == "path"
            ]
            assert len(path) + sum(12 * shape.get("maxLength", 0) for shape in shapes) < 8_192, path
