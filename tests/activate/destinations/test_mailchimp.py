"""mailchimp: members of an audience (mailchimp.com/developer/marketing/api/list-members)."""

from base64 import b64decode
from hashlib import md5

import pytest
from destination_kit import destined, opened, parcel, statuses
from http_receiver import receiving
from platform_kit import TEXT, Platform, arrays, objects, shaped

from journeyfold.activate.destination import Tools
from journeyfold.core.errors import ProjectError, UsageError

STATUS = {"enum": ["subscribed", "unsubscribed", "cleaned", "pending", "transactional"]}
MEMBER = objects(
    {"email_address": TEXT, "status_if_new": STATUS},
    {"merge_fields": {"type": "object"}, "language": TEXT, "vip": {"type": "boolean"},
     "interests": {"type": "object"}},
)  # fmt: skip
TAGS = objects(
    {"tags": arrays(objects({"name": TEXT, "status": {"enum": ["active", "inactive"]}}), 99)}
)
EVENT = objects(
    {"name": {"type": "string", "minLength": 2, "maxLength": 30}},
    {"properties": {"type": "object", "additionalProperties": {"type": "string"}},
     "occurred_at": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"}},
)  # fmt: skip
SEGMENT = objects({}, {"members_to_add": arrays(TEXT, 500), "members_to_remove": arrays(TEXT, 500)})
KEY = {"TOKEN": "k3y-us21"}


def member_hash(address):
    return md5(address.lower().encode()).hexdigest()


class MailChimp(Platform):
    """One audience. Who has unsubscribed stays so; `bad` addresses are refused."""

    def __init__(self, bad=()):
        super().__init__()
        self.members, self.tags, self.events, self.segment, self.bad = {}, {}, [], set(), set(bad)

    def answer(self, request):
        scheme, _, value = request.headers["authorization"].partition(" ")
        assert (scheme, b64decode(value).partition(b":")[2]) == ("Basic", b"k3y-us21")
        parts = request.path.strip("/").split("/")
        assert parts[:2] == ["lists", "abc"]
        match (request.method, parts[2:]):
            case "PUT", ["members", name]:
                return self.put(name, shaped(request.json, MEMBER))
            case "DELETE", ["members", name]:
                return (204, b"") if self.members.pop(name, None) else (405, {"detail": "gone"})
            case "PATCH", ["members", name]:
                assert shaped(request.json, objects({"status": STATUS}))["status"] == "unsubscribed"
                self.members[name]["status"] = "unsubscribed"
                return 200, {}
            case "POST", ["members", name, "tags"]:
                for each in shaped(request.json, TAGS)["tags"]:
                    held = self.tags.setdefault(name, set())
                    (held.add if each["status"] == "active" else held.discard)(each["name"])
                return 204, b""
            case "POST", ["members", name, "events"]:
                self.events.append((name, shaped(request.json, EVENT)))
                return 204, b""
            case "POST", ["segments", "55"]:
                return self.move(shaped(request.json, SEGMENT))
        raise AssertionError(f"no such address: {request.method} {request.path}")

    def put(self, name, told):
        assert name == member_hash(told["email_address"])
        if told["email_address"] in self.bad:
            return 400, {"title": "Invalid Resource", "detail": "looks fake or invalid"}
        held = self.members.setdefault(name, {"status": told["status_if_new"], "fields": {}})
        held["fields"].update(told.get("merge_fields", {}))
        return 200, {"id": name, "status": held["status"]}

    def move(self, told):
        added, removed = told.get("members_to_add", []), told.get("members_to_remove", [])
        unknown = [each for each in added if member_hash(each) not in self.members]
        self.segment |= set(added) - set(unknown)
        self.segment -= set(removed)
        errors = [{"email_addresses": unknown, "error": "not subscribed"}] if unknown else []
        return 200, {"members_added": [], "members_removed": [], "errors": errors}


def run(platform, *parcels, more=""):
    with receiving(platform) as receiver:
        text = f"type: mailchimp\nsecret: '${{env:TOKEN}}'\nlist: abc\nurl: {receiver.url}\n{more}"
        with opened(text, secrets=KEY) as destination:
            outcomes = destination.deliver(parcels)
    platform.require_sound()
    return outcomes


def row(email, kind="upsert", **fields):
    return parcel(kind, {"email": email, **fields}, key=f"k-{email}")


def test_a_member_is_put_under_the_md5_of_the_lower_case_address():
    platform = MailChimp()
    assert statuses(run(platform, row(" Ann@X.example ", FNAME="Ann", language="de"))) == ["sent"]
    name = member_hash("ann@x.example")
    assert platform.calls == [("PUT", f"/lists/abc/members/{name}")]
    assert platform.members[name] == {"status": "subscribed", "fields": {"FNAME": "Ann"}}


def test_who_has_unsubscribed_stays_so():
    platform = MailChimp()
    platform.members[member_hash("a@x.example")] = {"status": "unsubscribed", "fields": {}}
    run(platform, row("a@x.example", FNAME="A"))
    assert platform.members[member_hash("a@x.example")]["status"] == "unsubscribed"


def test_members_of_a_batch_are_settled_one_by_one():
    outcomes = run(
        MailChimp(["b@x.example"]), row("a@x.example"), row("b@x.example"), row("nobody")
    )
    assert statuses(outcomes) == ["sent", "dead", "dead"]
    assert "looks fake" in outcomes[1].reason
    assert outcomes[2].reason == "the address is no e-mail address"


def test_tags_are_given_and_taken_away():
    platform, tags = MailChimp(), "tags: [vip]\non_remove: tags\n"
    run(platform, row("a@x.example"), more=tags)
    assert platform.tags[member_hash("a@x.example")] == {"vip"}
    run(platform, row("a@x.example", "remove"), more=tags)
    assert platform.tags[member_hash("a@x.example")] == set()
    assert platform.members


def test_a_segment_is_entered_and_left_in_one_call():
    platform, more = MailChimp(["b@x.example"]), "segment: '55'\non_remove: segment\n"
    outcomes = run(platform, row("a@x.example"), row("b@x.example"), row("c@x.example"), more=more)
    assert statuses(outcomes) == ["sent", "dead", "sent"]
    assert platform.segment == {"a@x.example", "c@x.example"}
    removed = [row("a@x.example", "remove"), row("c@x.example", "remove")]
    assert statuses(run(platform, *removed, more=more)) == ["sent", "sent"]
    assert platform.segment == set()
    assert [path for _, path in platform.calls].count("/lists/abc/segments/55") == 2


def test_a_removed_row_is_archived_and_one_that_is_not_there_needs_none():
    platform = MailChimp()
    run(platform, row("a@x.example"))
    outcomes = run(platform, row("a@x.example", "remove"), row("b@x.example", "remove"))
    assert statuses(outcomes) == ["sent", "sent"]
    assert platform.members == {}


def test_a_removed_row_may_be_unsubscribed():
    platform = MailChimp()
    run(platform, row("a@x.example"))
    run(platform, row("a@x.example", "remove"), more="on_remove: unsubscribe\n")
    assert platform.members[member_hash("a@x.example")]["status"] == "unsubscribed"


def test_an_event_of_a_member_has_properties_of_text():
    platform = MailChimp()
    body = {"event": "order_completed", "email": "a@x.example", "total": 10.5, "id": "o1"}
    assert statuses(run(platform, parcel("event", body))) == ["sent"]
    ((name, told),) = platform.events
    assert name == member_hash("a@x.example")
    assert told == {
        "name": "order_completed", "properties": {"total": "10.5", "id": "o1"},
        "occurred_at": "2026-11-22T08:00:00+00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "outcome"), [(401, "paused"), (403, "paused"), (429, "retry"), (500, "retry")]
)
def test_a_refused_request_is_settled_by_its_status(status, outcome):
    platform = MailChimp()
    platform.refusals = [(status, {"detail": "because"})]
    assert statuses(run(platform, row("a@x.example"))) == [outcome]


@pytest.mark.parametrize("more", ["on_remove: tags", "on_remove: segment"])
def test_what_is_taken_away_has_to_be_named(more):
    with pytest.raises(ProjectError, match="name"):
        destined(f"type: mailchimp\nsecret: '${{env:TOKEN}}'\nlist: abc\n{more}\n")


def test_the_data_centre_is_the_end_of_the_key():
    settings = destined("type: mailchimp\nsecret: '${env:TOKEN}'\nlist: abc\n")
    tools = Tools("there", None, None, lambda told: KEY["TOKEN"] if told else "", None, None)
    settings.open(tools)
    with pytest.raises(UsageError, match="data centre"):
        settings.open(tools._replace(secret=lambda told: "keywithoutcentre" if told else ""))


def test_a_segment_that_is_away_or_knows_somebody_not_is_told():
    platform, more = MailChimp(), "segment: '55'\non_remove: segment\n"
    platform.refusals = [(503, {})]
    assert statuses(run(platform, row("a@x.example", "remove"), more=more)) == ["retry"]

    class Forgetful(MailChimp):
        def put(self, name, told):
            return 200, {"id": name}

    (outcome,) = run(Forgetful(), row("a@x.example"), more=more)
    assert (outcome.status, outcome.reason) == ("dead", "not subscribed")
