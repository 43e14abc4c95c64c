"""How a match weight comes about, step by step: an SVG in the page, and the same as rows (X6).

Bars start where the one before ended: the prior first, then what each comparison adds or takes, then
the sum. Zero is one half. Colours are classes and words stand beside each bar, so nothing is said
by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

from journeyfold.identity.review import Step

_ROW, _BAR, _WORDS = 34, 12, 15


class Fall(msgspec.Struct, frozen=True):
    """One bar, from one weight to another; `is_sum` begins at zero."""

    name: str
    says: str
    weight: float
    start: float
    stop: float
    is_sum: bool = False

    @property
    def signed(self) -> str:
        return signed(self.weight)


def falls(prior: float, steps: Sequence[Step]) -> list[Fall]:
    """The prior, each step, and the sum."""
    found = [Fall("before", "two records at random", prior, 0.0, prior)]
    at = prior
    for column, says, weight in steps:
        found.append(
            Fall(column.replace("_and_", ", ").replace("_", " "), says, weight, at, at + weight)
        )
        at += weight
    return [*found, Fall("together", "", at, 0.0, at, is_sum=True)]


def waterfall(bars: Sequence[Fall], label: str) -> Markup:
    """Text is never scaled: it stands at percent positions, the data in an inner svg."""
    low = min(0.0, *(min(bar.start, bar.stop) for bar in bars))
    high = max(0.0, *(max(bar.start, bar.stop) for bar in bars))
    wide = (high - low) * 1.04 or 1.0
    zero = 100 * (0.0 - low) / wide
    height = _ROW * len(bars)
    body = [
        Markup('<line class="zero" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>').format(_n(zero), height)
    ]
    for row, bar in enumerate(bars):
        body.append(_bar(bar, row, low, wide))
    return Markup('<svg class="plot" height="{}" role="img" aria-label="{}">{}</svg>').format(
        height, label, Markup("").join(body)
    )


def signed(weight: float) -> str:
    """With a true minus."""
    return f"{'−' if weight < 0 else '+'}{abs(weight):.1f}"  # noqa: RUF001 - look.md section 3


def _bar(bar: Fall, row: int, low: float, wide: float) -> Markup:
    left = 100 * (min(bar.start, bar.stop) - low) / wide
    long = max(100 * abs(bar.stop - bar.start) / wide, 0.3)
    css = "f-acc" if bar.is_sum else "f1" if bar.weight >= 0 else "f-warn"
    top = row * _ROW
    says = f"{bar.name}: {bar.says}" if bar.says else bar.name
    return Markup(
        '<text class="halo" x="0" y="{0}">{1}</text>'
        '<text class="halo" x="100%" y="{0}" text-anchor="end">{2}</text>'
        '<rect class="{3}" x="{4}%" y="{5}" width="{6}%" height="{7}" rx="2"/>'
    ).format(top + _WORDS - 3, says, bar.signed, css, _n(left), top + _WORDS, _n(long), _BAR)


def _n(number: float) -> str:
    return f"{number:.2f}"
