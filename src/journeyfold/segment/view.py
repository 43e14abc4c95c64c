"""What conditions see of one person: a profile read through the project in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from journeyfold.core.aggregate import Aggregate, aggregate_of
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.event import Event, Json
from journeyfold.core.profile import Profile, Score
from journeyfold.quality.transform import Fitted, prepared_value


class Surroundings(msgspec.Struct, frozen=True):
    """The project's part of a view. `trait` and `consent` are the stages' own readers."""

    keys: AggregateKeys
    trait: Callable[[Profile, str], Json]
    consent: Callable[[Profile, str], bool]
    cuts: Mapping[str, tuple[float, ...]] = {}
    fits: Mapping[str, Fitted] = {}
    initial_stages: Mapping[str, str] = {}
    zone: str = "UTC"


class PersonView:
    """A `View` (core/condition_eval.py). It reads the profile as it is at each call."""

    __slots__ = (
        "context", "entry", "event", "profile", "row", "rows", "surroundings", "vars",
    )  # fmt: skip

    def __init__(
        self,
        profile: Profile,
        surroundings: Surroundings,
        context: Mapping[str, Json] | None = None,
        event: Event | None = None,
    ) -> None:
        self.profile, self.surroundings = profile, surroundings
        self.context: Mapping[str, Json] = context or {}
        self.event = event or NO_EVENT
        self.entry: dict[str, Json] = {}  # of the journey's instance in hand
        self.vars: dict[str, Json] = {}
        self.row: Mapping[str, Json] = {}
        self.rows: list[Json] = []

    @property
    def keys(self) -> AggregateKeys:
        return self.surroundings.keys

    @property
    def zone(self) -> str:
        """The trait `timezone` if the person has one, else the project's zone."""
        zone = self.trait("timezone")
        return zone if isinstance(zone, str) and zone else self.surroundings.zone

    def trait(self, name: str) -> Json:
        return self.surroundings.trait(self.profile, name)

    def aggregate(self, key: str) -> Aggregate | None:
        held: object = self.profile.aggregates.get(key)
        if held.__class__ is msgspec.Raw:
            return aggregate_of(self.profile, key)
        return held  # type: ignore[return-value]  # what is not Raw was put there decoded

    def cuts(self, feature: str) -> tuple[float, ...] | None:
        return self.surroundings.cuts.get(feature)

    def prepared(self, feature: str, value: Json, inputs: Sequence[Json]) -> Json:
        """As a model takes it (quality Q27 to Q30); null until it is fitted."""
        fit = self.surroundings.fits.get(feature)
        return None if fit is None else prepared_value(fit, value, inputs)

    def segment(self, name: str) -> bool:
        return name in self.profile.memberships

    def stage(self, lifecycle: str) -> str:
        held = self.profile.stages.get(lifecycle)
        return held.stage if held else self.surroundings.initial_stages.get(lifecycle, "")

    def consent(self, purpose: str) -> bool:
        return self.surroundings.consent(self.profile, purpose)

    def score(self, model: str) -> Score | None:
        return self.profile.scores.get(model)


NO_EVENT = Event(id="", name="", type="", source="", identifiers=(), occurred_us=0, received_us=0)
