"""The overview's chart: records per second today against the same day last week, or over a range.

A log younger than a few hours is drawn from its first record on. A burst that would flatten the
rest (an import of history) is cut at the top of the scale and said in words.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

from journeyfold.api.read import edges_of
from journeyfold.console import wording
from journeyfold.console.ask import Ask
from journeyfold.console.svg import Line, Mark, line_chart
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, SECOND_US

PARTS = 48
YOUNG_US = 4 * HOUR_US
BURST = 6  # times what nine parts of ten stay under


class Chart(msgspec.Struct, frozen=True):
    """The picture and the same numbers as rows: (from, records per second, a week before)."""

    picture: Markup
    rows: list[tuple[str, str, str]]
    title: str
    is_compared: bool


class _Span(msgspec.Struct, frozen=True):
    """The axis from start to end, in steps; `done` of it has passed."""

    start_us: int
    end_us: int
    step_us: int
    done: float
    title: str


def rate_chart(ask: Ask, days: int) -> Chart:
    span = _span(ask, days)
    edges = edges_of(span.start_us, ask.now_us, span.step_us)
    running = _rates(ask, edges)
    before = _week_before(ask, span) if not days and span.done < 1 else []
    top, marks = _burst(ask, running, edges, span)
    lines = [
        Line(
            [min(rate, top) for rate in running],
            "st1",
            "today" if before else "",
            upto=span.done,
            label_in=(0.08, 0.7 * span.done),
        )
    ]
    if before:
        weekday = f"last {ask.dates.local(span.start_us):%A}"
        free = (span.done + 0.1, 0.9) if span.done < 0.75 else (0.0, 0.2)
        compared = [min(rate, top) for rate in before]
        lines.append(Line(compared, "st0", weekday, dashed=True, label_in=free))
    picture = line_chart(
        lines,
        label=f"Records per second, now {wording.rate(running[-1])}",
        unit="/s",
        ticks=_ticks(ask, span, days),
        marks=marks,
        now=(span.done, f"now {ask.dates.clock(ask.now_us)}"),
    )
    return Chart(picture, _rows(ask, edges, running, before), span.title, bool(before))


def top_of(rates: Sequence[float]) -> float:
    """The highest value, or where a burst is cut that would flatten what came in the later half."""
    lately = rates[len(rates) // 2 :]
    some = sorted(rate for rate in lately if rate > 0)
    calm = some[int(0.85 * (len(some) - 1))] if some else 0.0
    peak = max(rates, default=0.0)
    return 1.6 * calm if 0 < BURST * calm < peak else max(peak, 1e-9)


def _span(ask: Ask, days: int) -> _Span:
    first = ask.desk.log.read(-1, 1)
    if not days and first and 0 <= ask.now_us - first[0].appended_us < YOUNG_US:
        start_us = first[0].appended_us // SECOND_US * SECOND_US
        step_us = max(2 * SECOND_US, (ask.now_us - start_us) // PARTS)
        since = f"since the first record at {ask.dates.clock(start_us)}"
        return _Span(start_us, ask.now_us, step_us, 1.0, since)
    start_us = ask.dates.midnight(days)
    end_us = start_us + (days + 1) * DAY_US
    done = (ask.now_us - start_us) / (end_us - start_us)
    return _Span(start_us, end_us, (end_us - start_us) // PARTS, done, ask.dates.zone)


def _rates(ask: Ask, edges: Sequence[int]) -> list[float]:
    """Per second in each part; two values at least, so that there is a line."""
    rates = [
        count * SECOND_US / max(after - before, 1)
        for count, before, after in zip(
            ask.offsets.between(edges), edges[:-1], edges[1:], strict=True
        )
    ]
    return rates if len(rates) > 1 else [0.0, *rates]


def _week_before(ask: Ask, span: _Span) -> list[float]:
    start_us = span.start_us - 7 * DAY_US
    rates = _rates(ask, edges_of(start_us, start_us + DAY_US, span.step_us))
    return rates if any(rates) else []


def _burst(
    ask: Ask, rates: Sequence[float], edges: Sequence[int], span: _Span
) -> tuple[float, list[Mark]]:
    """The highest rate to draw, and the words for what is cut off there."""
    peak, top = max(rates), top_of(rates)
    if peak <= top:
        return top, []
    at = rates.index(peak)
    x = span.done * at / (len(rates) - 1)
    when = ask.dates.clock(edges[min(at, len(edges) - 1)])
    text = f"{when}: up to {wording.rate(peak)} /s, beyond the scale"
    return top, [Mark(x, text)]


def _ticks(ask: Ask, span: _Span, days: int) -> list[tuple[float, str]]:
    parts = [
        (part / 4, span.start_us + part * (span.end_us - span.start_us) // 4) for part in range(5)
    ]
    if days:
        return [(at, ask.dates.date(us)) for at, us in parts]
    is_short = span.end_us - span.start_us < 10 * MINUTE_US
    said = ask.dates.seconds if is_short else ask.dates.clock
    words = [(at, said(us)) for at, us in parts]
    return [*words[:-1], (1.0, "24:00")] if span.done < 1 else words


def _rows(
    ask: Ask, edges: Sequence[int], running: Sequence[float], before: Sequence[float]
) -> list[tuple[str, str, str]]:
    is_short = edges[-1] - edges[0] < 10 * MINUTE_US
    return [
        (
            ask.dates.seconds(edges[index]) if is_short else ask.dates.when(edges[index]),
            wording.rate(running[index]),
            wording.rate(before[index]) if index < len(before) else "",
        )
        for index in range(min(len(running), len(edges) - 1) - 1, -1, -1)
    ]
