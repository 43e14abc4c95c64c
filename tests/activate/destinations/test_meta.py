"""meta: Conversions API events and custom audiences (Graph API)."""

from hashlib import sha256

import pytest
from destination_kit import NOW_US, destined, opened, parcel, statuses
from http_receiver import receiving
from platform_kit import SHA256, TEXT, Platform, arrays, objects, shaped

from journeyfold.core.errors import ProjectError

HASHES = arrays(SHA256, 10)
USER = objects({}, {
    **dict.fromkeys(("em", "ph", "fn", "ln", "ct", "st", "zp", "country", "db", "ge", "external_id"),
                    HASHES),
    **dict.fromkeys(("client_ip_address", "client_user_agent", "fbc", "fbp"), TEXT),
})  # fmt: skip
EVENT = objects(
    {"event_name": TEXT, "event_time": {"type": "integer"}, "event_id": TEXT, "user_data": USER,
     "action_source": {"enum": ["website", "app", "email", "physical_store", "other"]}},
    {"custom_data": {"type": "object"}, "event_source_url": TEXT},
)  # fmt: skip
EVENTS = objects(
    {"data": arrays(EVENT, 1_000), "access_token": {"const": "t0ken"}}, {"test_event_code": TEXT}
)
COLUMNS = {"enum": ["EXTERN_ID", "EMAIL", "PHONE", "GEN", "DOBY", "DOBM", "DOBD", "LN", "FN", "CT",
                    "ST", "ZIP", "MADID", "COUNTRY"]}  # fmt: skip
USERS = objects({
    "payload": objects({
        "schema": arrays(COLUMNS, 15),
        "data": arrays({"type": "array", "items": {"type": "string"}}, 10_000),
    }),
    "access_token": {"const": "t0ken"},
})  # fmt: skip


def digest(text):
    return sha256(text.encode()).hexdigest()


def refusal(code, **more):
    return 400, {"error": {"message": "no", "type": "OAuthException", "code": code, **more}}


class Graph(Platform):
    """Events by id, once each; an event of a `bad` name spoils its request."""

    def __init__(self, bad=()):
        super().__init__()
        self.events, self.members, self.bad, self.samples = {}, set(), set(bad), {}

    def answer(self, request):
        match request.method, request.path:
            case "POST", "/v25.0/111/events":
                told = shaped(request.json, EVENTS)
                if self.bad & {each["event_name"] for each in told["data"]}:
                    return refusal(100, error_user_msg="an event is invalid")
                for each in told["data"]:
                    self.events.setdefault(each["event_id"], each)
                return 200, {"events_received": len(told["data"]), "fbtrace_id": "x"}
            case ("POST" | "DELETE") as method, "/v25.0/222/users":
                payload = shaped(request.json, USERS)["payload"]
                rows = {
                    tuple(sorted(zip(payload["schema"], row, strict=True)))
                    for row in payload["data"]
                }
                self.members = self.members | rows if method == "POST" else self.members - rows
                return 200, {
                    "audience_id": "222", "num_received": len(rows),
                    "num_invalid_entries": len(self.samples), "invalid_entry_samples": self.samples,
                }  # fmt: skip
        raise AssertionError(f"no such address: {request.method} {request.path}")


def run(platform, *parcels, more="pixel: '111'\naudience: '222'\n"):
    with receiving(platform) as receiver:
        text = f"type: meta\nsecret: '${{env:TOKEN}}'\nurl: {receiver.url}\n{more}"
        with opened(text) as destination:
            outcomes = destination.deliver(parcels)
    platform.require_sound()
    return outcomes


def event(key, name="Purchase", **fields):
    return parcel("event", {"event": name, "email": "a@x.example", **fields}, key=key)


def row(kind="upsert", **fields):
    return parcel(kind, fields, key=str(sorted(fields.items())))


def test_an_event_has_the_published_shape():
    platform = Graph()
    told = event("k1", phone="+1 650 555 1212", external_id="u-1", fbc="fb.1.2", value=10, currency="EUR",
                 event_source_url="https://shop.example/done")  # fmt: skip
    assert statuses(run(platform, told)) == ["sent"]
    assert platform.events["k1"] == {
        "event_name": "Purchase", "event_time": NOW_US // 1_000_000, "event_id": "k1",
        "action_source": "website", "event_source_url": "https://shop.example/done",
        "user_data": {"em": [digest("a@x.example")], "ph": [digest("16505551212")],
                      "external_id": [digest("u-1")], "fbc": "fb.1.2"},
        "custom_data": {"value": 10, "currency": "EUR"},
    }  # fmt: skip


def test_the_id_of_a_pixel_s_event_makes_both_one():
    platform = Graph()
    run(platform, event("k1", event_id="browser-7", time="2026-11-22T07:00:00Z"))
    assert platform.events["browser-7"]["event_time"] == NOW_US // 1_000_000 - 3600


def test_a_second_time_counts_nothing():
    platform = Graph()
    for _ in range(2):
        assert statuses(run(platform, event("k1"))) == ["sent"]
    assert len(platform.events) == 1


def test_a_batch_that_one_event_spoils_is_halved_until_it_stands_alone():
    platform = Graph(bad=["Nonsense"])
    told = [event(f"k{at}", "Nonsense" if at == 3 else "Purchase") for at in range(8)]
    outcomes = run(platform, *told)
    assert statuses(outcomes) == ["sent"] * 3 + ["dead"] + ["sent"] * 4
    assert "an event is invalid" in outcomes[3].reason
    assert set(platform.events) == {f"k{at}" for at in range(8)} - {"k3"}


def test_an_event_of_nobody_is_dead():
    outcomes = run(Graph(), parcel("event", {"event": "Purchase", "value": 1}))
    assert statuses(outcomes) == ["dead"]


def test_events_may_be_tests():
    seen = []

    def answers(request):
        seen.append(request.json)
        return 200, {}

    answers.require_sound = lambda: None
    run(answers, event("k1"), more="pixel: '111'\ntest_event_code: TEST7\n")
    assert seen[0]["test_event_code"] == "TEST7"


def test_members_enter_and_leave_by_hashes():
    platform = Graph()
    both = [
        row(email="A@x.example", first_name="Ann"),
        row(email="b@x.example", birthday="1990-02-28"),
    ]
    assert statuses(run(platform, *both)) == ["sent", "sent"]
    assert len(platform.members) == 2
    told = {name: value for row in platform.members for name, value in row if value}
    assert told["DOBY"] == digest("1990")
    assert digest("a@x.example") in {value for row in platform.members for _, value in row}
    run(platform, row("remove", key="c@x.example"))
    assert ("DELETE", "/v25.0/222/users") in platform.calls


def test_a_row_with_its_key_alone_is_known_by_it():
    platform = Graph()
    run(platform, row(key="c-17"), row(key="d@x.example"))
    told = {name: value for row in platform.members for name, value in row if value}
    assert told == {"EXTERN_ID": "c-17", "EMAIL": digest("d@x.example")}


def test_entries_that_meta_cannot_read_are_settled_for_themselves():
    platform = Graph()
    platform.samples = {digest("b@x.example"): "invalid"}
    outcomes = run(platform, row(email="a@x.example"), row(email="b@x.example"))
    assert statuses(outcomes) == ["sent", "dead"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(refusal(190), "paused"), (refusal(200), "paused"), (refusal(17), "retry"), (refusal(2), "retry"),
     (refusal(100), "dead"), (refusal(100, is_transient=True), "retry"), ((500, {}), "retry"),
     ((400, b"no json"), "dead")],
)  # fmt: skip
def test_a_refused_request_is_settled_by_its_code(answer, outcome):
    platform = Graph()
    platform.refusals = [answer]
    assert statuses(run(platform, event("k1"))) == [outcome]


def test_what_it_is_for_has_to_be_said():
    with pytest.raises(ProjectError, match="pixel"):
        destined("type: meta\nsecret: '${env:TOKEN}'\n")
    assert statuses(run(Graph(), event("k1"), more="audience: '222'\n")) == ["dead"]
    assert statuses(run(Graph(), row(email="a@x.example"), more="pixel: '111'\n")) == ["dead"]


def test_a_person_may_be_told_by_much():
    platform = Graph()
    told = {
        "last_name": "Lee", "city": "St. Louis", "state": "MO", "postal_code": "63101-1234",
        "country": "US", "gender": "female", "birthday": "1990-02-28", "phone": "+1 650 555 1212",
    }  # fmt: skip
    run(platform, event("k1", **told))
    user = platform.events["k1"]["user_data"]
    assert (user["ct"], user["zp"]) == ([digest("stlouis")], [digest("63101")])
    assert (user["db"], user["ge"]) == ([digest("19900228")], [digest("f")])
    run(platform, row(mobile_id="ABC-1", **told))
    (listed,) = platform.members
    held = dict(listed)
    assert (held["MADID"], held["DOBM"], held["PHONE"]) == (
        "abc-1",
        digest("02"),
        digest("16505551212"),
    )


def test_an_audience_that_is_away_is_asked_again():
    platform = Graph()
    platform.refusals = [(503, {})]
    assert statuses(run(platform, row(email="a@x.example"))) == ["retry"]
    assert statuses(run(platform, row(tier="gold"))) == ["dead"]
