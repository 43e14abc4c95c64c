"""contentful: entries by their id (Content Management API)."""

import pytest
from destination_kit import opened, parcel, statuses
from http_receiver import receiving
from platform_kit import Platform, objects, shaped

LOCALES = {"type": "object", "additionalProperties": {"type": "object"}}
ENTRY = objects({"fields": LOCALES})
ENTRIES = "/spaces/shop/environments/master/entries/"
MEDIA = "application/vnd.contentful.management.v1+json"


class Contentful(Platform):
    """Entries with versions; `edits` of somebody else come between a reading and a writing."""

    def __init__(self, edits=0):
        super().__init__()
        self.entries, self.edits = {}, edits

    def answer(self, request):
        assert request.headers["authorization"] == "Bearer t0ken"
        assert request.path.startswith(ENTRIES)
        name, _, rest = request.path.removeprefix(ENTRIES).partition("/")
        entry = self.entries.get(name)
        version = request.headers.get("x-contentful-version")
        match request.method, rest:
            case "GET", "":
                told = (200, self.told(name)) if entry else (404, {"message": "not found"})
                if entry and self.edits:
                    self.edits -= 1
                    entry["version"] += 1
                return told
            case "PUT", "":
                assert request.headers["content-type"] == MEDIA
                assert request.headers["x-contentful-content-type"] == "promo"
                if entry and version != str(entry["version"]):
                    return 409, {"sys": {"id": "VersionMismatch"}, "message": "Version mismatch"}
                fields = shaped(request.json, ENTRY)["fields"]
                number = entry["version"] + 1 if entry else 1
                self.entries[name] = {
                    "fields": fields, "version": number,
                    "published": entry["published"] if entry else None,
                }  # fmt: skip
                return 200 if entry else 201, self.told(name)
            case "PUT", "published":
                assert version == str(entry["version"])
                entry["published"] = entry["fields"]
                return 200, self.told(name)
            case "DELETE", "published":
                if entry["published"] is None:
                    return 400, {"message": "Not published"}
                entry["published"] = None
                return 200, {}
            case "DELETE", "":
                del self.entries[name]
                return 204, b""
        raise AssertionError(f"no such address: {request.method} {request.path}")

    def told(self, name):
        entry = self.entries[name]
        return {"sys": {"id": name, "version": entry["version"]}, "fields": entry["fields"]}


def run(platform, *parcels, more=""):
    with receiving(platform) as receiver:
        text = (
            f"type: contentful\nsecret: '${{env:TOKEN}}'\nspace: shop\ncontent_type: promo\n"
            f"url: {receiver.url}\n{more}"
        )
        with opened(text) as destination:
            outcomes = [each for told in parcels for each in destination.deliver([told])]
    platform.require_sound()
    return outcomes


def row(name="summer", kind="upsert", **fields):
    return parcel(kind, {"key": name, **fields})


def test_an_entry_is_made_and_published():
    platform = Contentful()
    assert statuses(run(platform, row(title="Summer", off=10))) == ["sent"]
    assert platform.entries["summer"]["published"] == {
        "title": {"en-US": "Summer"}, "off": {"en-US": 10},
    }  # fmt: skip


def test_what_is_not_mapped_stays_as_editors_wrote_it():
    platform = Contentful()
    run(platform, row(title="Summer"))
    platform.entries["summer"]["fields"] = {
        "title": {"en-US": "Summer", "de": "Sommer"}, "image": {"en-US": "i1"},
    }  # fmt: skip
    run(platform, row(title="High summer"))
    assert platform.entries["summer"]["fields"] == {
        "title": {"en-US": "High summer", "de": "Sommer"}, "image": {"en-US": "i1"},
    }  # fmt: skip


def test_a_second_time_makes_no_second_entry():
    platform = Contentful()
    run(platform, row(title="A"), row(title="A"))
    assert len(platform.entries) == 1


def test_an_edit_at_the_same_moment_is_read_and_put_again():
    platform = Contentful()
    run(platform, row(title="A"))
    platform.edits = 2
    assert statuses(run(platform, row(title="B"))) == ["sent"]
    platform.edits = 9
    assert statuses(run(platform, row(title="C"))) == ["retry"]


def test_drafts_are_left_where_that_is_wanted():
    platform = Contentful()
    run(platform, row(title="A"), more="publish: false\n")
    assert platform.entries["summer"]["published"] is None


def test_a_removed_row_is_unpublished_and_deleted_where_that_is_said():
    platform = Contentful()
    run(platform, row(title="A"))
    assert statuses(run(platform, row(kind="remove"), row(kind="remove"))) == ["sent", "sent"]
    assert platform.entries["summer"]["published"] is None
    assert statuses(run(platform, row(kind="remove"), more="delete: true\n")) == ["sent"]
    assert platform.entries == {}
    assert statuses(run(platform, row(kind="remove"))) == ["sent"]


@pytest.mark.parametrize("name", ["a/b", "a b", "x" * 65])
def test_an_id_that_contentful_refuses_is_dead(name):
    assert statuses(run(Contentful(), row(name))) == ["dead"]


@pytest.mark.parametrize(
    ("status", "outcome"), [(401, "paused"), (422, "dead"), (429, "retry"), (503, "retry")]
)
def test_a_refused_request_is_settled_by_its_status(status, outcome):
    platform = Contentful()
    platform.refusals = [(status, {"message": "because"})]
    outcomes = run(platform, row(title="A"))
    assert statuses(outcomes) == [outcome]
    assert "because" in outcomes[0].reason


def test_a_removal_that_cannot_be_looked_up_is_tried_again():
    platform = Contentful()
    platform.refusals = [(503, {})]
    assert statuses(run(platform, row(kind="remove"))) == ["retry"]
