"""The counters of `/metrics` add up to the log (REL-10)."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.runtime.telemetry import StoreFigures, Telemetry
from journeyfold.runtime.work import fold_loop

NOW_US = 1_790_000_000_000_000


@pytest.fixture
def workspace(shop):
    """A log with an order twice, a consent over the API, a decision, and what the fold found."""
    shop = shop
    append(shop, "e1", "Order Completed", "shop_server")
    append(shop, "e1", "Order Completed", "shop_server")
    append(shop, "c1", "Consent Updated", "_api", "consent")
    append(shop, "d1", "Decided", "_decide", "decision")
    shop.log.append([], now_us=NOW_US, rejected=[("shop_web", 2)])
    state = shop.open_state()
    fold_loop(shop, state).batch(100)
    state.close()
    return shop


def append(workspace, id_, name, source, kind="event"):
    event = Event(
        id=id_, name=name, type="track", source=source,
        identifiers=(Identifier("anonymous_id", "a1"),), occurred_us=NOW_US, received_us=NOW_US,
        context={"auth": "server"},
    )  # fmt: skip
    workspace.log.append([Entry(event, kind)], now_us=NOW_US)


def counted(workspace, metric):
    """(source, result) → number."""
    figures = StoreFigures(workspace.log, lambda: None, workspace.place, workspace.clock)
    text = Telemetry(figures).text().decode()
    return {
        (sample.labels["source"], sample.labels["result"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"journeyfold_{metric}_total"
    }


def test_what_came_over_the_api_has_a_series(workspace):
    assert counted(workspace, "events_received")["_api", "appended"] == 1


def test_messages_are_counted_by_source_and_fate(workspace):
    received = counted(workspace, "events_received")
    assert received["shop_server", "appended"] == 1
    assert received["shop_server", "duplicate"] == 1
    assert received["shop_web", "rejected"] == 2


def test_nobody_sent_what_the_platform_made(workspace):
    assert {source for source, _ in counted(workspace, "events_received")} == {
        "shop_server", "shop_web", "_api",
    }  # fmt: skip
    assert counted(workspace, "records_own")["_decide", "appended"] == 1


def test_what_was_appended_adds_up_to_the_log(workspace):
    both = [counted(workspace, name) for name in ("events_received", "records_own")]
    appended = sum(n for each in both for (_, result), n in each.items() if result == "appended")
    assert appended == workspace.log.head()[0] + 1
