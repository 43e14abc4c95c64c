"""Evidence and reviews over HTTP: who may, what is refused, what a dry run tells."""

import pytest

EVIDENCE, REVIEWS = "/v1/identity/evidence", "/v1/identity/reviews"
LINK = {
    "verdict": "link",
    "a": {"kind": "user_id", "value": "ann"},
    "b": {"kind": "email", "value": "ann@example.com"},
}


def first(kit):
    return kit.services.desk.reviews.queue().rows[0].id


def test_a_dry_run_tells_the_changes_and_gives_no_offset(kit):
    told = kit.call("POST", EVIDENCE, LINK | {"dry_run": True})
    assert told.status == 200
    assert [each["change"] for each in told.json["consequences"]] == ["merged"]
    assert told.json["offset"] is None
    assert kit.services.desk.reviews.given[0][2] is True


def test_evidence_is_given_with_the_record_it_became_and_audited(kit):
    assert isinstance(kit.call("POST", EVIDENCE, LINK).json["offset"], int)
    verdict, actor, _ = kit.services.desk.reviews.given[0]
    assert (verdict.verdict, verdict.a.value) == ("link", "ann")
    assert (actor, "identity.evidence", "link", "") in kit.services.desk.keys.acts


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"verdict": "link", "a": LINK["a"]}, "link: needs a and b"),
        ({"verdict": "retract"}, "one of target and selector"),
        ({"verdict": "retract", "target": "zz"}, "[0-9a-f]{32}"),
        ({"verdict": "retract", "selector": {}}, "one of batch, source, method"),
        ({"verdict": "block", "kind": "email"}, "needs kind and pattern"),
        ({"verdict": "block", "kind": "email", "pattern": "("}, "bad pattern"),
        ({"verdict": "merge"}, "Invalid enum value"),
        ({"verdict": "link", "c": 1}, "unknown field"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_wrong(kit, body, words):
    told = kit.call("POST", EVIDENCE, body)
    assert told.status == 400
    assert words in told.json["error"]["message"]
    assert kit.services.desk.reviews.given == []


def test_the_queue_comes_by_page(kit):
    one = kit.call("GET", f"{REVIEWS}?limit=2").json
    other = kit.call("GET", f"{REVIEWS}?limit=2&cursor={one['next_cursor']}").json
    ids = [row["id"] for row in (*one["reviews"], *other["reviews"])]
    assert len(set(ids)) == 4
    assert (one["open"], one["unlisted"], one["reviewers"]) == (6, 312, 1)
    assert one["reviews"][0]["weight"] >= one["reviews"][1]["weight"]


def test_an_answer_is_given_in_the_name_of_a_person(kit):
    pair = first(kit)
    told = kit.call("POST", f"{REVIEWS}/{pair}", {"verdict": "same", "by": "ann"})
    assert (told.status, told.json["id"]) == (200, pair)
    row = kit.services.desk.reviews.pair(pair).row
    assert (row.state, row.said[0].by) == ("same", "ann")


def test_a_pair_that_was_decided_is_a_conflict(kit):
    pair = first(kit)
    kit.call("POST", f"{REVIEWS}/{pair}", {"verdict": "same", "by": "ann"})
    told = kit.call("POST", f"{REVIEWS}/{pair}", {"verdict": "different", "by": "bob"})
    assert (told.status, told.json["error"]["code"]) == (409, "conflict")


def test_an_unknown_pair_is_not_found(kit):
    told = kit.call("POST", f"{REVIEWS}/{'f' * 32}", {"verdict": "same", "by": "ann"})
    assert told.status == 404


@pytest.mark.parametrize(("method", "path"), [("POST", EVIDENCE), ("GET", REVIEWS)])
def test_a_write_key_may_not(kit, method, path):
    body = LINK if method == "POST" else None
    assert kit.call(method, path, body, key="pub").status == 403
