"""What `/metrics` says of deliveries agrees with the rows and with what `work` wrote down."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from journeyfold.activate.lane_figures import FiguresFile, LaneFigures, read_figures
from journeyfold.activate.outbox import Row, ended
from journeyfold.core.effect import Deliver
from journeyfold.runtime import outbox
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.telemetry import StoreFigures, Telemetry


@pytest.fixture
def told(shop):
    """(name, labels) → value, over two rows for the mailbox and figures of a lane."""
    fold_to_head(shop)
    state = shop.open_state()
    due_us = shop.clock.now_us() - 90_000_000
    with state.write() as writer:
        for number in range(2):
            payload = {"kind": "message", "channel": "email"}
            row = Row(Deliver(f"m{number}", "email", "", due_us, "marketing", payload))
            outbox.put(writer, row if number else ended(row, "dead", "answered 550", due_us))
    figures = LaneFigures("mailbox", breaker="open")
    for latency_us in (900, 40_000, 60_000_000):
        figures.count("sent", latency_us)
    file = FiguresFile(shop.place.run)
    file.write([figures, LaneFigures("other")])
    file.write([figures])
    file.close()
    project = shop.project_in_force()
    stores = StoreFigures(shop.log, lambda: state, shop.place, shop.clock, lambda: project)
    text = Telemetry(stores).text().decode()
    state.close()
    return {
        (sample.name.removeprefix("journeyfold_"), *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_rows_are_counted_by_destination_and_state(told):
    assert told["outbox_rows", "dead", "mailbox"] == 1
    assert told["outbox_rows", "mailbox", "pending"] == 1
    assert told["outbox_pending",] == 1


def test_the_age_is_that_of_the_oldest_that_waits(told):
    assert 90 <= told["outbox_age_seconds", "mailbox"] < 120


def test_an_open_breaker_shows(told):
    assert told["destination_breaker", "mailbox"] == 2
    assert told["destination_paused", "mailbox"] == 0


def test_attempts_and_their_latency_add_up(told):
    assert told["delivery_attempts_total", "mailbox", "sent"] == 3
    assert told["delivery_seconds_count", "mailbox"] == 3
    assert told["delivery_seconds_bucket", "0.001", "mailbox"] == 1
    assert told["delivery_seconds_bucket", "0.05", "mailbox"] == 2
    assert told["delivery_seconds_sum", "mailbox"] == pytest.approx(60.0409)


def test_without_figures_there_are_none(tmp_path):
    assert read_figures(tmp_path) == {}
