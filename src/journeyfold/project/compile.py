"""A project as functions: what its definitions say, compiled.

Everything that can be worked out from the definitions is worked out here once, so that folding a
record (`step`) looks nothing up by name and compiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from journeyfold.core.aggregate_keys import AggregateKeys, keys_of
from journeyfold.core.condition_compile import Evaluator, compile_conditions
from journeyfold.core.condition_typed import Quintile, Typed, unwrapped
from journeyfold.core.effect import Effect, Emit
from journeyfold.core.errors import ProjectError
from journeyfold.core.event import Json
from journeyfold.core.instant import duration_us
from journeyfold.core.profile import Profile, Statement
from journeyfold.decide.catalogue import Catalogue
from journeyfold.journey.control import Controls
from journeyfold.journey.join import joined_runs
from journeyfold.privacy.consent import (
    basis_grants,
    effective,
    is_granted,
    merge_consents,
)
from journeyfold.profile.aggregates import Aggregation
from journeyfold.profile.merge import MergePolicies
from journeyfold.profile.traits import LAST, plain_traits, value_of
from journeyfold.project.cleaning import Cleaning
from journeyfold.project.conditions import type_conditions
from journeyfold.project.forward import forwarding_of
from journeyfold.project.journeying import limits_of, programs_of
from journeyfold.project.model import Project
from journeyfold.project.prepared import Fits, fits_in_force
from journeyfold.project.pushing import PUSH, push_of, pushes_of
from journeyfold.project.travel import Pinned, Travel
from journeyfold.quality.registry import load_registry
from journeyfold.segment.bind import Bound
from journeyfold.segment.membership import Segmentation
from journeyfold.segment.view import PersonView, Surroundings

__all__ = ["OWN_SOURCE", "PUSH", "Compiled", "compile_project"]

OWN_SOURCE = "_fold"  # of what journeys say, and of what became of their messages
_LIVE = frozenset({"event", "time", "merge"})
Cuts = Mapping[str, Sequence[float]]


class Refresh(msgspec.Struct, frozen=True):
    """A quintile whose borders come from the population (segments F5)."""

    of: Typed
    refresh_us: int


class Compiled:
    """One project version, ready. Immutable but for the cut points in force."""

    def __init__(self, project: Project) -> None:
        self.project, self.hash = project, project.hash
        conditions = type_conditions(project, load_registry(project.schemas))
        errors = [problem for problem in conditions.problems if problem.severity == "error"]
        if errors or conditions.bound is None:
            raise ProjectError(errors)
        self.cleaning = Cleaning(project)
        definitions = project.segments.values()
        self.bound: Bound = conditions.bound
        self.decisions_typed = conditions.decisions
        self.journeys_typed = conditions.journeys
        self.outward_typed = conditions.outward
        others = (
            *self.decisions_typed.values(), *self.journeys_typed.values(),
            *self.outward_typed.values(),
        )  # fmt: skip
        exprs = [*self.bound.exprs(), *(typed.expr for typed in others)]
        self.keys: AggregateKeys = keys_of(exprs)
        self.aggregation = Aggregation(self.keys, project.settings.time_zone)
        self.segmentation = Segmentation(
            self.bound, definitions, project.lifecycles.values(), self.keys
        )
        self.features: Evaluator = compile_conditions(self.bound.features, self.keys)
        self.decisions: Evaluator = compile_conditions(self.decisions_typed, self.keys)
        self.catalogue = Catalogue(
            project.offers.values(), project.placements.values(),
            templates=project.templates, version=project.hash[:12],
            locale=project.settings.locale, contact=project.settings.contact.shown,
        )  # fmt: skip
        self.limits = limits_of(
            project, _trait_reader(project), _consent_reader(project), self.journeys_typed,
            self.keys, self.view,
        )  # fmt: skip
        self.programs = programs_of(project, conditions.journeys, self.keys)
        self.policies = MergePolicies(
            consents=merge_consents, traits=project.traits,
            keep_contacts_us=max(self.catalogue.longest_window_us, self.limits.longest_us),
            runs=joined_runs,
        )  # fmt: skip
        self.grants: dict[str, Mapping[str, Statement]] = {
            name: basis_grants(source) for name, source in project.sources.items()
        }
        paths = self.segmentation.evaluator.paths
        self.consent_paths = [path for path in paths if path.startswith("consent:")]
        self.quintiles = _quintiles(project, self.bound)
        behind = {name: each.of for name, each in self.quintiles.items()}
        self._behind_quintiles = compile_conditions(behind, self.keys)
        self.forwarding = forwarding_of(
            project, self.outward_typed, self.keys, _consent_reader(project)
        )
        self.pushes = pushes_of(project)
        self.use_cuts({})
        self.travel: Travel | None = None
        self.ride_on({})

    def use_cuts(self, cuts: Cuts, fits: Fits = MappingProxyType({})) -> None:
        """The quintile borders in force from here on, and what features are prepared by."""
        self.surroundings = self._surroundings(
            {name: tuple(borders) for name, borders in cuts.items()}, fits
        )
        self.segmentation.meet_nobody(self.view(Profile(person="")))

    def ride_on(self, pinned: Pinned, controls: Controls = MappingProxyType({})) -> None:
        """Run these older versions of journeys, too: somebody may still be in them."""
        trace = self.travel.trace if self.travel is not None else None
        self.travel = None
        if self.programs or pinned:
            self.travel = Travel(
                self.programs,
                pinned,
                self.limits,
                self._decide,
                self.view,
                self.segmentation,
                controls,
            )
            self.travel.trace = trace

    def _decide(
        self, profile: Profile, placement: str, key: str, now_us: int
    ) -> tuple[Json, list[Effect]]:
        from journeyfold.project.deciding import decided_in_fold  # it reads what is compiled here

        return decided_in_fold(self, profile, placement, key, now_us)

    def view(self, profile: Profile, context: Mapping[str, Json] | None = None) -> PersonView:
        return PersonView(profile, self.surroundings, context)

    def advance(self, profile: Profile, upto_us: int) -> list[Effect]:
        """Let log time pass for one person: what was due before `upto_us`, at its instants."""
        if not 0 < profile.wake_us < upto_us:
            return []
        if self.travel is not None:
            return self.travel.advance(profile, upto_us, self.with_pushes)
        emits = self.segmentation.advance(profile, self.view(profile), upto_us)
        return self.with_pushes(emits)

    def settle(
        self, profile: Profile, now_us: int, cause: str, happened_us: int = 0
    ) -> list[Effect]:
        """Evaluate everything: after a merge, a new definition or new cut points. `happened_us`:
        when that took place, if not now.
        """
        view = self.view(profile)
        emits = self.segmentation.evaluate_person(profile, view, now_us, None, cause)
        effects = self.with_pushes(emits)
        if self.travel is not None:
            lived = emits if cause in _LIVE else []
            effects += self.travel.settled(profile, now_us, lived, cause, happened_us)
        return effects

    def with_pushes(self, emits: list[Emit]) -> list[Effect]:
        """A trigger's placements are pushed when its segment is entered by life, not by a change
        of definitions (decisions W4, segments B3).
        """
        effects: list[Effect] = [*emits]
        for emit in emits if self.pushes else ():
            if emit.name == "segment.entered" and emit.properties["cause"] in _LIVE:
                placements = self.pushes.get(str(emit.properties["segment"]), ())
                effects += [push_of(emit, placement) for placement in placements]
        return effects

    def traits(self, profile: Profile) -> dict[str, Json]:
        return plain_traits(profile, self.project.traits)

    def feature_values(
        self, profile: Profile, now_us: int, names: Iterable[str] | None = None
    ) -> dict[str, Json]:
        """Of all features where no names are given."""
        outcome = self.features.evaluate(self.view(profile), now_us, names)
        return {name: value for name, (value, _) in outcome.items()}

    def quintile_values(
        self, profile: Profile, now_us: int, names: Iterable[str]
    ) -> dict[str, float]:
        """The numbers behind quintiles, of those who have one."""
        found: dict[str, float] = {}
        values = self._behind_quintiles.evaluate(self.view(profile), now_us, names)
        for name, (value, _) in values.items():
            if isinstance(value, int | float):
                found[name] = value
        return found

    def consents(self, profile: Profile, purpose: str) -> bool:
        return self.surroundings.consent(profile, purpose)

    def stated(self, profile: Profile, purpose: str) -> str:
        """granted, denied or unset: what statements say, before any default."""
        return effective(profile, purpose)

    def _surroundings(self, cuts: dict[str, tuple[float, ...]], fits: Fits) -> Surroundings:
        project = self.project
        return Surroundings(
            keys=self.keys,
            trait=_trait_reader(project),
            consent=_consent_reader(project),
            cuts=cuts,
            fits=fits_in_force(project.features, fits),
            initial_stages={name: each.initial for name, each in project.lifecycles.items()},
            zone=project.settings.time_zone,
        )


def compile_project(project: Project) -> Compiled:
    """About a quarter of a millisecond a condition. ProjectError when `check` would find errors."""
    return Compiled(project)


# -- parts -----------------------------------------------------------------------------------------


def _trait_reader(project: Project) -> Callable[[Profile, str], Json]:
    policies = project.traits

    def trait(profile: Profile, name: str) -> Json:
        stored = profile.traits.get(name)
        return None if stored is None else value_of(stored, policies.get(name, LAST))

    return trait


def _consent_reader(project: Project) -> Callable[[Profile, str], bool]:
    settings, trait = project.settings.privacy, _trait_reader(project)

    def consents(profile: Profile, purpose: str) -> bool:
        country = trait(profile, "country")
        return is_granted(profile, purpose, settings, country if isinstance(country, str) else None)

    return consents


def _quintiles(project: Project, bound: Bound) -> dict[str, Refresh]:
    found = {}
    for name, typed in bound.features.items():
        expr = unwrapped(typed.expr)
        if isinstance(expr, Quintile) and expr.fixed is None:
            inner = Typed(expr.of, typed.text, typed.texts)
            refresh_us = duration_us(project.features[name].refresh) or 0
            found[name] = Refresh(inner, refresh_us)
    return found
