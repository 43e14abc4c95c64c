"""People whose time has come: every journey of the shop has somebody within the hour."""

from journeyfold.core.instant import DAY_US, HOUR_US, instant_us
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.runtime.simulating import Span, simulate_events
from journeyfold.testing.lives import event_of
from journeyfold.testing.regulars import EACH, coming, past

NOW = 1_790_000_000_000_000
PROJECT = load(template_files("shop"))


def lived():
    told = [(instant_us(str(message["timestamp"])), message) for message in past("demo", NOW)]
    return [
        (at_us, event_of(message, at_us, "shop_web", "shop_server"))
        for at_us, message in [*told, *coming("demo", NOW)]
    ]


def entries(journey):
    span = Span(NOW, NOW + 2 * HOUR_US)
    lines = simulate_events(PROJECT, journey, lived(), span, 0)
    return [line for line in lines if line.what.startswith("entered")]


def test_the_past_is_told_in_order_and_is_older_than_sixty_days():
    times = [instant_us(str(message["timestamp"])) for message in past("demo", NOW)]
    assert times == sorted(times)
    assert times[-1] < NOW - 60 * DAY_US


def test_somebody_lapses_every_few_minutes():
    assert len(entries("win-back")) == EACH


def test_somebody_grows_quiet_every_few_minutes():
    assert len(entries("churn-risk")) == EACH


def test_somebody_becomes_a_vip_every_few_minutes():
    assert len(entries("vip-tier")) == EACH
