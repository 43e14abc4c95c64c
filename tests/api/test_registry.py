"""The registry's face: what clients of schema registries ask, and the codes they read (Q10)."""

import json

ORDER = "order_completed"
PATH = f"/registry/subjects/{ORDER}"
JUDGE = f"/registry/compatibility/subjects/{ORDER}/versions"


def candidate(kit, **changed):
    """The first version with other properties; None takes one out."""
    document = json.loads(kit.call("GET", f"{PATH}/versions/1").json["schema"])
    for name, schema in changed.items():
        document["properties"][name] = schema
    return {"schema": json.dumps(document), "schemaType": "JSON"}


def test_subjects_and_their_published_versions_are_listed(kit):
    assert kit.call("GET", "/registry/subjects").json == ["cart_updated", ORDER]
    assert kit.call("GET", f"{PATH}/versions").json == [1]


def test_a_version_is_had_by_its_number_and_as_the_latest(kit):
    first, latest = (kit.call("GET", f"{PATH}/versions/{each}").json for each in ("1", "latest"))
    assert first == latest
    assert (first["subject"], first["version"], first["schemaType"]) == (ORDER, 1, "JSON")
    assert json.loads(first["schema"])["title"] == "Order Completed"


def test_a_schema_is_had_by_its_number(kit):
    number = kit.call("GET", f"{PATH}/versions/1").json["id"]
    told = kit.call("GET", f"/registry/schemas/ids/{number}").json
    assert json.loads(told["schema"])["title"] == "Order Completed"
    assert kit.call("GET", "/registry/schemas/ids/999").json["error_code"] == 40403


def test_the_same_content_is_found_whatever_its_layout(kit):
    found = kit.call("POST", PATH, candidate(kit)).json
    assert (found["version"], found["subject"]) == (1, ORDER)
    other = kit.call("POST", PATH, candidate(kit, total={"type": "string"}))
    assert (other.status, other.json["error_code"]) == (404, 40403)


def test_what_is_not_there_has_the_code_that_clients_read(kit):
    missing = kit.call("GET", "/registry/subjects/nothing/versions")
    assert (missing.status, missing.json["error_code"]) == (404, 40401)
    version = kit.call("GET", f"{PATH}/versions/7")
    assert (version.status, version.json["error_code"]) == (404, 40402)
    wrong = kit.call("GET", f"{PATH}/versions/first")
    assert (wrong.status, wrong.json["error_code"]) == (422, 42202)
    assert wrong.json["error"]["message"] == wrong.json["message"]


def test_a_candidate_is_judged_with_a_document(kit):
    assert kit.call("POST", f"{JUDGE}/latest", candidate(kit)).json["is_compatible"] is True
    narrower = candidate(kit, total={"type": "integer", "minimum": 0})
    told = kit.call("POST", f"{JUDGE}/latest", narrower).json
    assert told["is_compatible"] is False
    assert any('{"total":' in message for message in told["messages"])


def test_each_candidate_is_judged_for_itself(kit):
    wider, text = candidate(kit), candidate(kit, total={"type": "string"})
    told = [kit.call("POST", f"{JUDGE}/latest", each).json for each in (wider, text, wider)]
    assert [each["is_compatible"] for each in told] == [True, False, True]


def test_what_is_no_schema_is_refused(kit):
    for text in ("[]", "{", '{"type": "strin"}'):
        answer = kit.call("POST", f"{JUDGE}/latest", {"schema": text})
        assert (answer.status, answer.json["error_code"]) == (422, 42201)


def test_the_mode_is_told_for_all_and_for_a_subject(kit):
    assert kit.call("GET", "/registry/config").json == {"compatibilityLevel": "BACKWARD_TRANSITIVE"}
    own = f"/registry/config/{ORDER}"
    assert kit.call("GET", own).json == {"compatibilityLevel": "FULL_TRANSITIVE"}
    cart = "/registry/config/cart_updated"
    assert kit.call("GET", cart).json["error_code"] == 40408
    assert kit.call("GET", f"{cart}?defaultToGlobal=true").json == {
        "compatibilityLevel": "BACKWARD_TRANSITIVE"
    }


def test_the_registry_needs_a_key_that_may_see_the_project(kit):
    assert kit.call("GET", "/registry/subjects", key="narrow").status == 403
