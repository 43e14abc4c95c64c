"""Place, language and local hour of an event, made at the door (collect C48, C49)."""

import pytest
from mmdb_kit import write_places

from journeyfold.adapters.places import Places
from journeyfold.collect.arrival import Arrival
from journeyfold.collect.envelope import Draft, Terms, draft
from journeyfold.collect.situation import language_of, local_hour
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import instant_us
from journeyfold.core.localtime import local
from journeyfold.project.load import load
from journeyfold.project.places import places_problems

NOON_US = instant_us("2026-07-01T12:00:00Z")
ALL = frozenset({"user_agent", "geo", "campaign", "language", "local_time"})
BERLIN = {
    "country": {"iso_code": "DE"},
    "subdivisions": [{"iso_code": "BE"}],
    "city": {"names": {"en": "Berlin", "de": "Berlin"}},
    "location": {"time_zone": "Europe/Berlin"},
}


@pytest.fixture
def file(tmp_path):
    write_places(tmp_path / "p.mmdb", {"203.0.113.64/26": BERLIN, "198.51.100.0/24": {"country": {"iso_code": "FR"}}})  # fmt: skip
    return tmp_path / "p.mmdb"


def context_of(file=None, *, enrich=ALL, given=None, **arrival):
    """What stands in the context of an event that came like this."""
    came = Arrival(received_us=NOON_US, auth="browser", **({"ip": "203.0.113.77"} | arrival))
    terms = Terms("web", enrich=enrich, place=Places(file).find if file else None)
    message = {"type": "track", "event": "Seen", "anonymousId": "a", "context": given or {}}
    made = draft(message, came, terms, "e")
    assert isinstance(made, Draft)
    return made.event.context


def test_the_place_is_looked_up_before_the_address_is_cut(file):
    context = context_of(file)
    assert context["geo"] == {
        "country": "DE",
        "region": "BE",
        "city": "Berlin",
        "zone": "Europe/Berlin",
        "by": "Test-City 2026-11-21",
    }
    assert context["ip"] == "203.0.113.0"


@pytest.mark.parametrize("ip", ["203.0.113.1", "192.0.2.1", "2001:db8::1", "nonsense", ""])
def test_an_address_that_is_not_in_the_file_has_no_place(file, ip):
    assert "geo" not in context_of(file, ip=ip)


def test_a_client_cannot_name_its_own_place(file):
    assert context_of(file, given={"geo": {"country": "US"}})["geo"]["country"] == "DE"
    assert "geo" not in context_of(ip="", given={"geo": {"country": "US"}, "derived": {"geo": "x"}})
    assert "derived" not in context_of(ip="", given={"derived": {"geo": "x"}})


def test_without_a_file_a_proxy_says_the_country():
    assert context_of(country="AT")["geo"] == {"country": "AT", "by": "proxy"}


@pytest.mark.parametrize("country", ["XX", "T1", "", "A1"])
def test_what_is_no_country_is_none(country):
    assert "geo" not in context_of(country=country)


def test_a_language_is_a_weak_sign_of_a_country():
    assert context_of(language="de-CH,de;q=0.9")["geo"] == {
        "country": "CH", "weak": True, "by": "language",
    }  # fmt: skip
    assert "geo" not in context_of(language="de")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("de-CH", ("de", "CH")),
        ("de_DE.UTF-8", ("de", "DE")),
        ("zh-Hant-TW", ("zh", "TW")),
        ("EN,de;q=0.5", ("en", "")),
        ("en;q=0.8", ("en", "")),
        ("*", ("", "")),
        ("", ("", "")),
        ("x" * 10_000, ("", "")),
    ],
)
def test_a_language_is_read_from_a_tag(text, found):
    assert language_of(text) == found


def test_the_language_says_where_it_was_read():
    spoken = context_of(language="fr-FR")
    assert (spoken["language"], spoken["derived"]["language"]) == ("fr", "accept-language")
    written = context_of(language="fr-FR", given={"locale": "de-AT"})
    assert (written["language"], written["derived"]["language"]) == ("de", "locale")


def test_the_local_hour_is_of_the_senders_zone_else_of_its_place(file):
    at_place = context_of(file)
    assert at_place["local_hour"] == 14
    assert at_place["derived"]["local_hour"].startswith("Europe/Berlin, tzdata 20")
    assert context_of(file, given={"timezone": "Asia/Kathmandu"})["local_hour"] == 17
    assert "local_hour" not in context_of(given={"timezone": "Mars/Olympus"})
    assert "local_hour" not in context_of()


def test_what_the_sender_says_itself_is_left_as_it_was(file):
    context = context_of(file, given={"local_hour": 3, "language": "nl", "locale": "de-DE"})
    assert (context["local_hour"], context["language"]) == (3, "nl")
    assert "derived" not in context


@pytest.mark.parametrize(
    ("off", "member"), [("geo", "geo"), ("language", "language"), ("local_time", "local_hour")]
)
def test_each_can_be_switched_off(file, off, member):
    given = {"timezone": "Europe/Berlin", "locale": "de-DE"}
    assert member in context_of(file, given=given)
    assert member not in context_of(file, given=given, enrich=ALL - {off})


def test_quarters_of_an_hour_are_the_hours_of_the_zone():
    for zone in ("Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "UTC"):
        for minute in range(0, 24 * 60, 7):
            at_us = NOON_US + minute * 60_000_000 + 59_999_999
            assert local_hour(at_us, zone) == local(at_us, zone).hour


def test_a_file_that_was_replaced_is_taken_up(file):
    places = Places(file)
    assert places.find("198.51.100.9")["country"] == "FR"
    write_places(file.with_suffix(".new"), {"198.51.100.0/24": {"country": {"iso_code": "BE"}}})
    file.with_suffix(".new").replace(file)
    places.refresh()
    assert places.find("198.51.100.9")["country"] == "BE"


def test_a_file_that_was_spoilt_leaves_the_old_one_in_use(file):
    places = Places(file)
    file.with_suffix(".new").write_bytes(b"no places")
    file.with_suffix(".new").replace(file)
    places.refresh()
    assert places.find("198.51.100.9")["country"] == "FR"


def test_a_file_that_is_none_is_one_sentence(tmp_path):
    (tmp_path / "p.mmdb").write_bytes(b"x" * 100)
    with pytest.raises(UsageError, match=r"server\.places: .* cannot be read"):
        Places(tmp_path / "p.mmdb")


@pytest.mark.parametrize(
    ("make", "says"), [(None, "is not there"), (b"cut", "or was cut"), ("good", None)]
)
def test_check_says_what_is_wrong_with_the_file(tmp_path, make, says):
    if make == "good":
        write_places(tmp_path / "p.mmdb", {"198.51.100.0/24": BERLIN})
    elif make is not None:
        (tmp_path / "p.mmdb").write_bytes(make)
    project = load({"journeyfold.yaml": "name: shop\nserver:\n  places: p.mmdb\n"})
    found = [str(each) for each in places_problems(project, tmp_path)]
    assert len(found) == (says is not None)
    assert all(each.startswith("journeyfold.yaml:3:3: P126 server.places: ") for each in found)
    assert all(says in each for each in found)
