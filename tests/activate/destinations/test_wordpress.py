"""wordpress: posts by their slug (developer.wordpress.org/rest-api/reference/posts)."""

from base64 import b64decode

import pytest
from destination_kit import destined, opened, parcel, statuses
from http_receiver import receiving
from platform_kit import TEXT, Platform, objects, shaped

POST = objects(
    {"slug": TEXT, "status": {"enum": ["publish", "draft", "pending", "private", "future"]}},
    {"title": TEXT, "content": TEXT, "excerpt": TEXT, "meta": {"type": "object"}},
)
POSTS = "/blog/wp-json/wp/v2/posts"


class WordPress(Platform):
    def __init__(self):
        super().__init__()
        self.posts, self.bin = {}, set()

    def answer(self, request):
        scheme, _, value = request.headers["authorization"].partition(" ")
        assert (scheme, b64decode(value)) == ("Basic", b"editor:t0ken")
        name = request.path.removeprefix(POSTS).strip("/")
        match request.method, name:
            case "GET", "":
                slug = request.query["slug"]
                assert "draft" in request.query["status"]
                return 200, [
                    {"id": key} for key, each in self.posts.items() if each["slug"] == slug
                ]
            case "POST", _:
                number = int(name) if name else 1 + len(self.posts)
                assert (number in self.posts) == bool(name)
                self.posts[number] = {**self.posts.get(number, {}), **shaped(request.json, POST)}
                return 200 if name else 201, {"id": number}
            case "DELETE", _:
                del self.posts[int(name)]
                self.bin.add(int(name))
                return 200, {"id": int(name), "status": "trash"}
        raise AssertionError(f"no such address: {request.method} {request.path}")


def run(platform, *parcels, more=""):
    with receiving(platform) as receiver:
        text = (
            f"type: wordpress\nurl: {receiver.url}/blog/\nuser: editor\nsecret: '${{env:TOKEN}}'\n"
            f"{more}"
        )
        with opened(text) as destination:
            outcomes = [each for told in parcels for each in destination.deliver([told])]
    platform.require_sound()
    return outcomes


def row(slug="summer-sale", kind="upsert", **fields):
    return parcel(kind, {"key": slug, **fields})


def test_a_post_is_made_once_and_then_changed():
    platform = WordPress()
    outcomes = run(platform, row(title="Sale"), row(title="Summer sale", meta={"off": 10}))
    assert statuses(outcomes) == ["sent", "sent"]
    assert platform.posts == {
        1: {"slug": "summer-sale", "status": "publish", "title": "Summer sale", "meta": {"off": 10}}
    }


def test_a_journeys_call_names_the_slug_itself():
    platform = WordPress()
    told = parcel("webhook", {"slug": "x", "title": "X", "status": "draft"})
    assert statuses(run(platform, told)) == ["sent"]
    assert platform.posts[1]["status"] == "draft"


def test_a_removed_row_goes_to_the_bin_once():
    platform = WordPress()
    run(platform, row(title="Sale"))
    assert statuses(run(platform, row(kind="remove"), row(kind="remove"))) == ["sent", "sent"]
    assert (platform.posts, platform.bin) == ({}, {1})


def test_one_is_written_at_a_time():
    text = "type: wordpress\nurl: https://x.example\nuser: a\nsecret: '${env:TOKEN}'\n"
    assert destined(text).rate.concurrency == 1


@pytest.mark.parametrize(
    ("status", "outcome"), [(401, "paused"), (400, "dead"), (500, "retry"), (429, "retry")]
)
def test_a_refused_request_is_settled_by_its_status(status, outcome):
    platform = WordPress()
    platform.refusals = [(status, {"code": "rest_error", "message": "because"})]
    outcomes = run(platform, row(title="Sale"))
    assert statuses(outcomes) == [outcome]
    assert "because" in outcomes[0].reason


def test_a_removal_that_cannot_be_looked_up_or_is_in_the_bin_already():
    platform = WordPress()
    platform.refusals = [(503, {})]
    assert statuses(run(platform, row(kind="remove"))) == ["retry"]
    platform.refusals = [(200, [{"id": 9}]), (410, {"message": "already deleted"})]
    assert statuses(run(platform, row(kind="remove"))) == ["sent"]
