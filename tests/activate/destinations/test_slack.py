"""slack: an incoming webhook (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

import pytest
from destination_kit import opened, parcel, statuses
from http_receiver import receiving
from platform_kit import TEXT, Platform, objects, shaped

MESSAGE = {
    **objects({}, {"text": TEXT, "blocks": {"type": "array"}, "attachments": {"type": "array"}}),
    "anyOf": [{"required": ["text"]}, {"required": ["blocks"]}],
}


class Slack(Platform):
    def __init__(self):
        super().__init__()
        self.said = []

    def answer(self, request):
        assert (request.method, request.path) == ("POST", "/services/T0/B0/XXX")
        assert request.headers["content-type"] == "application/json"
        self.said.append(shaped(request.json, MESSAGE))
        return 200, b"ok"


def run(platform, *parcels, more=""):
    with receiving(platform) as receiver:
        secrets = {"SLACK": f"{receiver.url}/services/T0/B0/XXX"}
        with opened(
            f"type: slack\nsecret: '${{env:SLACK}}'\n{more}", secrets=secrets
        ) as destination:
            outcomes = destination.deliver(parcels)
    platform.require_sound()
    return outcomes


def test_what_is_mapped_to_text_is_said():
    platform = Slack()
    assert statuses(run(platform, parcel("event", {"text": "An order of 900"}))) == ["sent"]
    assert platform.said == [{"text": "An order of 900"}]


def test_blocks_need_no_text():
    platform = Slack()
    run(platform, parcel("event", {"blocks": [{"type": "divider"}]}))
    assert platform.said == [{"blocks": [{"type": "divider"}]}]


def test_the_usual_body_of_a_call_says_the_destination_s_text():
    platform, usual = Slack(), {"type": "journey.called", "data": {}}
    run(platform, parcel("webhook", usual), more="text: Somebody left a cart\n")
    assert platform.said == [{"text": "Somebody left a cart"}]


def test_nothing_to_say_is_not_said():
    platform = Slack()
    assert statuses(run(platform, parcel("event", {"total": 1}))) == ["dead"]
    assert platform.calls == []


@pytest.mark.parametrize(
    ("status", "said", "outcome"),
    [(403, b"action_prohibited", "paused"), (404, b"no_service", "dead"), (429, b"", "retry"),
     (400, b"invalid_payload", "dead"), (410, b"channel_is_archived", "disabled")],
)  # fmt: skip
def test_a_refusal_is_settled_by_its_status(status, said, outcome):
    platform = Slack()
    platform.refusals = [(status, said)]
    assert statuses(run(platform, parcel("event", {"text": "x"}))) == [outcome]
