"""People as JSON, the same values as the console shows."""

import pytest

from journeyfold.api.people import stated
from journeyfold.core.event import Identifier
from journeyfold.core.profile import Profile, Statement, Trait
from journeyfold.profile.traits import HeldTrait


@pytest.fixture
def someone(kit):
    """A person of the sample with traits, and one of their identifiers."""
    sample = kit.services.desk.sample
    person = min((p for p in sample.profiles if sample.profiles[p].traits), key=records_of(sample))
    return sample.profiles[person], sample.identities[person].nodes[0]


def records_of(sample):
    return lambda person: len(sample.histories[person])


def test_a_person_is_found_by_an_identifier(kit, someone):
    profile, node = someone
    body = {"kind": node.kind, "value": node.value}
    found = kit.call("POST", "/v1/people/lookup", body)
    assert found.json == body | {"person": profile.person}


def test_an_identifier_nobody_has_is_404(kit):
    body = {"kind": "email", "value": "nobody@nowhere.example"}
    assert kit.call("POST", "/v1/people/lookup", body).status == 404


def test_a_person_has_all_the_parts(kit, someone):
    profile, _ = someone
    read = kit.call("GET", f"/v1/people/{profile.person}").json
    assert read["person"] == profile.person
    assert read["seen"] == profile.seen
    assert read["segments"] == sorted(profile.memberships)
    assert set(read) == {
        "person", "seen", "first", "last", "events", "identifiers", "traits", "features",
        "segments", "memberships", "stage", "stages", "consents", "sessions",
    }  # fmt: skip


def test_a_trait_that_was_cleaned_says_what_was_sent(kit, someone, monkeypatch):
    profile, _ = someone
    seen = Trait("+4930901820", 1_000_000, "crm", "e1")
    held = HeldTrait("+4930901820", seen, sent="030 901820", cleaned_by=("phone",))
    monkeypatch.setattr(kit.services.desk.people, "traits", lambda _profile: {"phone": held})
    trait = kit.call("GET", f"/v1/people/{profile.person}").json["traits"]["phone"]
    assert (trait["sent"], trait["cleaned_by"]) == ("030 901820", ["phone"])


def test_a_trait_says_where_it_came_from(kit):
    profile = Profile(
        "p_x",
        traits={
            "city": Trait("Graz", 1_000_000, "crm", "e1"),
            "tags": [Trait("a", 1, "x", "1"), Trait("b", 2, "y", "2")],
        },
    )
    add(kit, profile)
    traits = kit.call("GET", "/v1/people/p_x").json["traits"]
    assert traits["city"] == {
        "value": "Graz", "occurred": "1970-01-01T00:00:01Z", "source": "crm", "event": "e1",
        "owner": None, "others": 0,
    }  # fmt: skip
    assert (traits["tags"]["value"], traits["tags"]["source"]) == (["a", "b"], "y")


def test_a_former_id_says_so(kit, someone):
    profile, _ = someone
    kit.services.desk.sample.aliases["p_old"] = profile.person
    read = kit.call("GET", "/v1/people/p_old").json
    assert (read["person"], read["requested_as"]) == (profile.person, "p_old")


def test_records_come_newest_first_by_page(kit, someone):
    profile, _ = someone
    everything = kit.call("GET", f"/v1/people/{profile.person}/records?limit=500").json
    offsets = [record["offset"] for record in everything["records"]]
    assert offsets == sorted(offsets, reverse=True)
    assert everything["next_before"] is None
    walked, before = [], ""
    while True:
        page = kit.call("GET", f"/v1/people/{profile.person}/records?limit=2{before}").json
        walked += [record["offset"] for record in page["records"]]
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"
    assert walked == offsets


def test_a_record_shows_what_was_sent_and_when(kit, someone):
    profile, _ = someone
    record = kit.call("GET", f"/v1/people/{profile.person}/records?limit=1").json["records"][0]
    assert {"offset", "id", "name", "type", "occurred", "properties"} <= set(record)


def test_identity_shows_the_evidence(kit, someone):
    profile, _ = someone
    read = kit.call("GET", f"/v1/people/{profile.person}/identity").json
    assert read["identity"]["nodes"]


def test_why_two_identifiers_are_one_person(kit):
    a, b = {"kind": "email", "value": "a@x.example"}, {"kind": "user_id", "value": "u"}
    assert kit.call("POST", "/v1/identity/why", {"a": a, "b": a}).json["same"] is True
    apart = kit.call("POST", "/v1/identity/why", {"a": a, "b": b}).json
    assert (apart["same"], apart["note"]) == (False, "no evidence")


@pytest.mark.parametrize("path", ["", "/records", "/identity"])
def test_an_unknown_person_is_404(kit, path):
    assert kit.call("GET", f"/v1/people/p_nobody{path}").status == 404


@pytest.mark.parametrize("key", ["pub", "narrow"])
def test_people_need_the_scope(kit, key):
    assert kit.call("GET", "/v1/people/p_x", key=key).status == 403


def test_consents_are_the_most_restrictive_over_the_nodes():
    granted, denied = Statement("granted", 2, "e2"), Statement("denied", 1, "e1")
    profile = Profile(
        "p",
        consents={"aa": {"analytics": granted, "ads_share": granted}, "bb": {"analytics": denied}},
    )
    assert stated(profile) == {"ads_share": "granted", "analytics": "denied"}


def add(kit, profile):
    from journeyfold.api.cards import Identity

    kit.services.desk.sample.profiles[profile.person] = profile
    kit.services.desk.sample.identities[profile.person] = Identity()


def test_a_consent_statement_is_in_the_log(kit):
    body = {
        "subject": {"anonymous_id": "a9"},
        "purposes": {"analytics": True, "personalization": "denied"},
        "policy_version": "7",
    }
    assert kit.call("POST", "/v1/consents", body, key="pub").json["appended"] == 1
    (record,) = kit.log.read(-1, 1)
    assert (record.kind, record.event.name) == ("consent", "Consent Updated")
    assert record.event.identifiers == (Identifier("anonymous_id", "a9"),)
    assert record.event.properties == {
        "purposes": {"analytics": "granted", "personalization": "denied"},
        "policy_version": "7",
    }


def test_a_consent_with_a_request_id_is_stated_once(kit):
    body = {"subject": {"user_id": "u"}, "purposes": {"analytics": True}, "request_id": "c1"}
    kit.call("POST", "/v1/consents", body)
    assert kit.call("POST", "/v1/consents", body).json["duplicate"] == 1


def test_an_unknown_purpose_is_400(kit):
    body = {"subject": {"anonymous_id": "a"}, "purposes": {"world_domination": True}}
    answered = kit.call("POST", "/v1/consents", body)
    assert (answered.status, answered.json["error"]["code"]) == (400, "unknown_purpose")


def test_a_write_key_cannot_consent_for_another_person(kit):
    body = {"subject": {"user_id": "u"}, "purposes": {"analytics": True}}
    assert kit.call("POST", "/v1/consents", body, key="pub").status == 403
