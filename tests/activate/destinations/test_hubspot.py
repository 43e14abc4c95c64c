"""hubspot: batch upsert, lists and events (developers.hubspot.com/docs/api-reference)."""

import pytest
from destination_kit import opened, parcel, statuses
from http_receiver import receiving
from platform_kit import TEXT, Platform, arrays, objects, shaped

PROPERTIES = {"type": "object", "additionalProperties": {"type": "string"}}
UPSERT = objects({"inputs": arrays(objects({
    "id": TEXT, "idProperty": {"const": "email"}, "objectWriteTraceId": TEXT,
    "properties": PROPERTIES}), 100)})  # fmt: skip
READ = objects({
    "idProperty": {"const": "email"}, "properties": arrays(TEXT, 10),
    "inputs": arrays(objects({"id": TEXT}), 100),
})  # fmt: skip
ARCHIVE = objects({"inputs": arrays(objects({"id": TEXT}), 100)})
IDS = {"type": "array", "items": TEXT}
MEMBERS = objects({"recordIdsToAdd": IDS, "recordIdsToRemove": IDS})
EVENTS = objects({"inputs": arrays(objects({
    "eventName": TEXT, "email": TEXT, "uuid": TEXT, "occurredAt": TEXT,
    "properties": PROPERTIES}), 500)})  # fmt: skip


class HubSpot(Platform):
    """Contacts by e-mail; `bad` ones are refused within a batch (207)."""

    def __init__(self, bad=()):
        super().__init__()
        self.contacts, self.members, self.events, self.bad = {}, set(), {}, set(bad)

    def answer(self, request):
        assert request.headers["authorization"] == "Bearer t0ken"
        match request.path.removeprefix("/crm/v3"):
            case "/objects/contacts/batch/upsert":
                return self.upsert(shaped(request.json, UPSERT)["inputs"])
            case "/objects/contacts/batch/read":
                asked = [each["id"] for each in shaped(request.json, READ)["inputs"]]
                return 200, {
                    "results": [self.told(each) for each in asked if each in self.contacts]
                }
            case "/objects/contacts/batch/archive":
                gone = {each["id"] for each in shaped(request.json, ARCHIVE)["inputs"]}
                self.contacts = {k: v for k, v in self.contacts.items() if v["id"] not in gone}
                return 204, b""
            case "/lists/77/memberships/add-and-remove":
                assert request.method == "PUT"
                moved = shaped(request.json, MEMBERS)
                self.members |= set(moved["recordIdsToAdd"])
                self.members -= set(moved["recordIdsToRemove"])
                return 200, {"recordsIdsAdded": moved["recordIdsToAdd"], "recordsIdsRemoved": []}
            case "/events/v3/send/batch":
                for each in shaped(request.json, EVENTS)["inputs"]:
                    self.events[each["uuid"]] = each
                return 204, b""
        raise AssertionError(f"no such address: {request.path}")

    def upsert(self, inputs):
        names = [each["id"] for each in inputs]
        assert len(set(names)) == len(names), "HubSpot refuses a batch that names a record twice"
        results, errors = [], []
        for each in inputs:
            if each["id"] in self.bad:
                errors.append({
                    "status": "error", "category": "VALIDATION_ERROR", "message": "no such property",
                    "context": {"objectWriteTraceId": [each["objectWriteTraceId"]]},
                })  # fmt: skip
                continue
            kept = self.contacts.setdefault(each["id"], {"id": str(100 + len(self.contacts))})
            kept.update(each["properties"])
            results.append(self.told(each["id"]))
        return 207 if errors else 200, {"status": "COMPLETE", "results": results, "errors": errors}

    def told(self, name):
        kept = self.contacts[name]
        return {"id": kept["id"], "properties": {"email": name}}


def run(platform, *parcels, more=""):
    with receiving(platform) as receiver:
        text = f"type: hubspot\nsecret: '${{env:TOKEN}}'\nurl: {receiver.url}\n{more}"
        with opened(text) as destination:
            outcomes = destination.deliver(parcels)
    platform.require_sound()
    return outcomes


def row(email, kind="upsert", key=None, **fields):
    return parcel(kind, {"email": email, **fields}, key=key or f"k-{email}")


def test_contacts_are_upserted_by_their_address_in_one_call():
    platform = HubSpot()
    outcomes = run(platform, row("a@x.example", tier="gold"), row("b@x.example", tier="none"))
    assert statuses(outcomes) == ["sent", "sent"]
    assert platform.contacts["a@x.example"]["tier"] == "gold"
    assert len(platform.calls) == 1


def test_a_second_time_changes_nothing():
    platform = HubSpot()
    for _ in range(2):
        run(platform, row("a@x.example", tier="gold"))
    assert len(platform.contacts) == 1


def test_a_property_is_text_whatever_was_mapped():
    platform = HubSpot()
    run(platform, row("a@x.example", n=1, f=2.5, yes=True, no=None, many=["a", "b"], o={"x": 1}))
    kept = platform.contacts["a@x.example"]
    assert (kept["n"], kept["f"], kept["yes"], kept["no"]) == ("1", "2.5", "true", "")
    assert (kept["many"], kept["o"]) == ("a;b", '{"x":1}')


def test_a_partial_answer_is_settled_record_by_record():
    outcomes = run(
        HubSpot(["b@x.example"]), row("a@x.example"), row("b@x.example"), row("c@x.example")
    )
    assert statuses(outcomes) == ["sent", "dead", "sent"]
    assert "no such property" in outcomes[1].reason


def test_rows_of_a_sync_are_named_by_their_key_where_no_address_is_mapped():
    platform = HubSpot()
    run(platform, parcel("upsert", {"key": "a@x.example", "tier": "gold"}))
    assert platform.contacts["a@x.example"] == {"id": "100", "tier": "gold"}


def test_a_row_is_its_key_whatever_address_is_mapped():
    """A removal has its key alone and has to find the same contact."""
    platform = HubSpot()
    run(platform, parcel("upsert", {"key": "a@x.example", "email": "other@x.example"}))
    assert platform.contacts == {"a@x.example": {"id": "100"}}
    run(platform, parcel("remove", {"key": "a@x.example"}))
    assert platform.contacts == {}


def test_rows_enter_and_leave_a_list():
    platform = HubSpot()
    run(platform, row("a@x.example"), row("b@x.example"), more="list: '77'")
    assert platform.members == {"100", "101"}
    run(platform, row("a@x.example", "remove"), row("z@x.example", "remove"), more="list: '77'")
    assert platform.members == {"101"}
    assert len(platform.contacts) == 2


def test_without_a_list_a_removed_record_is_archived():
    platform = HubSpot()
    run(platform, row("a@x.example"), row("b@x.example"))
    assert statuses(run(platform, row("a@x.example", "remove"))) == ["sent"]
    assert list(platform.contacts) == ["b@x.example"]


def test_who_is_not_there_needs_no_removing():
    assert statuses(run(HubSpot(), row("z@x.example", "remove"))) == ["sent"]


def test_events_carry_the_effects_id():
    platform = HubSpot()
    told = parcel("event", {"event": "pe1_order", "email": "a@x.example", "total": 10}, key="e1")
    assert statuses(run(platform, told)) == ["sent"]
    assert platform.events["e1"] == {
        "eventName": "pe1_order", "email": "a@x.example", "uuid": "e1",
        "occurredAt": "2026-11-22T08:00:00Z", "properties": {"total": "10"},
    }  # fmt: skip


def test_a_record_without_an_address_is_dead():
    outcomes = run(HubSpot(), parcel("upsert", {"tier": "gold"}))
    assert (outcomes[0].status, outcomes[0].reason) == ("dead", "there is no key or email")


@pytest.mark.parametrize(
    ("status", "outcome"), [(401, "paused"), (429, "retry"), (502, "retry"), (400, "dead")]
)
def test_a_refused_request_is_settled_by_its_status(status, outcome):
    platform = HubSpot()
    platform.refusals = [(status, {"message": "because"})]
    outcomes = run(platform, row("a@x.example"))
    assert statuses(outcomes) == [outcome]
    assert "because" in outcomes[0].reason


def test_a_batch_that_one_record_spoils_is_halved():
    platform = HubSpot()
    platform.refusals = [(400, {"message": "invalid"}), (400, {"message": "invalid"})]
    outcomes = run(platform, row("a@x.example"), row("b@x.example"))
    assert statuses(outcomes) == ["dead", "sent"]


def test_a_list_that_cannot_be_entered_is_tried_again_with_the_record():
    class Away(HubSpot):
        def answer(self, request):
            return (503, {}) if "/lists/" in request.path else super().answer(request)

    outcomes = run(Away(["b@x.example"]), row("a@x.example"), row("b@x.example"), more="list: '77'")
    assert statuses(outcomes) == ["retry", "dead"]


def test_a_removal_that_cannot_be_looked_up_is_tried_again():
    platform = HubSpot()
    platform.refusals = [(500, {})]
    assert statuses(run(platform, row("a@x.example", "remove"))) == ["retry"]


def test_headers_of_yours_go_along_and_do_not_replace_ours():
    seen = []

    def answers(request):
        seen.append(request.headers)
        return 200, {"results": []}

    answers.require_sound = lambda: None
    more = "headers: {X-Proxy: 'p ${env:TOKEN}', Authorization: mine}\n"
    assert statuses(run(answers, row("a@x.example"), more=more)) == ["sent"]
    assert seen[0]["x-proxy"] == "p t0ken"
    assert seen[0]["authorization"] == "Bearer t0ken"
