"""What a scenario writes, as the events a sender would have sent."""

import pytest

from journeyfold.core.event import Identifier
from journeyfold.core.instant import instant_us
from journeyfold.project.given import identifier_of, instant_after, sent
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

SOURCES = load(template_files("shop")).sources
TEN = instant_us("2026-03-02T10:00:00Z")


def event_of(**given):
    return sent({"at": "2026-03-02T10:00:00Z", **given}, 1, None, SOURCES).event


def test_keys_that_are_no_key_are_identifiers():
    event = event_of(event="Page", anonymous_id="a", user_id=7)
    assert event.identifiers == (Identifier("anonymous_id", "a"), Identifier("user_id", "7"))


@pytest.mark.parametrize(
    ("given", "name", "kind"),
    [
        ({"event": "Bought"}, "Bought", "track"),
        ({"type": "page"}, "Page", "page"),
        ({"traits": {"a": 1}}, "Identify", "identify"),
        ({"consent": {"analytics": "denied"}}, "Consent Updated", "track"),
        ({"event": "Bought", "traits": {"a": 1}}, "Bought", "track"),
    ],
)
def test_name_and_type_follow_from_what_is_written(given, name, kind):
    event = event_of(**given)
    assert (event.name, event.type) == (name, kind)


def test_consent_is_stated_as_a_banner_would():
    event = event_of(consent={"analytics": "denied"})
    assert event.properties == {"purposes": {"analytics": "denied"}}


@pytest.mark.parametrize(
    ("source", "auth"),
    [(None, "browser"), ("shop_server", "server"), ("shop_orders", "import")],
)
def test_the_source_says_what_the_sender_may(source, auth):
    given = {} if source is None else {"source": source}
    event = event_of(event="x", **given)
    assert (event.source, event.context["auth"]) == (source or "shop_web", auth)


def test_ids_are_counted():
    assert [sent({"at": "2026-03-02"}, n, None, SOURCES).event.id for n in (1, 2)] == [
        "given-1", "given-2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "before", "instant"),
    [
        ("2026-03-02T10:00:00Z", None, TEN),
        ("+5m", TEN, TEN + 300_000_000),
        ("+0s", TEN, TEN),
        ("+5m", None, None),
        ("+5 minutes", TEN, None),
        ("yesterday", TEN, None),
    ],
)
def test_instants_are_absolute_or_after_the_event_before(text, before, instant):
    assert instant_after(text, before) == instant


def test_an_identifier_may_hold_colons():
    assert identifier_of("urn:a:b") == Identifier("urn", "a:b")
