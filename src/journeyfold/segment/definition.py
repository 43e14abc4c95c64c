"""What `features.yaml` and `segments/*.yaml` say, word for word (segments 3, 4).

The structs match the YAML; unknown keys are errors of the loader. `problems_of` adds what a
shape cannot say. Conditions stay text here: `bind` gives them their meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Literal

import msgspec

from journeyfold.core.condition import Place
from journeyfold.core.errors import Problem
from journeyfold.core.instant import duration_us
from journeyfold.quality.transform import Impute, Plan, Scale

SegmentKind = Literal["rule", "contextual", "manual", "predictive", "cluster", "micro"]
RECENT_MAX = 200


class FeatureDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of `value`, `recent` or `quintile`, and what belongs to it."""

    value: str | None = None
    unit: str | None = None
    recent: str | tuple[str, ...] | None = None
    keep: int = 20
    fields: tuple[str, ...] = ()
    quintile: str | None = None
    order: Literal["rising", "falling"] = "rising"
    refresh: str = "1d"
    cuts: tuple[int | float | str, ...] | None = None
    impute: Impute = "none"
    constant: float | str | None = None  # what `impute: constant` fills in
    transform: Scale = "none"
    missing: bool = False  # `NAME_missing` beside it: was there no value?
    force: bool = False  # fill in although more than 60 % are missing
    using: tuple[str, ...] = ()  # features that `impute: model` guesses from
    borders: tuple[float, ...] = ()  # of `transform: bucket`; without, `bins` of as many people
    bins: int = 10
    categories: tuple[str, ...] = ()  # of `transform: onehot`; without, the 20 most frequent
    description: str = ""

    def __post_init__(self) -> None:
        _ = self.plan  # it refuses what cannot be meant

    @property
    def plan(self) -> Plan:
        """What models are given in the place of the value (quality Q27, Q30)."""
        return Plan(
            self.impute, self.transform, self.constant, self.force,
            self.using, self.borders, self.bins, self.categories,
        )  # fmt: skip

    @property
    def is_prepared(self) -> bool:
        return self.impute != "none" or self.transform != "none" or self.missing


class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What membership should lead to, for its validation figures."""

    event: str
    within: str


class SegmentDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    kind: SegmentKind = "rule"
    when: str | None = None
    tags: tuple[str, ...] = ()
    goal: Goal | None = None
    min_stay: str = "0s"
    description: str = ""
    backfill_triggers: bool = False
    identifier: str | None = None
    model: str | None = None
    names: dict[str, str] = {}
    by: tuple[str, ...] = ()
    min_size: int = 50

    @property
    def min_stay_us(self) -> int:
        return duration_us(self.min_stay) or 0


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"origins": "from"}):
    """A stage is entered when `when` holds and the current stage is among `from`, if given."""

    stage: str
    when: str
    origins: tuple[str, ...] | None = None


class LifecycleDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    initial: str
    stages: tuple[Stage, ...]
    description: str = ""


class FeaturesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    features: dict[str, FeatureDefinition] = {}


class SegmentsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    segments: tuple[SegmentDefinition, ...] = ()
    lifecycles: tuple[LifecycleDefinition, ...] = ()


Places = Mapping[str, Place]
"""Where conditions stand: `feature:rfm_r`, `segment:vip`, `lifecycle:customer/Loyal`."""


def place_of(places: Places, name: str) -> Place:
    return places.get(name) or Place(name, 1, 1)


def problem(place: Place, code: str, message: str, suggestion: str = "") -> Problem:
    return Problem(place.file, place.line, place.column, code, message, suggestion=suggestion)


def problems_of(
    features: Mapping[str, FeatureDefinition],
    segments: Iterable[SegmentDefinition],
    lifecycles: Iterable[LifecycleDefinition],
    places: Places,
) -> list[Problem]:
    """What is wrong with the definitions beside their conditions."""
    found: list[Problem] = []
    for name, feature in features.items():
        found += _feature_problems(feature, place_of(places, f"feature:{name}"))
    seen: set[str] = set()
    for segment in segments:
        place = place_of(places, f"segment:{segment.id}")
        if segment.id in seen:
            found.append(problem(place, "J171", f"a second segment {segment.id!r}"))
        seen.add(segment.id)
        found += _segment_problems(segment, place)
    for lifecycle in lifecycles:
        found += _lifecycle_problems(lifecycle, places)
    return found


def _feature_problems(feature: FeatureDefinition, place: Place) -> list[Problem]:
    forms = [feature.value, feature.recent, feature.quintile]
    if sum(form is not None for form in forms) != 1:
        return [problem(place, "J171", "a feature is one of value, recent and quintile")]
    if feature.recent is not None and not 1 <= feature.keep <= RECENT_MAX:
        return [problem(place, "J171", f"keep is 1 to {RECENT_MAX}")]
    if feature.cuts is not None and (feature.quintile is None or len(feature.cuts) != 4):
        return [problem(place, "J171", "cuts are the four borders of a quintile")]
    if feature.cuts is not None and not _rise(feature.cuts):
        return [problem(place, "J171", "cuts rise: no border is below the one before")]
    if duration_us(feature.refresh) is None:
        return [problem(place, "J120", f"{feature.refresh!r} is no duration", "such as 1d")]
    return []


def _rise(cuts: tuple[int | float | str, ...]) -> bool:
    """Of numbers and of durations; a text that is none is another finding."""
    values = [duration_us(cut) if isinstance(cut, str) else cut for cut in cuts]
    numbers = [value for value in values if value is not None]
    return all(one <= other for one, other in pairwise(numbers))


def _segment_problems(segment: SegmentDefinition, place: Place) -> list[Problem]:
    if segment.kind in {"predictive", "cluster", "micro"}:
        return [
            problem(
                place, "J170", f"segments of kind {segment.kind} are not in this release",
                "use a rule over score(), label() or features",
            )
        ]  # fmt: skip
    if segment.kind == "manual":
        if segment.identifier is None or segment.when is not None:
            return [problem(place, "J171", "a manual segment has an identifier and no when")]
    elif segment.when is None:
        return [problem(place, "J171", f"segment {segment.id!r} has no when")]
    goal = [segment.goal.within] if segment.goal else []
    return [
        problem(place, "J120", f"{text!r} is no duration", "such as 24h")
        for text in (segment.min_stay, *goal)
        if duration_us(text) is None
    ]


def _lifecycle_problems(lifecycle: LifecycleDefinition, places: Places) -> list[Problem]:
    place = place_of(places, f"lifecycle:{lifecycle.id}")
    names = [stage.stage for stage in lifecycle.stages]
    known = {*names, lifecycle.initial}
    found: list[Problem] = []
    if len(set(names)) != len(names):
        found.append(problem(place, "J171", f"lifecycle {lifecycle.id!r} names a stage twice"))
    for stage in lifecycle.stages:
        strange = set(stage.origins or ()) - known
        where = place_of(places, f"lifecycle:{lifecycle.id}/{stage.stage}")
        found += [problem(where, "J104", f"there is no stage {name!r}") for name in sorted(strange)]
    return found
