"""Reports, decisions and the past over HTTP, and over a real state and log (identity X2 to X4)."""

import pytest
from house import House

from journeyfold.api.desks.audits import Audits
from journeyfold.api.desks.people import People
from journeyfold.api.people import _person
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Identifier
from journeyfold.core.instant import DAY_US
from journeyfold.runtime import auditing
from journeyfold.runtime.as_of import Past


def test_the_latest_report_is_told_and_the_one_of_a_date(kit):
    latest = kit.call("GET", "/v1/identity/reports/latest").json
    assert latest["audit"]["people"] == 1_840
    assert kit.call("GET", f"/v1/identity/reports/{latest['date']}").json == latest


@pytest.mark.parametrize(("date", "status"), [("2020-01-01", 404), ("yesterday", 400)])
def test_a_report_that_is_not_there_is_said_so(kit, date, status):
    assert kit.call("GET", f"/v1/identity/reports/{date}").status == status


def test_decisions_are_told_by_pages_of_whole_records(kit):
    first = kit.call("GET", "/v1/identity/decisions?limit=5").json
    assert len(first["decisions"]) == 5
    after = kit.call("GET", f"/v1/identity/decisions?limit=5&since={first['next_since']}").json
    assert after["decisions"][0]["offset"] == first["next_since"]
    assert first["decisions"][0].keys() >= {"actor", "rule", "project", "before", "after", "undo"}


def test_a_person_and_why_take_a_moment_of_the_past(kit):
    sample = kit.services.desk.sample
    person = next(iter(sample.profiles))
    assert kit.call("GET", f"/v1/people/{person}?as_of=3").json["person"] == person
    ends = {"a": {"kind": "user_id", "value": "a"}, "b": {"kind": "user_id", "value": "b"}}
    told = kit.call("POST", "/v1/identity/why", {**ends, "as_of": 3}).json
    assert told["note"] == "no evidence of user_id and user_id at 3"


@pytest.mark.parametrize("as_of", ["x", "-2"])
def test_a_moment_that_is_no_offset_is_refused(kit, as_of):
    person = next(iter(kit.services.desk.sample.profiles))
    assert kit.call("GET", f"/v1/people/{person}?as_of={as_of}").status == 400


@pytest.fixture
def house():
    """Ann as a visitor, then known; a day later somebody says that it was not her."""
    house = House()
    house.track("Product Viewed", {"sku": "S"}, anonymous="phone")
    house.track(
        "Identify", type_="identify", user="ann", anonymous="phone", traits={"country": "DE"}
    )
    house.now_us += DAY_US
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:phone")
    return house


@pytest.fixture
def desk(house):
    """What a platform is to the desk: a state, a log, a version and a clock."""
    return Audits(Past(house.state, house.engine, house.log, house.now_us))


ANN, PHONE = Identifier("user_id", "ann"), Identifier("anonymous_id", "phone")


def test_why_answers_as_it_was(desk):
    assert desk.why(ANN, PHONE, 2).same
    assert desk.why(ANN, PHONE, 2).path[0].offset == 2
    assert not desk.why(ANN, PHONE, 3).same
    assert desk.why(ANN, PHONE, 1).note == "unknown"


def test_a_person_is_as_they_were(house, desk):
    phone = house.person("anonymous_id", "phone").person
    then = desk.past(phone, 2)
    assert isinstance(then, People)
    profile = then.profile(phone)
    assert (profile.events, then.traits(profile)["country"].value) == (2, "DE")
    assert len(then.identity(profile).nodes) == 2
    assert [record.offset for record in then.history(profile, None, 9)] == [2, 1]
    assert desk.past(phone, 3).profile(phone).events == 1


def test_a_moment_beyond_the_log_is_said_with_the_range(house, desk):
    with pytest.raises(UsageError, match="the log has the records 0 to"):
        desk.past(house.person("user_id", "ann").person, 99)


def test_the_newest_decisions_come_first(desk):
    assert [row.kind for row in desk.last(2)] == ["suppress", "split"]
    assert [row.kind for row in desk.decisions(3, 10)] == ["cannot_link", "split", "suppress"]


def test_a_report_made_now_is_kept(house, desk):
    made = desk.now()
    assert desk.latest() == made == desk.of_date(made.date)
    assert auditing.latest(house.log).offset == made.offset


def test_a_trait_names_the_identifier_whose_record_said_it(house, desk):
    phone = house.person("anonymous_id", "phone").person
    told = _person(desk.past(phone, 2), phone).traits["country"]
    assert (told.owner.kind, told.owner.value, told.event) == ("user_id", "ann", "e2")
