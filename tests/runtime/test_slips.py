"""The demo's visitors go wrong a little: some messages twice, some against their schema."""

from itertools import islice

import pytest
from house import SHOP

from journeyfold.core.event import Event
from journeyfold.quality.registry import load_registry
from journeyfold.runtime.slips import AMISS, TWICE, as_sent
from journeyfold.testing.shoppers import live

NOW_US = 1_790_000_000_000_000


@pytest.fixture(scope="module")
def traffic():
    """(as it was meant, as it was sent) of some hours."""
    messages = (message for _, message in live("demo", 500, NOW_US))
    return [(message, as_sent(message)) for message in islice(messages, 12_000)]


def test_about_one_in_400_is_sent_twice_and_is_the_same(traffic):
    twice = [sent for _, sent in traffic if len(sent) == 2]
    assert 0.5 * TWICE < len(twice) / len(traffic) < 1.6 * TWICE
    assert all(first == second for first, second in twice)


def test_about_one_in_400_has_a_text_where_a_number_was(traffic):
    changed = [(meant, sent[0]) for meant, sent in traffic if sent[0] != meant]
    assert 0.5 * AMISS / 2 < len(changed) / len(traffic) < 1.6 * AMISS / 2
    for meant, sent in changed:
        was, now = meant["properties"], sent["properties"]
        ((name, text),) = [(name, now[name]) for name in was if now[name] != was[name]]
        assert float(text.replace(",", ".")) == was[name]


def fits(message):
    event = Event(
        id="e", name=message["event"], type=message["type"], source="shop_web", identifiers=(),
        occurred_us=NOW_US, received_us=NOW_US, properties=message["properties"],
    )  # fmt: skip
    return load_registry(SHOP.schemas).validate(event)[1] == ()


def test_what_was_changed_does_not_fit_its_schema_any_more(traffic):
    changed = [(meant, sent[0]) for meant, sent in traffic if sent[0] != meant]
    assert all(fits(meant) and not fits(sent) for meant, sent in changed)


def test_the_message_that_was_meant_is_not_changed(traffic):
    meant = next(meant for meant, sent in traffic if sent[0] != meant)
    before = meant["properties"].copy()
    as_sent(meant)
    assert meant["properties"] == before


def test_the_same_message_has_the_same_slip(traffic):
    assert all(as_sent(meant) == sent for meant, sent in traffic[:500])
