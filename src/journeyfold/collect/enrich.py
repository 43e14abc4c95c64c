"""What the door adds to an event's context, once, and never on replay (collect C48).

The user agent becomes device, system, browser and whether it is a bot; campaign tags and click ids
of the page's address become `context.campaign`; place, language and local hour are of
`collect/situation.py`, coordinates and the weather of `collect/whereabouts.py`. The place is looked up before an address is cut to its network (collect C28).
Each is a cached pure function of text, so that a hot sender costs a look-up.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from journeyfold.collect.arrival import Arrival
from journeyfold.collect.json_entry import Members
from journeyfold.collect.situation import language_of, local_hour, place_of
from journeyfold.collect.whereabouts import Weather, cut, geocell_in
from journeyfold.core.event import Json
from journeyfold.core.localtime import tz_version

if TYPE_CHECKING:
    from journeyfold.collect.envelope import Terms

CLICK_IDS = frozenset({
    "gclid", "gbraid", "wbraid", "dclid", "fbclid", "msclkid", "ttclid", "twclid", "li_fat_id",
    "yclid", "epik", "sccid", "rdt_cid", "irclickid",
})  # fmt: skip
UTM = {"utm_source": "source", "utm_medium": "medium", "utm_campaign": "name",
       "utm_term": "term", "utm_content": "content", "utm_id": "id"}  # fmt: skip
VALUE_MAX = 256  # characters kept of a tag: it is anybody's text
AGENT_MAX = 1024  # a longer user agent is nobody's browser

_LIBRARY = re.compile(r"(Python-urllib|Java)/[\d._]+$")
"""What a shop's own program says of itself without being asked; no crawler goes by it."""

_PHONE_SYSTEMS = frozenset({"iOS", "Android", "Windows Phone", "KaiOS"})


SITUATION = frozenset({"geo", "language", "local_time"})


def enrich(context: Members, arrival: Arrival, terms: Terms, at_us: int) -> None:
    """Adds to a context that is the event's own; it happened `at_us`."""
    ip = context.get("ip", arrival.ip if arrival.is_client else "")
    if not SITUATION.isdisjoint(terms.enrich):
        _situate(context, arrival, terms, ip if type(ip) is str else "", at_us)
    if type(ip) is str and ip:
        context["ip"] = ip if terms.keeps_whole_ip else network_of(ip)
    elif "ip" in context:
        del context["ip"]
    location = context.get("location")
    if type(location) is dict and not terms.keeps_whole_location:
        context["location"] = location = cut(location)
    if terms.weather is not None and "weather" in terms.enrich and "weather" not in context:
        _observe(context, location, terms.weather, at_us)
    if "user_agent" in terms.enrich:
        agent = context.get("userAgent") or (arrival.user_agent if arrival.is_client else "")
        if type(agent) is str and 0 < len(agent) <= AGENT_MAX:
            context["agent"] = dict(agent_of(agent))
    if "campaign" in terms.enrich:
        page = context.get("page")
        if type(page) is dict and (found := _campaign(page)):
            given = context.get("campaign")
            context["campaign"] = {**found, **given} if type(given) is dict else dict(found)
            _derived(context)["campaign"] = "page"


def _situate(context: Members, arrival: Arrival, terms: Terms, ip: str, at_us: int) -> None:
    said = context.get("locale")
    spoken = said if type(said) is str else arrival.language
    if "language" in terms.enrich and "language" not in context:
        language = language_of(spoken)[0] if spoken else ""
        if language:
            context["language"] = language
            _derived(context)["language"] = "locale" if spoken is said else "accept-language"
    place = place_of(ip, arrival.country, spoken, terms.place) if "geo" in terms.enrich else None
    if place is not None:
        context["geo"] = place
    if "local_time" in terms.enrich and "local_hour" not in context:
        own = context.get("timezone")
        zone = own if type(own) is str else place.get("zone") if place else None
        hour = local_hour(at_us, zone) if type(zone) is str else None
        if hour is not None:
            context["local_hour"] = hour
            _derived(context)["local_hour"] = f"{zone}, tzdata {_zones()}"


def _observe(context: Members, location: Json, weather: Weather, at_us: int) -> None:
    cell = geocell_in(location, context.get("geo"))
    found = weather(cell, at_us) if cell else None
    if found is not None:
        by = found.pop("by")
        context["weather"] = found
        _derived(context)["weather"] = f"{cell}, {by}"


def _derived(context: Members) -> Members:
    """Which members were not sent but made here, and of what (collect C48)."""
    found = context.setdefault("derived", {})
    assert isinstance(found, dict), "a sender's own was taken out"
    return found


@cache
def _zones() -> str:
    return tz_version()


@lru_cache(maxsize=20_000)
def network_of(ip: str) -> str | None:
    """The /24 or /48 an address is in (collect C28); None for what is no address."""
    try:
        address = ip_address(ip.strip())
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    keep = 24 if address.version == 4 else 48
    whole = int(address) >> (address.max_prefixlen - keep) << (address.max_prefixlen - keep)
    return str(type(address)(whole))


@lru_cache(maxsize=20_000)
def agent_of(text: str) -> dict[str, Json]:
    """Device type, system, browser and bot of a user agent, with who says so."""
    from ua_parser import VERSION, parse

    result = parse(text)
    system = result.os.family if result.os else None
    browser = result.user_agent.family if result.user_agent else None
    family = result.device.family if result.device else None
    if _LIBRARY.match(text):
        family = None
    is_bot = family == "Spider" or "Headless" in (browser or "")
    provider = "ua-parser " + ".".join(str(part) for part in VERSION[:3])
    return {
        "device": _device(is_bot, system, family, text),
        "os": system,
        "browser": browser,
        "bot": is_bot,
        "by": provider,
    }


def _device(is_bot: bool, system: str | None, family: str | None, text: str) -> str:  # noqa: FBT001 - a fact, not a switch
    if is_bot:
        return "bot"
    if system is None and family is None:
        return "other"
    if family == "iPad" or (system == "Android" and "Mobile" not in text):
        return "tablet"
    return "phone" if system in _PHONE_SYSTEMS else "desktop"


def _campaign(page: Members) -> dict[str, Json] | None:
    query = page.get("search")
    if type(query) is not str or len(query) < 2:
        url = page.get("url")
        query = url.partition("?")[2] if type(url) is str else ""
    return campaign_of(query.partition("#")[0]) if "=" in query else None


@lru_cache(maxsize=20_000)
def campaign_of(query: str) -> dict[str, Json] | None:
    """Campaign tags and click ids of a query string, the first of each; None without any."""
    found: dict[str, Json] = {}
    try:
        pairs = parse_qsl(query.lstrip("?"), max_num_fields=200)
    except ValueError:  # more fields than anyone's page has
        return None
    for key, value in pairs:
        name = UTM.get(key) or (key if key in CLICK_IDS else None)
        if name is not None and name not in found:
            found[name] = value[:VALUE_MAX]
    return found or None
