"""Coordinates cut to a tenth of a degree, and the weather there (collect C49)."""

import os

import pytest
from mmdb_kit import Double, write_places

from journeyfold.adapters.places import Places
from journeyfold.adapters.weather import WeatherTable
from journeyfold.collect.arrival import Arrival
from journeyfold.collect.envelope import Draft, Terms, draft
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import instant_us
from journeyfold.project.load import load
from journeyfold.project.places import places_problems

NOON_US = instant_us("2026-07-01T12:00:00Z")
ALL = frozenset({"geo", "weather"})
HEAD = "geocell,hour,condition,temp_c\n"
RAIN = '"52.5,13.4",2026-07-01T12:00:00Z,rain,14.5\n'
BERLIN = {"latitude": 52.5163, "longitude": 13.3777}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "weather.csv"
    path.write_text(HEAD + RAIN)
    os.utime(path, (1_782_900_000, 1_782_900_000))  # 2026-07-01
    return WeatherTable(path)


def context_of(given, *, weather=None, at="2026-07-01T12:34:56Z", enrich=ALL, **terms):
    """What stands in the context of an event that came like this."""
    found = Terms("web", enrich=enrich, weather=weather and weather.find, **terms)
    message = {
        "type": "track", "event": "Seen", "anonymousId": "a", "context": given, "timestamp": at,
    }  # fmt: skip
    arrival = Arrival(received_us=NOON_US + 3_600_000_000, auth="browser", ip="203.0.113.77")
    made = draft(message, arrival, found, "e")
    assert isinstance(made, Draft)
    return made.event.context


def test_coordinates_are_cut_to_a_tenth_of_a_degree():
    located = context_of({"location": {**BERLIN, "place": "Mitte"}})["location"]
    assert located == {"latitude": 52.5, "longitude": 13.4, "place": "Mitte"}


def test_a_source_may_keep_whole_coordinates():
    located = context_of({"location": BERLIN}, keeps_whole_location=True)["location"]
    assert located == BERLIN


def test_coordinates_of_a_pixel_are_text_and_cut_too():
    located = context_of({"location": {"latitude": "52.5163", "longitude": "-0.02"}})["location"]
    assert located == {"latitude": 52.5, "longitude": 0.0}


@pytest.mark.parametrize(
    "given", [{}, {"latitude": 1.23}, {"latitude": 99.9, "longitude": 1.23}, {"latitude": "x"}]
)
def test_what_are_no_coordinates_is_left_as_it_was(given, table):
    assert context_of({"location": given}, weather=table)["location"] == given


def test_the_weather_is_that_of_the_place_and_the_hour_and_says_where_it_is_from(table):
    context = context_of({"location": BERLIN}, weather=table)
    assert context["weather"] == {"condition": "rain", "temp_c": 14.5, "observed_us": NOON_US}
    assert context["derived"]["weather"] == "52.5,13.4, weather.csv 2026-07-01"


def test_the_place_may_be_the_one_of_the_address(table, tmp_path):
    spot = {name: Double(value) for name, value in BERLIN.items()}
    write_places(tmp_path / "p.mmdb", {"203.0.113.0/24": {"location": spot}})
    place = Places(tmp_path / "p.mmdb").find
    context = context_of({}, weather=table, place=place)
    assert context["geo"]["geocell"] == "52.5,13.4"
    assert context["weather"]["condition"] == "rain"


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"location": {"latitude": 48.1, "longitude": 11.6}}, "2026-07-01T12:34:56Z"),
        ({"location": BERLIN}, "2026-07-01T11:59:59Z"),
        ({"location": "Berlin"}, "2026-07-01T12:34:56Z"),
        ({}, "2026-07-01T12:34:56Z"),
    ],
)
def test_what_the_table_does_not_have_is_nothing(table, given, at):
    assert "weather" not in context_of(given, weather=table, at=at)


def test_what_the_sender_says_of_the_weather_stays(table):
    context = context_of({"location": BERLIN, "weather": {"condition": "fog"}}, weather=table)
    assert context["weather"] == {"condition": "fog"}
    assert "derived" not in context


def test_the_weather_can_be_switched_off(table):
    context = context_of({"location": BERLIN}, weather=table, enrich=ALL - {"weather"})
    assert "weather" not in context


def test_a_table_that_was_replaced_is_taken_up_and_a_damaged_one_is_not(table, tmp_path):
    path = tmp_path / "weather.csv"
    path.write_text(HEAD + RAIN.replace("rain", "thunderstorm"))
    table.refresh()
    table.settle()
    assert table.find("52.5,13.4", NOON_US)["condition"] == "thunderstorm"
    path.write_text("nonsense")
    table.refresh()
    table.settle()
    assert table.find("52.5,13.4", NOON_US)["condition"] == "thunderstorm"


def test_what_is_wrong_with_a_table_that_came_later_is_said(tmp_path):
    said, path = [], tmp_path / "weather.csv"
    path.write_text(HEAD + RAIN)
    table = WeatherTable(path, said.append)
    path.write_text(HEAD + RAIN + RAIN.replace("14.5", "mild"))
    table.refresh()
    table.settle()
    (sentence,) = said
    assert "line 3 says temp_c 'mild'" in sentence
    assert sentence.endswith("; what was read before stays in use")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("geocell,hour\n", "has no column condition, temp_c"),
        (HEAD + "52.5,13.4,2026-07-01T12:00:00Z,rain,14.5\n", "line 2 says '52.5' at '13.4'"),
        (HEAD + RAIN + '"1.0,2.0",2026-07-01T12:00:00Z,rain\n', "line 3 has 3 cells, not 4"),
        (HEAD + RAIN.replace("14.5", "mild"), "temp_c 'mild'"),
        (b"geocell,hour,condition,temp_c\n\xff\xfe", "no CSV in UTF-8"),
    ],
)
def test_a_table_that_is_none_is_one_sentence(tmp_path, text, says):
    path = tmp_path / "weather.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=rf"server\.weather: .*{says}"):
        WeatherTable(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "is not there"), ("geocell,hour\n", "has no column condition"), (HEAD, None)],
)
def test_check_says_what_is_wrong_with_the_table(tmp_path, text, says):
    if text is not None:
        (tmp_path / "w.csv").write_text(text)
    project = load({"journeyfold.yaml": "name: shop\nserver:\n  weather: w.csv\n"})
    found = [str(each) for each in places_problems(project, tmp_path)]
    assert len(found) == (says is not None)
    assert all(each.startswith("journeyfold.yaml:3:3: P126 server.weather: ") for each in found)
    assert all(says in each for each in found)
