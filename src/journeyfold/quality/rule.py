"""Rules about data as users write them in `quality/*.yaml` (quality Q11, section 3), value by value.

A rule says one thing about one dataset; its bounds are inclusive, and what a bound is compared with
is an exact share of rows.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from journeyfold.quality.rule_parts import (
    Accurate,
    Agree,
    Anomaly,
    Column,
    Freshness,
    IsKind,
    Matches,
    Name,
    NearUnique,
    OneOf,
    Range,
    Reconcile,
    References,
    Rows,
    Share,
    Timeliness,
)

Dimension: TypeAlias = Literal[
    "completeness", "validity", "uniqueness", "consistency", "accuracy", "timeliness", "freshness",
    "integrity", "reconciliation", "anomaly",
]  # fmt: skip
Severity: TypeAlias = Literal["high", "medium", "low"]
OnFail: TypeAlias = Literal["none", "flag", "quarantine", "stop"]
Valid: TypeAlias = Literal[
    "email", "phone", "country", "currency", "url", "uuid", "iban", "date", "number"
]

DIMENSION: dict[str, Dimension] = {
    "completeness": "completeness", "valid": "validity", "matches": "validity", "one_of": "validity",
    "range": "validity", "kind": "validity", "conforms": "validity", "unique": "uniqueness",
    "near_unique": "uniqueness", "rows": "completeness",
    "check": "consistency", "agree": "consistency", "accurate": "accuracy",
    "references": "integrity", "timeliness": "timeliness", "freshness": "freshness",
    "reconcile": "reconciliation", "anomaly": "anomaly",
}  # fmt: skip
WEIGHT: dict[Severity, int] = {"high": 3, "medium": 2, "low": 1}
PER_RECORD = frozenset({"completeness", "valid", "matches", "one_of", "range", "kind", "check"})
"""What one record can be judged by alone; the others are about a set."""
COUNTED = PER_RECORD | {"conforms", "unique", "timeliness"}
"""What one scan of the rows counts."""
_WRITTEN = {"one_of": "in", "kind": "type", "conforms": "schema"}


class Rule(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={**_WRITTEN, "valid_as": "as"},
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
    conforms: Literal[True] | None = None
    unique: tuple[Column, ...] | None = None
    near_unique: NearUnique | None = None
    rows: Rows | None = None
    check: str | None = None
    agree: Agree | None = None
    accurate: Accurate | None = None
    references: References | None = None
    timeliness: Timeliness | None = None
    freshness: Freshness | None = None
    reconcile: Reconcile | None = None
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
        if self.on_fail in {"flag", "quarantine"} and self.key not in PER_RECORD:
            raise ValueError("on_fail: only what is about one record can flag it or set it aside")
        if self.when is not None and self.key not in COUNTED:
            raise ValueError("when: narrows rules that count rows")

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

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its own dataset that it reads, but for those in its expressions."""
        if self.completeness or self.valid:
            return (self.completeness or self.valid or "",)
        if self.unique is not None:
            return self.unique
        if self.accurate is not None:
            return (self.accurate.column, self.accurate.key)
        if self.reconcile is not None:
            told = (*self.reconcile.by, self.reconcile.sum, *self.reconcile.compare)
            return tuple(each for each in told if each and each != "day")
        if self.anomaly is not None:
            return (self.anomaly.column,) if self.anomaly.column else ()
        within = self.matches or self.one_of or self.range or self.kind
        part = within or self.references or self.near_unique
        return (part.column,) if part is not None else ()


class Ruleset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `quality/*.yaml`: rules about one dataset: `events/<name>`, `profiles`, a source, or one
    of `tables`, which are files of the project: `{catalog: tables/catalog.csv}`.
    """

    dataset: Annotated[str, msgspec.Meta(min_length=1, examples=["events/Order Completed"])]
    rules: Annotated[tuple[Rule, ...], msgspec.Meta(min_length=1)]
    key: tuple[Column, ...] = ()
    tables: dict[Name, str] = {}

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.id in seen:
                raise ValueError(f"rules: '{rule.id}' stands twice")
            seen.add(rule.id)
            if rule.reconcile is not None and not rule.reconcile.by and not self.key:
                raise ValueError(f"rules: '{rule.id}' reconciles by nothing; say `by` or `key`")
