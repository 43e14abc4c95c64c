"""Cleaning of an identify event with a phone, an e-mail address, a date and a country.

Warm: values that came before, as most do. Cold: every value for the first time. Time is the
process's processor time. The baseline is folding the traits of the same events without steps.
"""

from __future__ import annotations

import os
import time

from figure import report

from journeyfold.core.event import Event
from journeyfold.core.profile import Profile
from journeyfold.profile.traits import fold_traits
from journeyfold.quality.cleaners import chain_of
from journeyfold.quality.steps import Steps

QUICK = bool(os.environ.get("JOURNEYFOLD_BENCH_QUICK"))
COLD, WARM = (1_000, 20_000) if QUICK else (5_000, 200_000)
SPECS = {
    "traits.phone": {"phone": {"region": "DE"}},
    "traits.email": "email",
    "traits.birth_date": {"date": ["%d.%m.%Y"]},
    "traits.country": "country",
}


def steps() -> Steps:
    return Steps("crm", {path: chain_of(spec) for path, spec in SPECS.items()})


def identify(number: int) -> Event:
    traits = {
        "phone": f"030 {9_000_000 + number}",
        "email": f"Person.{number}@Shop{number % 900}.Example.COM",
        "birth_date": f"{1 + number % 28:02}.{1 + number % 12:02}.{1940 + number % 60}",
        "country": ("Germany", "deu", "Österreich", "the Netherlands")[number % 4],
    }
    return Event(
        id=f"e{number}", name="Identify", type="identify", source="crm", identifiers=(),
        occurred_us=number, received_us=number, traits=traits,
    )  # fmt: skip


def each_us(made: Steps, events: list[Event]) -> float:
    started = time.process_time()
    for event in events:
        made.cleaned(event)
    return (time.process_time() - started) / len(events) * 1e6


def folding_us(events: list[Event]) -> float:
    started = time.process_time()
    for event in events:
        fold_traits(Profile("p_a"), event, "00", {})
    return (time.process_time() - started) / len(events) * 1e6


def main() -> None:
    made = steps()
    made.cleaned(identify(-1))  # libraries are loaded once in a process
    fresh = [identify(number) for number in range(COLD)]
    cold = each_us(made, fresh)
    again = [fresh[number % 500] for number in range(WARM)]
    each_us(made, again[:500])
    warm = each_us(made, again)
    base = folding_us(again)
    report("clean_cold_us", cold, "us/event", goal=350, better="lower", baseline=base)
    report("clean_warm_us", warm, "us/event", goal=20, better="lower", baseline=base)


if __name__ == "__main__":
    main()
