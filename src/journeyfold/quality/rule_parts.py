"""What the keys of a rule hold: columns, bounds, other datasets (quality Q11, section 3)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
import re2

Column: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_ ]*(\.[A-Za-z_][A-Za-z0-9_ ]*)*$")
]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Span: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]*(s|m|h|d|w)$", examples=["3d"])]
Far: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^.+\.[A-Za-z_][A-Za-z0-9_]*$", examples=["catalog.sku"])
]
"""Another dataset and its column."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    column: Column


class Matches(_Part, frozen=True):
    pattern: str

    def __post_init__(self) -> None:
        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(self.pattern, options)
        except re2.error as error:
            reason = error.args[0] if error.args else error
            text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
            raise ValueError(f"pattern: {text}") from None


class OneOf(_Part, frozen=True):
    values: Annotated[tuple[str | float | bool, ...], msgspec.Meta(min_length=1)]


class Range(_Part, frozen=True):
    min: float | None = None
    max: float | None = None

    def __post_init__(self) -> None:
        if self.min is None and self.max is None:
            raise ValueError("range: says min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"range: min {self.min} is above max {self.max}")


class IsKind(_Part, frozen=True, rename={"is_": "is"}):
    is_: Literal["number", "integer", "boolean", "date", "instant"]


class References(_Part, frozen=True):
    """`to`: another dataset and its column, as `catalog.sku`."""

    to: Far


class Accurate(_Part, frozen=True):
    """The value agrees with that of a reference: `to` is its column, `key` finds the row (the same
    name on both sides).
    """

    to: Far
    key: Column


class NearUnique(_Part, frozen=True):
    """Hardly any two values are nearly the same: products, companies, cities (Q31)."""

    threshold: Annotated[float, msgspec.Meta(ge=0.8, le=1)] = 0.92


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many rows a source brings a day, or a table and the people are: both included."""

    min: Annotated[int, msgspec.Meta(ge=0)] | None = None
    max: Annotated[int, msgspec.Meta(ge=0)] | None = None

    def __post_init__(self) -> None:
        if self.min is None and self.max is None:
            raise ValueError("rows: says min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"rows: min {self.min} is above max {self.max}")


class Timeliness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`within`: how long after it happened a record may come."""

    within: Span


class Freshness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expected`: `15m`, `daily 05:30`, `weekdays 06:00`; without it the rhythm is learned (Q35)."""

    expected: str | None = None

    def __post_init__(self) -> None:
        from journeyfold.quality.freshness import read_rhythm

        if self.expected is not None and read_rhythm(self.expected) is None:
            raise ValueError(
                f"expected: '{self.expected}' is no rhythm; write 15m, daily 05:30 or weekdays 06:00"
            )


class Anomaly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every source is compared with itself on the same weekday before; the `distribution` of its
    numbers with that of the 28 days before (Q36).
    """

    metric: Literal["rows", "nulls", "mean", "distinct", "distribution", "quarantined"] = "rows"
    column: Column | None = None
    by: Literal["source"] = "source"

    def __post_init__(self) -> None:
        if (self.column is None) != (self.metric in {"rows", "quarantined"}):
            raise ValueError("anomaly: every metric but rows and quarantined is of a column")


class Reconcile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"other": "with"}):
    """Against another dataset or a manifest, per group or per key (Q32). `day` is the local day of
    an event. `tolerance` is `0.1%` of the larger side, or a plain difference.
    """

    other: Annotated[str, msgspec.Meta(min_length=1, examples=["erp_daily"])]
    by: tuple[Column, ...] = ()
    sum: Column | None = None
    compare: tuple[Column, ...] = ()
    tolerance: (
        Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]+)?%?$", examples=["0.1%"])] | float
    ) = "0"

    def __post_init__(self) -> None:
        if self.compare and self.by:
            raise ValueError("compare: row by row, so without `by`; it needs the ruleset's `key`")

    @property
    def slack(self) -> tuple[float, float]:
        """(relative, absolute)."""
        text = str(self.tolerance)
        return (float(text[:-1]) / 100, 0.0) if text.endswith("%") else (0.0, float(text))


class Agree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """People of whom at least two of these sources state the trait (Q33)."""

    trait: Column
    across: Annotated[tuple[str, ...], msgspec.Meta(min_length=2)]
