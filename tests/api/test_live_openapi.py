"""The document that a running server gives out, tried against that server (issue: surface)."""

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from live import platform
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from journeyfold.api.openapi import document
from journeyfold.api.operations import OPERATIONS
from journeyfold.collect.routes import route_of

STREAMS = [operation.path for operation in OPERATIONS if operation.is_stream]
CHECKS = [
    not_a_server_error, content_type_conformance, response_schema_conformance,
    status_code_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("openapi") / "shop") as live:
        yield live


WRITTEN = msgspec.json.decode(msgspec.json.encode(document(OPERATIONS)))
SHORT = [f"/v1/{letter}" for letter in "itpsgab"]  # the same handlers under another name
schema = schemathesis.openapi.from_dict(WRITTEN)
schema.config.phases.update(phases=["fuzzing"])  # test_openapi.py goes through every boundary
schema = schema.exclude(path=STREAMS + SHORT)


def test_the_server_gives_out_the_document(shop):
    assert httpx.get(f"{shop.url}/openapi.json", trust_env=False).json() == WRITTEN


@schema.parametrize()
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_the_running_server_answers_as_its_document_says(case, shop):
    headers = {"Authorization": f"Bearer {shop.key('srv', 'shop_server')}"}
    case.call_and_validate(base_url=shop.url, headers=headers, checks=CHECKS)


def test_every_path_of_the_door_is_documented():
    paths = {path for path in WRITTEN["paths"] if route_of(filled(path))}
    assert {filled(path) for path in paths} >= {
        "/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch", "/v1/validate", "/sourceConfig",
        "/hooks/x", "/v1/projects/x/settings", "/pixel/v1/page", "/pixel/v1/track",
        *(f"/v1/{name}" for name in ("identify", "track", "page", "screen", "group", "alias")),
        *(f"/v1/{letter}" for letter in "itpsga"),
        *(f"/v1/pixel/{name}" for name in ("identify", "track", "page", "screen", "group", "alias")),
    }  # fmt: skip


def test_the_process_lives_after_all_of_it(shop):
    assert httpx.get(f"{shop.url}/readyz", trust_env=False).status_code == 200
    assert len(shop.children()["serve"]) == 1


def filled(path):
    return path.replace("{key}", "x").replace("{source}", "x")
