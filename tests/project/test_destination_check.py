"""What destinations say can be carried out, or `check` says why not."""

import json
import re

import pytest

from journeyfold.project.check import check
from journeyfold.project.load import load

WEBHOOK = "type: webhook\nsecret: '${env:A}'\nurl: "
JOURNEY = "entry: [{api: true}]\nsteps: [{id: a, webhook: {destination: crm, payload: crm}}]\n"


def found(files, settings=""):
    problems = check(load({"journeyfold.yaml": f"name: shop\n{settings}", **files}))
    return [each for each in problems if each.severity == "error"]


def codes(url, settings=""):
    files = {"destinations/crm.yaml": WEBHOOK + json.dumps(url)}
    return [each.code for each in found(files, settings)]


def test_every_attacking_address_is_refused_at_check(conformance):
    """shared/conformance/security, area ssrf: "blocked at save (422)"."""
    lines = (conformance / "security" / "attacks.jsonl").read_text().splitlines()
    attacks = [each for each in map(json.loads, lines) if each["area"] == "ssrf"]
    urls = [
        url
        for attack in attacks
        if attack["id"] not in {"S19", "S22"}  # of resolving, and of headers
        for url in re.findall(r"(?:[a-z]+:)[^\s,]+", attack["input"].replace("PORT", "1"))
    ]
    assert len(urls) >= 20
    for url in urls:
        assert codes(url) == ["P137"], url


@pytest.mark.parametrize(
    "url", ["https://crm.example/hook", "http://8.8.8.8:8080/", "${env:CRM}/x"]
)
def test_an_address_outside_or_behind_a_reference_is_fine(url):
    assert codes(url) == []


def test_an_address_that_is_not_asked_by_http_is_not_ours_to_judge():
    table = "type: sql\nurl: 'sqlite:///crm.db'\ntable: t\nkey: k\ncolumns: {a: text}\n"
    assert found({"destinations/crm.yaml": table}) == []


@pytest.mark.parametrize(
    ("url", "allow"),
    [("http://127.0.0.1:9/", "127.0.0.1"), ("http://localhost:9/", "127.0.0.0/8"),
     ("http://10.1.2.3/", "10.1.0.0/16"), ("http://crm.lan/", "crm.lan"), ("http://[::1]/", "::1")],
)  # fmt: skip
def test_an_address_inside_is_fine_when_the_project_lists_it(url, allow):
    settings = f"server: {{outgoing: {{allow: ['{allow}']}}}}\n"
    assert codes(url, settings) == []
    assert codes(url.replace("crm.lan", "127.0.0.1")) == ["P137"]


@pytest.mark.parametrize("allow", ["10.1.0.0/99", "a b", "http://x.example", "0x7f000001"])
def test_what_is_allowed_is_a_network_an_address_or_a_host(allow):
    from journeyfold.core.errors import ProjectError

    with pytest.raises(ProjectError, match=r"allow|network"):
        codes("https://x.example/", f"server: {{outgoing: {{allow: ['{allow}']}}}}\n")


def test_a_payload_that_could_never_render_is_told_at_its_step():
    files = {"destinations/crm.yaml": f"{WEBHOOK}https://x.example/", "journeys/j.yaml": JOURNEY}
    sound = found({**files, "templates/crm.liquid": '{"a": {{ traits.a | json }}}'})
    (broken,) = found({**files, "templates/crm.liquid": '{"a": {{ traits.a | jsn }}}'})
    assert sound == []
    assert (broken.code, broken.file) == ("P131", "journeys/j.yaml")
    assert "unknown filter 'jsn'" in broken.message


def test_a_call_without_the_fields_its_destination_needs_is_told():
    hubspot = {"destinations/crm.yaml": "type: hubspot\nsecret: '${env:A}'\n"}
    silent = JOURNEY.replace(", payload: crm", "")
    (problem,) = found({**hubspot, "journeys/j.yaml": silent})
    assert problem.code == "P138"
    assert "payload" in problem.suggestion
    assert (
        found({"destinations/crm.yaml": f"{WEBHOOK}https://x.example/", "journeys/j.yaml": silent})
        == []
    )
    told = {**hubspot, "journeys/j.yaml": JOURNEY, "templates/crm.liquid": "{}"}
    assert found(told) == []


REF = "secret: '${env:A}'\n"
SYNC = (
    'syncs: [{id: vip, from: {where: count("Cart") > 1}, key: traits.a, map: {tier: traits.a}}]\n'
)
ADS = (
    "type: google-ads\ncustomer: '1'\nclient: x\nsecrets: {developer_token: '${env:A}', "
    "client_secret: '${env:A}', refresh_token: '${env:A}'}\n"
)


def of_destination(text):
    problems = found({"destinations/crm.yaml": text})
    return [(each.code, each.message) for each in problems if each.code != "J104"]  # a trait


@pytest.mark.parametrize(
    "text",
    ["type: sql\nurl: postgresql://shop:hunter2@db/crm\ntable: t\ncolumns: {a: text}\n",
     "type: rabbitmq\nurl: amqp://shop:hunter2@mq.example/v\n",
     f"{WEBHOOK}https://x.example/\nheaders: {{Authorization: 'Bearer abc'}}\n",
     f"{WEBHOOK}https://x.example/\nheaders: {{X-Api-Key: 'abc'}}\n"],
)  # fmt: skip
def test_a_secret_in_an_address_or_a_header_is_written_out(text):
    assert of_destination(text) == [("P122", "a secret is written out")]
    assert of_destination(text.replace("hunter2", "${env:A}").replace("abc", "${env:A}")) == []
    assert of_destination(text.replace("shop:hunter2", "${env:A}").replace("abc", "${env:A}")) == []


def test_a_field_without_a_column_is_told_before_its_rows_are_dead():
    table = f"type: sql\nurl: postgresql://shop@db/crm\n{REF}table: t\ncolumns: {{tiers: text}}\n"
    (told,) = of_destination(table + SYNC)
    assert told == ("P130", "unknown column 'tier'")
    assert of_destination(table.replace("tiers", "tier") + SYNC) == []
    events = "events: [{id: all, event: '*'}]\n"
    assert of_destination(table + events) == [
        ("P112", "the key 'map' is missing; it says what goes into the columns")
    ]


@pytest.mark.parametrize(
    ("head", "key"),
    [(f"{ADS}conversion: '1'\n", "list"), (f"type: meta\n{REF}pixel: '1'\n", "audience")],
)
def test_rows_of_a_platform_that_was_only_told_where_events_go_are_told(head, key):
    (told,) = of_destination(head + SYNC)
    assert told == ("P112", f"the key '{key}' is missing; it says where syncs go")
    assert of_destination(f"{head}{key}: '2'\n{SYNC}") == []


def test_a_sync_without_a_pause_is_refused():
    from journeyfold.core.errors import ProjectError

    text = f"type: webhook\n{REF}url: https://x.example/\n{SYNC.replace('key:', 'every: 0s, key:')}"
    with pytest.raises(ProjectError, match="at least 1s"):
        of_destination(text)
