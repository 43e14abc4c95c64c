"""What the door of a running platform adds to an event, and how it is switched off (C48, C49)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import live
import pytest
from mmdb_kit import Double, write_places

from journeyfold.runtime.workspace import Workspace, place_of

SETTINGS = """name: shop
server:
  trusted_proxies: [127.0.0.0/8]
  places: places.mmdb
  weather: weather.csv
"""
SOURCE = """kind: browser
basis: contract
purposes: [analytics]
keys: [{key}]
plan: {{unknown_event: allow}}
"""
OFF = "enrich: [{left}]\n"
EACH = ("user_agent", "geo", "campaign", "language", "local_time", "weather")
MADE_BY = {
    "user_agent": "agent", "geo": "geo", "campaign": "campaign", "language": "language",
    "local_time": "local_hour", "weather": "weather",
}  # fmt: skip
BERLIN = {
    "country": {"iso_code": "DE"},
    "city": {"names": {"en": "Berlin"}},
    "location": {
        "time_zone": "Europe/Berlin", "latitude": Double(52.5163), "longitude": Double(13.3777),
    },
}  # fmt: skip
BROWSER = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
)
PAGE = {"url": "https://shop.example/?utm_source=news&utm_campaign=summer&gclid=x1"}


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """Source → the event it took; `all` adds everything, the others
    everything but what they are called after.
    """
    shop = tmp_path_factory.mktemp("enrichment") / "shop"
    (shop / "sources").mkdir(parents=True)
    (shop / "journeyfold.yaml").write_text(SETTINGS)
    write_places(shop / "places.mmdb", {"203.0.113.0/24": BERLIN})
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [(now + timedelta(hours=each)).isoformat() for each in range(-1, 3)]
    lines = [f'"52.5,13.4",{hour},rain,14.5\n' for hour in hours]
    (shop / "weather.csv").write_text("geocell,hour,condition,temp_c\n" + "".join(lines))
    for name in ("all", *EACH):
        left = ", ".join(each for each in EACH if each != name)
        text = SOURCE.format(key=f"key_of_{name}")
        (shop / "sources" / f"{name}.yaml").write_text(
            text if name == "all" else text + OFF.format(left=left)
        )
    running = live.start(shop)
    try:
        for name in ("all", *EACH):
            send(running, f"key_of_{name}")
    finally:
        running.stop()
    workspace = Workspace(place_of(shop, None))
    events = [each.event for each in workspace.log.read(-1, 1_000) if each.kind == "event"]
    workspace.close()
    return {event.source: event for event in events}


@pytest.fixture(scope="module")
def contexts(taken):
    return {source: event.context for source, event in taken.items()}


def send(running, key):
    message = {
        "anonymousId": "a", "event": "Seen", "context": {"page": PAGE},
    }  # fmt: skip
    sent = httpx.post(
        f"{running.url}/v1/track", json=message, auth=(key, ""), timeout=30, trust_env=False,
        headers={
            "user-agent": BROWSER, "x-forwarded-for": "203.0.113.77", "accept-language": "de-DE",
        },
    )  # fmt: skip
    assert (sent.status_code, sent.json()["appended"]) == (200, 1)


def test_the_user_agent_becomes_device_system_and_browser(contexts):
    agent = contexts["all"]["agent"]
    assert (agent["device"], agent["os"], agent["browser"]) == ("phone", "iOS", "Mobile Safari")
    assert agent["by"].startswith("ua-parser ")


def test_the_address_becomes_a_place_and_is_cut(contexts):
    geo = contexts["all"]["geo"]
    assert (geo["country"], geo["city"], geo["geocell"]) == ("DE", "Berlin", "52.5,13.4")
    assert geo["by"].startswith("Test-City ")
    assert contexts["all"]["ip"] == "203.0.113.0"


def test_the_address_of_the_page_becomes_a_campaign(contexts):
    assert contexts["all"]["campaign"] == {"source": "news", "name": "summer", "gclid": "x1"}
    assert contexts["all"]["derived"]["campaign"] == "page"


def test_the_language_is_the_one_the_browser_asks_for(contexts):
    assert contexts["all"]["language"] == "de"
    assert contexts["all"]["derived"]["language"] == "accept-language"


def test_the_hour_is_the_one_of_the_place(taken, contexts):
    at = datetime.fromtimestamp(taken["all"].occurred_us / 1e6, ZoneInfo("Europe/Berlin"))
    assert contexts["all"]["local_hour"] == at.hour
    assert contexts["all"]["derived"]["local_hour"].startswith("Europe/Berlin, tzdata ")


def test_the_weather_is_the_one_of_the_place_and_the_hour(contexts):
    assert contexts["all"]["weather"]["condition"] == "rain"
    assert contexts["all"]["derived"]["weather"].startswith("52.5,13.4, weather.csv ")


@pytest.mark.parametrize("off", EACH)
def test_a_source_may_leave_out_each_of_them(contexts, off):
    context = contexts[off]
    made = {each for each in EACH if MADE_BY[each] in context}
    needs_a_place = {"local_time", "weather"} if off == "geo" else set()
    assert made == set(EACH) - {off} - needs_a_place
    assert MADE_BY[off] not in context.get("derived", {})
