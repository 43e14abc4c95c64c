"""Do the names in definitions name something? One finding for each that does not.

Conditions have their own checker (`conditions.py`); here are the plain references: categories,
offers, variants, segments, sources, purposes and events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from journeyfold.core.errors import Problem
from journeyfold.core.instant import instant_us
from journeyfold.decide.catalogue import template_problems
from journeyfold.decide.definition import CANDIDATES_MAX, Offer, Placement
from journeyfold.project.document import Path
from journeyfold.project.journeys import journey_problems
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.outward import outward_problems

STAGES = ("awareness", "consideration", "purchase", "onboarding", "retention", "advocacy")


def reference_problems(project: Project, event_names: Iterable[str]) -> Iterator[Problem]:
    """Everything that names nothing; `event_names` are those the project knows."""
    names = sorted(event_names)
    yield from _of_offers(project)
    yield from _of_placements(project, names)
    yield from _of_sources(project)
    yield from _of_traits(project)
    yield from _of_contact_policy(project)
    yield from journey_problems(project, names)
    yield from outward_problems(project, names)


def unknown(
    project: Project, kind: str, name: str, path: Path, what: str, word: str, known: Iterable[str]
) -> Problem:
    """`unknown offer 'ten-pct'; did you mean 'ten-percent'?`"""
    return project.problem(
        kind, name, path, "P130", f"unknown {what} '{word}'", did_you_mean(word, known)
    )


def _of_offers(project: Project) -> Iterator[Problem]:
    purposes = project.settings.privacy.known
    for name, offer in project.offers.items():
        if offer.purpose not in purposes:
            yield unknown(project, "offer", name, ("purpose",), "purpose", offer.purpose, purposes)
        yield from _validity(project, name, offer)
        for sentence in template_problems(offer, project.templates):
            path, message = _content_path(offer, sentence)
            yield project.problem("offer", name, path, "P131", message)
        if offer.propensity and offer.propensity.model:
            yield project.problem(
                "offer", name, ("propensity", "model"), "P130",
                f"unknown model '{offer.propensity.model}'",
                "models are not read by this release; give a prior",
            )  # fmt: skip


def _validity(project: Project, name: str, offer: Offer) -> Iterator[Problem]:
    if offer.valid is None or offer.valid.since is None or offer.valid.until is None:
        return
    if (instant_us(offer.valid.since) or 0) >= (instant_us(offer.valid.until) or 0):
        yield project.problem(
            "offer", name, ("valid", "until"), "P132", "`until` is not after `from`",
            "the offer would never be valid",
        )  # fmt: skip


def _content_path(offer: Offer, sentence: str) -> tuple[Path, str]:
    """`variants.warm.content.title: …` → the path of that title, and the rest."""
    place, _, message = sentence.partition(": ")
    for index, variant in enumerate(offer.variants):
        prefix = f"variants.{variant.id}.content."
        if place.startswith(prefix):
            return ("variants", index, "content", place.removeprefix(prefix)), message
    return ("variants",), sentence


def _of_placements(project: Project, event_names: list[str]) -> Iterator[Problem]:
    categories = {offer.category for offer in project.offers.values() if offer.category}
    for name, placement in project.placements.items():

        def missing(
            path: Path, what: str, word: str, known: Iterable[str], place: str = name
        ) -> Problem:
            return unknown(project, "placement", place, path, what, word, known)

        for index, category in enumerate(placement.offers.categories):
            if category not in categories:
                yield missing(
                    ("offers", "categories", index), "offer category", category, categories
                )
        for index, offer in enumerate(placement.offers.ids):
            if offer not in project.offers:
                yield missing(("offers", "ids", index), "offer", offer, project.offers)
        yield from _of_default(project, name, placement)
        yield from _of_rules(project, name, placement, missing)
        yield from _of_trigger(project, name, placement, missing)
        if placement.objective and placement.objective.event not in event_names:
            event = placement.objective.event
            yield missing(("objective", "event"), "event", event, event_names)


def _candidates(project: Project, placement: Placement) -> list[str]:
    chosen = placement.offers
    return [
        name
        for name, offer in project.offers.items()
        if name in chosen.ids or (offer.category and offer.category in chosen.categories)
    ]


def _of_default(project: Project, name: str, placement: Placement) -> Iterator[Problem]:
    if placement.default is None:
        return
    offer = project.offers.get(placement.default.offer)
    if offer is None:
        yield unknown(
            project, "placement", name, ("default", "offer"), "offer", placement.default.offer,
            project.offers,
        )  # fmt: skip
        return
    variants = [variant.id for variant in offer.variants]
    if placement.default.variant is not None and placement.default.variant not in variants:
        yield unknown(
            project, "placement", name, ("default", "variant"),
            f"variant of {offer.offer}", placement.default.variant, variants,
        )  # fmt: skip


def _of_rules(
    project: Project, name: str, placement: Placement, missing: Callable[..., Problem]
) -> Iterator[Problem]:
    candidates = _candidates(project, placement)
    if len(candidates) > CANDIDATES_MAX:
        yield project.problem(
            "placement", name, ("offers",), "P133",
            f"{len(candidates)} offers, more than {CANDIDATES_MAX}", "choose fewer categories",
        )  # fmt: skip
    for index, rule in enumerate(placement.rank.rules):
        path = ("rank", "rules", index, "offer")
        if rule.offer not in project.offers:
            yield missing(path, "offer", rule.offer, candidates)
        elif rule.offer not in candidates:
            yield project.problem(
                "placement", name, path, "P134",
                f"'{rule.offer}' is not among the offers of this placement",
                "add it to offers.ids, or its category to offers.categories",
            )  # fmt: skip


def _of_trigger(
    project: Project, name: str, placement: Placement, missing: Callable[..., Problem]
) -> Iterator[Problem]:
    if placement.trigger is None:
        return
    path, segment = ("trigger", "entered"), placement.trigger.entered
    stored = [key for key, each in project.segments.items() if each.kind != "contextual"]
    if segment not in project.segments:
        yield missing(path, "segment", segment, stored)
    elif segment not in stored:
        yield project.problem(
            "placement", name, path, "P135",
            f"nobody enters '{segment}': it is contextual", "name a stored segment",
        )  # fmt: skip


def _of_sources(project: Project) -> Iterator[Problem]:
    purposes = project.settings.privacy.known
    for name, source in project.sources.items():
        for index, purpose in enumerate(source.purposes):
            if purpose not in purposes:
                path: Path = ("purposes", index)
                yield unknown(project, "source", name, path, "purpose", purpose, purposes)
        for index, stage in enumerate(source.stages):
            if stage not in STAGES:
                yield unknown(project, "source", name, ("stages", index), "stage", stage, STAGES)
        if source.env != "live":
            continue
        for key, what in (("owner", "an owner"), ("update", "an update rhythm")):
            if not (source.owner if key == "owner" else source.rhythm):
                yield project.problem(
                    "source", name, ("env",), "P140", f"a live source needs {what}",
                    f"add `{key}: {'team@example.com' if key == 'owner' else 'realtime'}`",
                )  # fmt: skip


def _of_traits(project: Project) -> Iterator[Problem]:
    for name, policy in project.traits.items():
        for index, source in enumerate(policy.sources):
            if source not in project.sources:
                path = ("sources", index)
                yield unknown(project, "trait", name, path, "source", source, project.sources)


def _of_contact_policy(project: Project) -> Iterator[Problem]:
    categories = {offer.category for offer in project.offers.values() if offer.category}
    document = project.documents["journeyfold.yaml"]
    for category in project.settings.contact.categories:
        if category not in categories:
            yield document.problem(
                ("contact", "categories", category), "P130",
                f"unknown offer category '{category}'", on_key=True,
                suggestion=did_you_mean(category, categories),
            )  # fmt: skip
