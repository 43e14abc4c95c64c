"""What a scenario writes as `given` → the events a sender would have sent.

The keys beside `at`, `event`, `properties` … are kinds of identifiers: `anonymous_id: a1`.
Ids are counted, never random, so a scenario plays the same twice.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from journeyfold.core.event import Event, Identifier, Json
from journeyfold.core.instant import duration_us, instant_us
from journeyfold.sources.inventory import Source

KEYS = ("at", "event", "type", "source", "id", "properties", "traits", "context", "consent")
TYPES = {
    "track": "", "identify": "Identify", "page": "Page", "screen": "Screen", "group": "Group",
    "alias": "Alias",
}  # fmt: skip
"""Type of message → the event's name when the sender gives none (collect C19)."""
_AUTH = {
    "browser": "browser", "mobile": "browser", "server": "server", "webhook": "webhook",
    "import": "import", "cdc": "stream", "stream": "stream",
}  # fmt: skip


class Sent(msgspec.Struct, frozen=True):
    event: Event
    at_us: int


def instant_after(text: str, before_us: int | None) -> int | None:
    """`2026-03-02T10:00:00Z`, or `+5m` after the event before; None when it is neither."""
    if text.startswith("+"):
        span = duration_us(text[1:])
        return None if span is None or before_us is None else before_us + span
    return instant_us(text)


def sent(
    given: Mapping[str, Json], number: int, before_us: int | None, sources: Mapping[str, Source]
) -> Sent:
    """The event of one checked line of `given`; `number` counts them within the scenario."""
    at_us = instant_after(str(given.get("at", "+0s")), before_us)
    assert at_us is not None, "check has looked at every `at`"
    source = str(given.get("source") or default_source(sources))
    consent = given.get("consent")
    type_ = str(given.get("type") or _implied_type(given))
    properties = _map(given, "properties")
    if isinstance(consent, dict):
        properties = {"purposes": consent, **properties}
    kind = sources[source].kind if source in sources else "server"
    event = Event(
        id=str(given.get("id") or f"given-{number}"),
        name=str(given.get("event") or ("Consent Updated" if consent else TYPES[type_])),
        type=type_,
        source=source,
        identifiers=tuple(
            Identifier(key, str(value)) for key, value in given.items() if key not in KEYS
        ),
        occurred_us=at_us,
        received_us=at_us,
        properties=properties,
        traits=_map(given, "traits"),
        context={**_map(given, "context"), "auth": _AUTH[kind]},
    )
    return Sent(event, at_us)


def default_source(sources: Mapping[str, Source]) -> str:
    """The first browser source by name, else the first server source, else the first."""
    for kind in ("browser", "server"):
        for name in sorted(sources):
            if sources[name].kind == kind:
                return name
    return min(sources, default="given")


def identifier_of(text: str) -> Identifier:
    """`user_id:ann`; the value may hold more colons."""
    kind, _, value = text.partition(":")
    return Identifier(kind, value)


def first_identifier(given: Mapping[str, Json]) -> Identifier | None:
    for key, value in given.items():
        if key not in KEYS:
            return Identifier(key, str(value))
    return None


def _implied_type(given: Mapping[str, Json]) -> str:
    return "identify" if "traits" in given and "event" not in given else "track"


def _map(given: Mapping[str, Json], key: str) -> dict[str, Json]:
    value = given.get(key)
    return value if isinstance(value, dict) else {}
