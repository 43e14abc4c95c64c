"""A person's features as models take them stand beside the features, where there are any."""


def test_prepared_features_stand_beside_the_features(kit):
    people = kit.services.desk.people
    person = min(kit.services.desk.sample.profiles)
    assert "prepared" not in kit.call("GET", f"/v1/people/{person}").json
    people.prepared = lambda _profile: {"spend": 0.4, "spend_missing": False}
    read = kit.call("GET", f"/v1/people/{person}").json
    assert read["prepared"] == {"spend": 0.4, "spend_missing": False}
