"""A project as values: what the files of a directory say, with the place of everything said.

A `Project` that exists has the right shape; `check.check` tells whether its parts fit together.
"""

from __future__ import annotations

import msgspec

from journeyfold.activate.destination import Destined
from journeyfold.activate.template import MessageTemplate
from journeyfold.core.errors import Problem
from journeyfold.decide.definition import Offer, Placement
from journeyfold.identity.rules import IdentityRules
from journeyfold.journey.definition import Journey
from journeyfold.profile.traits import TraitPolicy
from journeyfold.project.document import Document, Path
from journeyfold.project.scenario import Scenario
from journeyfold.project.settings import Settings
from journeyfold.quality.lock import SchemaLock, SchemaModes
from journeyfold.quality.rule import Ruleset
from journeyfold.quality.taxonomy import Taxonomy
from journeyfold.segment.definition import (
    FeatureDefinition,
    LifecycleDefinition,
    SegmentDefinition,
)
from journeyfold.sources.inventory import Source


class FeaturesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`features.yaml`: numbers about a person, and which source wins for a trait."""

    features: dict[str, FeatureDefinition] = {}
    traits: dict[str, TraitPolicy] = {}


class Place(msgspec.Struct, frozen=True):
    """Where a definition stands."""

    file: str
    path: Path = ()


class Project(msgspec.Struct, frozen=True):
    """Everything the directory says. `hash` is SHA-256 over paths and texts of `files`."""

    settings: Settings
    files: dict[str, str]
    hash: str
    documents: dict[str, Document]
    places: dict[tuple[str, str], Place]
    sources: dict[str, Source] = {}
    schemas: dict[str, str] = {}  # path → JSON text
    identity: IdentityRules = IdentityRules()
    schema_lock: SchemaLock = SchemaLock()
    schema_modes: SchemaModes = SchemaModes()
    traits: dict[str, TraitPolicy] = {}
    features: dict[str, FeatureDefinition] = {}
    segments: dict[str, SegmentDefinition] = {}
    lifecycles: dict[str, LifecycleDefinition] = {}
    offers: dict[str, Offer] = {}
    placements: dict[str, Placement] = {}
    journeys: dict[str, Journey] = {}
    templates: dict[str, str] = {}  # name under templates/ → Liquid text
    destinations: dict[str, Destined] = {}
    messages: dict[str, MessageTemplate] = {}
    taxonomies: dict[str, Taxonomy] = {}
    bodies: dict[str, str] = {}  # `<message>/body.html` → Liquid text
    quality: dict[str, Ruleset] = {}  # path → rules about one dataset
    tests: dict[str, list[Scenario]] = {}  # path → scenarios
    hints: tuple[Problem, ...] = ()  # found while loading; nothing is wrong

    @property
    def name(self) -> str:
        return self.settings.name

    def problem(
        self, kind: str, name: str, path: Path, code: str, message: str, suggestion: str = ""
    ) -> Problem:
        """A finding about a part of a definition, at its place in its file."""
        place = self.places[kind, name]
        return self.documents[place.file].problem(
            (*place.path, *path), code, message, suggestion=suggestion
        )
