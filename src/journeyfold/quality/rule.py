"""Rules about data as users write them in `quality/*.yaml` (quality Q11, section 3), value by value.

A rule says one thing about one dataset; its bounds are inclusive, and what a bound is compared with
is an exact share of rows.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
import re2

Dimension: TypeAlias = Literal[
    "completeness", "validity", "uniqueness", "consistency", "accuracy", "timeliness", "freshness",
    "integrity", "reconciliation", "anomaly",
]  # fmt: skip
Severity: TypeAlias = Literal["high", "medium", "low"]
OnFail: TypeAlias = Literal["none", "flag", "quarantine", "stop"]
Valid: TypeAlias = Literal[
    "email", "phone", "country", "currency", "url", "uuid", "iban", "date", "number"
]
Column: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_ ]*(\.[A-Za-z_][A-Za-z0-9_ ]*)*$")
]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]

DIMENSION: dict[str, Dimension] = {
    "completeness": "completeness", "valid": "validity", "matches": "validity", "one_of": "validity",
    "range": "validity", "kind": "validity", "unique": "uniqueness", "check": "consistency",
    "references": "integrity", "timeliness": "timeliness", "freshness": "freshness",
    "anomaly": "anomaly",
}  # fmt: skip
WEIGHT: dict[Severity, int] = {"high": 3, "medium": 2, "low": 1}
PER_RECORD = frozenset({"completeness", "valid", "matches", "one_of", "range", "kind", "check"})
"""What one record can be judged by alone; the others are about a set."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    column: Column


class Matches(_Part, frozen=True):
    pattern: str

    def __post_init__(self) -> None:
        try:
            re2.compile(self.pattern)
        except re2.error as error:
            raise ValueError(f"pattern: {error}") from None


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

    to: Annotated[str, msgspec.Meta(pattern=r"^[^.]+\.[A-Za-z_][A-Za-z0-9_]*$")]


class Timeliness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`within`: how long after it happened a record may come."""

    within: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]*(s|m|h|d|w)$")]


class Freshness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    expected: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]*(s|m|h|d|w)$")]


class Anomaly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    metric: Literal["rows", "nulls", "mean", "distinct"] = "rows"
    column: Column | None = None

    def __post_init__(self) -> None:
        if (self.column is None) != (self.metric == "rows"):
            raise ValueError("anomaly: every metric but rows is of a column")


class Rule(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"one_of": "in", "kind": "type", "valid_as": "as"},
):
    """One of the keys of `DIMENSION`, the bounds, and what happens when it fails."""

    id: Name
    completeness: Column | None = None
    valid: Column | None = None
    valid_as: Valid | None = None
    matches: Matches | None = None
    one_of: OneOf | None = None
    range: Range | None = None
    kind: IsKind | None = None
    unique: tuple[Column, ...] | None = None
    check: str | None = None
    references: References | None = None
    timeliness: Timeliness | None = None
    freshness: Freshness | None = None
    anomaly: Anomaly | None = None
    when: str | None = None
    min: Share | None = None
    warn: Share | None = None
    max_orphans: Share | None = None
    severity: Severity = "medium"
    owner: str = ""
    on_fail: OnFail = "none"

    def __post_init__(self) -> None:
        said = [key for key in DIMENSION if getattr(self, key) is not None]
        if len(said) != 1:
            keys = ", ".join(_WRITTEN.get(key, key) for key in DIMENSION)
            raise ValueError(f"a rule says one thing, one of {keys}")
        if (self.valid is None) != (self.valid_as is None):
            raise ValueError("valid: goes with `as`: {valid: traits.phone, as: phone}")
        if self.warn is not None and self.warn < self.least:
            raise ValueError(f"warn: {self.warn} is below min {self.least}")
        if self.max_orphans is not None and self.references is None:
            raise ValueError("max_orphans: belongs to references")
        if self.on_fail == "quarantine" and self.key not in PER_RECORD:
            raise ValueError("on_fail: only what is about one record can set it aside")

    @property
    def key(self) -> str:
        return next(key for key in DIMENSION if getattr(self, key) is not None)

    @property
    def dimension(self) -> Dimension:
        return DIMENSION[self.key]

    @property
    def least(self) -> float:
        """The least share that passes; all of it where nothing is said."""
        if self.max_orphans is not None:
            return 1 - self.max_orphans
        return 1.0 if self.min is None else self.min


_WRITTEN = {"one_of": "in", "kind": "type"}


class Ruleset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `quality/*.yaml`: rules about one dataset, `events/<name>`, `profiles` or an import."""

    dataset: Annotated[str, msgspec.Meta(min_length=1, examples=["events/Order Completed"])]
    rules: Annotated[tuple[Rule, ...], msgspec.Meta(min_length=1)]
    key: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.id in seen:
                raise ValueError(f"rules: '{rule.id}' stands twice")
            seen.add(rule.id)
