"""Which files a project directory has and what each holds. A new kind is a new row.

The id of a definition is its file's stem; only features, segments and tests are lists.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import reduce
from operator import or_
from pathlib import PurePosixPath
from typing import Any, get_args

import msgspec

from journeyfold.activate.destinations import kinds as destinations
from journeyfold.activate.template import BODY, MessageTemplate
from journeyfold.decide.definition import Offer, Placement
from journeyfold.identity.rules import IdentityRules
from journeyfold.journey.definition import Journey
from journeyfold.project.model import FeaturesFile
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.scenario import Scenario
from journeyfold.project.settings import Settings
from journeyfold.quality.lock import LOCK_FILE, MODES_FILE, SchemaLock, SchemaModes
from journeyfold.quality.rule import Ruleset
from journeyfold.quality.taxonomy import Taxonomy
from journeyfold.segment.definition import SegmentsFile
from journeyfold.sources.inventory import Source


class Kind(msgspec.Struct, frozen=True):
    """`id_key` is the key that may repeat the file's stem; empty for lists and single files."""

    name: str
    pattern: str
    struct: Any
    id_key: str = ""
    about: str = ""

    @property
    def types(self) -> dict[str, Any]:
        """Where `type` says which struct it is: type → struct."""
        members = [each for each in get_args(self.struct) or (self.struct,) if _tag(each)]
        return {_tag(each): each for each in members}

    def id_of(self, path: str) -> str:
        """What a file of this kind defines: its stem names it, or its folder."""
        pure = PurePosixPath(path)
        return pure.parent.name if self.pattern.endswith("/template.yaml") else pure.stem


KINDS = (
    Kind("project", "journeyfold.yaml", Settings, about="what holds for the whole project"),
    Kind("source", "sources/*.yaml", Source, "source", "who sends, and what they may send"),
    Kind("identity", "identity.yaml", IdentityRules, about="what names a person, strongest first"),
    Kind("schema_modes", MODES_FILE, SchemaModes, about="which changes of schemas are published"),
    Kind("schema_lock", LOCK_FILE, SchemaLock, about="published schemas; written by the command"),
    Kind("features", "features.yaml", FeaturesFile, about="numbers about a person; trait policies"),
    Kind("segments", "segments/*.yaml", SegmentsFile, about="lists of segments and lifecycles"),
    Kind("offer", "offers/*.yaml", Offer, "offer", "what can be shown, and to whom"),
    Kind("placement", "placements/*.yaml", Placement, "placement", "where something is decided"),
    Kind(
        "journey", "journeys/*.yaml", Journey, "journey", "who enters, what happens, when it ends"
    ),
    Kind("message", "templates/*/template.yaml", MessageTemplate, "template", "what is sent"),
    Kind(
        "destination",
        "destinations/*.yaml",
        reduce(or_, destinations().values()),
        "destination",
        "where messages, events and audiences go",
    ),
    Kind("quality", "quality/*.yaml", Ruleset, about="rules about data, and what follows"),
    Kind("taxonomy", "taxonomies/*.yaml", Taxonomy, "taxonomy", "words, and what they stand for"),
    Kind("tests", "tests/*.yaml", list[Scenario], about="given these events, expect this"),
)


def _tag(struct: Any) -> str:
    config = getattr(struct, "__struct_config__", None)
    return str(config.tag) if config is not None and config.tag else ""


SCHEMAS = "schemas/*.json"
TEMPLATES = "templates/*.liquid"

_LATER = frozenset({"models", "experiments", "maps", "functions"})
_LATER_FILES = frozenset({"kpis.yaml"})


def kind_of(path: str) -> Kind | None:
    """`fnmatch` lets `*` cross folders, so depth is compared as well."""
    depth = path.count("/")
    for kind in KINDS:
        if kind.pattern.count("/") == depth and fnmatchcase(path, kind.pattern):
            return kind
    return None


def is_schema(path: str) -> bool:
    return path.count("/") == 1 and fnmatchcase(path, SCHEMAS)


def is_template(path: str) -> bool:
    """Liquid that variants name by `content: {template: NAME}`."""
    return path.count("/") == 1 and fnmatchcase(path, TEMPLATES)


def is_body(path: str) -> bool:
    """A body of a message, beside its `template.yaml`."""
    folder, _, rest = path.partition("/")
    _, _, name = rest.partition("/")
    return folder == "templates" and bool(BODY.fullmatch(name))


def is_project_file(path: str) -> bool:
    """Is it read, or should its author be told that it is not?"""
    is_read = kind_of(path) is not None or is_schema(path) or is_template(path) or is_body(path)
    return is_read or why_unread(path) is not None


def why_unread(path: str) -> str | None:
    """A sentence for a file that looks like a definition but is none; None for any other file."""
    pure = PurePosixPath(path)
    if kind_of(path) or is_schema(path) or pure.suffix not in {".yaml", ".yml", ".json"}:
        return None
    if pure.suffix == ".yml" and kind_of(str(pure.with_suffix(".yaml"))):
        return f"is not read; rename it to {pure.with_suffix('.yaml')}"
    folder = pure.parts[0]
    if folder in _LATER or path in _LATER_FILES:
        return "is not read by this release"
    folders = {kind.pattern.partition("/")[0] for kind in KINDS} | {"schemas"}
    if folder in folders:
        return f"is not read; files here are {_pattern_in(folder)}"
    guess = did_you_mean(folder, folders)
    return f"is not read; {guess}" if guess.startswith("did") else None


def _pattern_in(folder: str) -> str:
    if folder == "schemas":
        return SCHEMAS
    return next(kind.pattern for kind in KINDS if kind.pattern.startswith(f"{folder}/"))
