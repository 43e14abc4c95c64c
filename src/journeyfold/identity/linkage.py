"""How records that share no identifier are compared: `linkage` of identity.yaml (identity 2.7).

What is compared, which pairs are looked at, and from which weight on somebody looks at them. A
column is a trait; what a pair must have in common is written in one small language:

    surname            both have the same
    surname[:4]        the same first four letters; `[1:4]` those after the first
    given_name=surname what one has as the first, the other has as the second, and the reverse
    birth_date~1       at most one edit apart
"""

from __future__ import annotations

import re
from functools import cached_property
from math import log2
from typing import Annotated, Literal, TypeAlias

import msgspec

from journeyfold.core.cron import read_cron

Measure: TypeAlias = Literal["name", "names", "date", "email", "postcode", "text", "exact"]
Share: TypeAlias = Annotated[float, msgspec.Meta(gt=0, lt=1)]

_AGREEMENT = re.compile(
    r"(?P<column>[a-z][a-z0-9_]*)"
    r"(?:\[(?P<start>\d{0,2}):(?P<stop>\d{0,2})\]|=(?P<other>[a-z][a-z0-9_]*)|~(?P<edits>[1-3]))?",
    re.ASCII,
)
_COLUMN = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_PAIR = re.compile(r"[a-z][a-z0-9_]*\+[a-z][a-z0-9_]*", re.ASCII)


class Agreement(msgspec.Struct, frozen=True):
    """One thing a pair has in common; `stop` 0 is the end of the text."""

    column: str
    start: int = 0
    stop: int = 0
    other: str = ""
    edits: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column, self.other) if self.other else (self.column,)


def agreement(text: str) -> Agreement:
    """Raises ValueError with the forms there are."""
    match = _AGREEMENT.fullmatch(text)
    if match is None:
        raise ValueError(
            f"'{text}' is nothing a pair can have in common; write surname, surname[:4], "
            "given_name=surname or birth_date~1"
        )
    start, stop = int(match["start"] or 0), int(match["stop"] or 0)
    if stop and stop <= start:
        raise ValueError(f"'{text}' is no part of a text; write {match['column']}[:4]")
    return Agreement(match["column"], start, stop, match["other"] or "", int(match["edits"] or 0))


class Compare(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much two values of a column agree.

    `edits`: Damerau distances, each a level of its own, instead of a measure. `tf`: agreeing on a
    rare value says more than on a common one. `format` is of dates (strptime). `whole` is a column
    with the full name, for `names`.
    """

    measure: Measure | None = None
    edits: tuple[Annotated[int, msgspec.Meta(ge=1, le=5)], ...] = ()
    tf: bool = True
    format: str = "%Y-%m-%d"
    whole: str = ""

    def __post_init__(self) -> None:
        if (self.measure is None) == (not self.edits):
            raise ValueError("a comparison says a measure or edits: {edits: [1, 2]}")
        if list(self.edits) != sorted(set(self.edits)):
            raise ValueError("edits: rise, as [1, 2]")
        if self.whole and self.measure != "names":
            raise ValueError("whole: belongs to names")


class Prior(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules that hold for hardly any pair but true ones, and the share of true pairs they find."""

    rules: Annotated[tuple[tuple[str, ...], ...], msgspec.Meta(min_length=1)]
    recall: Share = 0.8


class Bands(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which probability on a pair is looked at, and from which it is linked (identity B2)."""

    review_from: Share = 0.5
    auto_from: Share | None = None

    def __post_init__(self) -> None:
        if self.auto_from is not None and self.auto_from < self.review_from:
            raise ValueError("auto_from: is below review_from")

    def band(self, probability: float) -> Literal["auto", "review", "drop"]:
        if self.auto_from is not None and probability >= self.auto_from:
            return "auto"
        return "review" if probability >= self.review_from else "drop"


class Linkage(msgspec.Struct, frozen=True, dict=True, forbid_unknown_fields=True):
    """`compare` maps a column, or two names as `given_name+surname`, to a measure."""

    block_on: Annotated[tuple[tuple[str, ...], ...], msgspec.Meta(min_length=1)]
    compare: Annotated[dict[str, Measure | Compare], msgspec.Meta(min_length=1)]
    prior: Prior
    train_on: Annotated[tuple[tuple[str, ...], ...], msgspec.Meta(min_length=1)]
    bands: Bands = Bands()
    schedule: str = "30 2 * * *"  # crontab(5), in the project's zone
    max_pairs: Annotated[int, msgspec.Meta(ge=10_000, le=100_000_000)] = 1_000_000

    def __post_init__(self) -> None:
        read_cron(self.schedule)
        for key, rules in self._rules():
            for rule in rules:
                if not rule:
                    raise ValueError(f"{key}: a rule is empty")
                for text in rule:
                    agreement(text)
        for column, how in self.comparisons.items():
            for name in (*column.split("+"), *([how.whole] if how.whole else [])):
                if not _COLUMN.fullmatch(name):
                    raise ValueError(
                        f"compare: '{name}' is no column; lower-case letters, digits, `_`"
                    )
            if (how.measure == "names") != bool(_PAIR.fullmatch(column)):
                raise ValueError(
                    f"compare: names are of two columns, as given_name+surname; {column}"
                )

    def _rules(self) -> tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]:
        return (
            ("block_on", self.block_on),
            ("prior", self.prior.rules),
            ("train_on", self.train_on),
        )

    @cached_property
    def comparisons(self) -> dict[str, Compare]:
        return {
            column: how if isinstance(how, Compare) else Compare(how)
            for column, how in self.compare.items()
        }

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column that is looked at, in order of name."""
        found = {name for _, rules in self._rules() for rule in rules for name in _columns(rule)}
        for column, how in self.comparisons.items():
            found |= {*column.split("+"), *([how.whole] if how.whole else [])}
        return tuple(sorted(found))


def weight_of(probability: float) -> float:
    """log2 of the odds: 0 at 0.5, 6.63 at 0.99."""
    bounded = min(max(probability, 1e-12), 1 - 1e-12)
    return log2(bounded / (1 - bounded))


def _columns(rule: tuple[str, ...]) -> set[str]:
    return {name for text in rule for name in agreement(text).columns}
