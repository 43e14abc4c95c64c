"""salesforce: sObject Collections by an external id (api_rest, PATCH composite/sobjects)."""

from urllib.parse import parse_qs, unquote

import pytest
from destination_kit import destined, opened, parcel, statuses
from http_receiver import receiving
from platform_kit import TEXT, Platform, arrays, objects, shaped

from journeyfold.core.errors import ProjectError

UPSERT = objects({
    "allOrNone": {"const": False},
    "records": arrays(
        objects({"attributes": objects({"type": {"const": "Contact"}}), "Crm_Id__c": TEXT}, more=True),
        200,
    ),
})  # fmt: skip
COLLECTION = "/services/data/v64.0/composite/sobjects/Contact/Crm_Id__c"
ROW = "/services/data/v64.0/sobjects/Contact/Crm_Id__c/"


class Salesforce(Platform):
    """Contacts by Crm_Id__c; what has a `fault` is refused with that code."""

    def __init__(self, tokens=("t0ken",)):
        super().__init__()
        self.contacts, self.tokens, self.granted = {}, set(tokens), []

    def answer(self, request):
        if request.path == "/services/oauth2/token":
            self.granted.append(parse_qs(request.body.decode()))
            return 200, {"access_token": f"grant{len(self.granted)}", "token_type": "Bearer"}
        if request.headers["authorization"].removeprefix("Bearer ") not in self.tokens:
            return 401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]
        if request.method == "PATCH":
            assert request.path == COLLECTION
            records = shaped(request.json, UPSERT)["records"]
            names = [each["Crm_Id__c"] for each in records]
            assert len(set(names)) == len(names), "a duplicate external id is refused"
            return 200, [self.upsert(each) for each in records]
        assert request.method == "DELETE"
        assert request.path.startswith(ROW)
        if self.contacts.pop(unquote(request.path.removeprefix(ROW)), None) is None:
            return 404, [{"errorCode": "NOT_FOUND", "message": "no such record"}]
        return 204, b""

    def upsert(self, record):
        if "fault" in record:
            error = {"statusCode": record["fault"], "message": "it will not", "fields": []}
            return {"success": False, "errors": [error]}
        created = record["Crm_Id__c"] not in self.contacts
        self.contacts[record["Crm_Id__c"]] = record
        return {"id": "003x", "success": True, "errors": [], "created": created}


def run(platform, *parcels, more=""):
    with receiving(platform) as receiver:
        text = (
            f"type: salesforce\nurl: {receiver.url}\nsecret: '${{env:TOKEN}}'\n"
            f"external_id: Crm_Id__c\n{more}"
        )
        with opened(text) as destination:
            outcomes = [each for told in parcels for each in destination.deliver(told)]
    platform.require_sound()
    return outcomes


def row(key, kind="upsert", **fields):
    return parcel(kind, {"key": key, **fields}, key=f"k-{key}")


def test_records_are_upserted_by_their_external_id_in_one_call():
    platform = Salesforce()
    assert statuses(run(platform, [row("c1", Tier__c="gold"), row("c2")])) == ["sent", "sent"]
    assert platform.contacts["c1"]["Tier__c"] == "gold"
    assert "key" not in platform.contacts["c1"]
    assert platform.calls == [("PATCH", COLLECTION)]


def test_a_second_time_changes_nothing():
    platform = Salesforce()
    first, second = run(platform, [row("c1")], [row("c1")])
    assert (first.reply["created"], second.reply["created"]) == (True, False)
    assert len(platform.contacts) == 1


def test_a_partial_answer_is_settled_record_by_record():
    outcomes = run(
        Salesforce(),
        [
            row("c1"),
            row("c2", fault="REQUIRED_FIELD_MISSING"),
            row("c3", fault="UNABLE_TO_LOCK_ROW"),
        ],
    )
    assert statuses(outcomes) == ["sent", "dead", "retry"]
    assert outcomes[1].reason == "REQUIRED_FIELD_MISSING: it will not"


def test_a_template_names_the_external_id_itself():
    platform = Salesforce()
    run(platform, [parcel("webhook", {"Crm_Id__c": "c9", "Tier__c": "gold"})])
    assert platform.contacts["c9"]["Tier__c"] == "gold"


def test_a_removed_row_is_deleted_and_one_that_is_not_there_needs_none():
    platform = Salesforce()
    run(platform, [row("c/1 a")])
    assert statuses(run(platform, [row("c/1 a", "remove"), row("c2", "remove")])) == [
        "sent",
        "sent",
    ]
    assert platform.contacts == {}


def test_a_token_is_granted_for_an_app_and_asked_for_anew_when_it_has_run_out():
    platform = Salesforce(tokens=["grant1"])
    more = "client: app\n"
    with receiving(platform) as receiver:
        text = (
            f"type: salesforce\nurl: {receiver.url}\nsecret: '${{env:TOKEN}}'\n"
            f"external_id: Crm_Id__c\n{more}"
        )
        with opened(text) as destination:
            assert statuses(destination.deliver([row("c1")])) == ["sent"]
            platform.tokens = {"grant2"}
            assert statuses(destination.deliver([row("c1")])) == ["sent"]
    platform.require_sound()
    assert platform.granted[0] == {
        "grant_type": ["client_credentials"], "client_id": ["app"], "client_secret": ["t0ken"],
    }  # fmt: skip


def test_a_token_that_has_run_out_pauses():
    outcomes = run(Salesforce(tokens=[]), [row("c1")])
    assert statuses(outcomes) == ["paused"]
    assert "INVALID_SESSION_ID" in outcomes[0].reason


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [(403, "REQUEST_LIMIT_EXCEEDED", "retry"), (403, "INSUFFICIENT_ACCESS", "paused"),
     (503, "SERVER_UNAVAILABLE", "retry"), (400, "JSON_PARSER_ERROR", "dead"),
     (404, "NOT_FOUND", "dead")],
)  # fmt: skip
def test_a_refused_request_is_settled_by_its_code(status, code, outcome):
    platform = Salesforce()
    platform.refusals = [(status, [{"errorCode": code, "message": "no"}])]
    assert statuses(run(platform, [row("c1")])) == [outcome]


@pytest.mark.parametrize("name", ["Crm Id", "a/../b", ""])
def test_an_external_id_that_is_no_field_is_refused_by_check(name):
    with pytest.raises(ProjectError, match=r"external_id|Crm_Id__c"):
        destined(
            "type: salesforce\nurl: https://x.example\nsecret: '${env:A}'\n"
            f"external_id: '{name}'\n"
        )
