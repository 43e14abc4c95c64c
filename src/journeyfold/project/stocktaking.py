"""What a project holds about people, where it comes from and who uses it (quality Q38, Q39). Pure.

A field is what a source's mapping or inventory names: `traits.email`, `properties.total`. It is
used where a condition, a template, a destination or a trait policy says its name; what nobody
says is unused. A name that stands somewhere for another reason counts as use, so a field that is
called unused surely is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from journeyfold.project.model import Project
from journeyfold.project.references import STAGES
from journeyfold.quality.registry import Registry
from journeyfold.sources.inventory import FieldOrigin, Note, Source

DAYS = 30  # of volume that an overview shows
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SENSITIVE = (
    "user.biometric", "user.health_and_medical", "user.criminal_history", "user.childrens",
    "user.demographic.political_opinion", "user.demographic.race_ethnicity",
    "user.demographic.religious_belief", "user.demographic.sexual_orientation",
    "user.government_id", "user.financial", "user.payment", "user.location.precise",
    "user.authorization",
)  # fmt: skip
_USERS = ("features", "segments", "offers", "placements", "journeys", "templates", "destinations")
_DEFINED = {
    "crm": "CRM", "transactions": "transactions, POS", "web": "web", "mobile": "mobile",
    "support": "support", "social": "social", "demographics": "demographics",
    "intent": "intent", "context": "context", "survey": "surveys, reviews",
}  # fmt: skip
_BY_PRESET = {
    "orders": "transactions", "contacts": "crm", "hubspot_contacts": "crm",
    "salesforce_contacts": "crm", "tickets": "support", "mentions": "social",
    "demographics": "demographics", "intent": "intent", "situation": "context",
    "surveys": "survey", "reviews": "survey",
}  # fmt: skip
_BY_KIND = {"browser": "web", "mobile": "mobile"}


class HeldField(msgspec.Struct, frozen=True):
    """A field as a source declares it. `classes` are of `PII`, `sensitive`, made from the tag."""

    source: str
    field: str
    origin: str = ""
    tag: str = ""
    classes: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()  # segment:vip, journey:welcome


class SourceRow(msgspec.Struct, frozen=True):
    """A source as the inventory declares it."""

    source: str
    kind: str
    data: str
    env: str
    owner: str
    contact: str
    update: str
    sla: str
    retention: str
    basis: str
    purposes: tuple[str, ...]
    stages: tuple[str, ...]
    schemas: tuple[str, ...]
    fields: tuple[HeldField, ...]
    schedule: str = ""  # when an import runs by itself


class StageRow(msgspec.Struct, frozen=True):
    """A journey stage and who informs it; no source is a gap."""

    stage: str
    sources: tuple[str, ...]

    @property
    def is_gap(self) -> bool:
        return not self.sources


class SourceFacts(msgspec.Struct, frozen=True):
    """What is observed of a source: freshness by its rhythm, volume by UTC day, quality scores.

    `days` are events a day, the oldest first and today last; a `score` is None without rules.
    """

    state: str = "unknown"  # fresh | late | stale | silent | ended | unknown
    age_us: int | None = None
    expected_us: int | None = None
    is_learned: bool = False
    days: tuple[int, ...] = ()
    quarantined: int = 0  # in these days
    score: float | None = None
    dimensions: dict[str, float] = {}
    rules: int = 0


class Stocked(msgspec.Struct, frozen=True):
    """A source as it is declared and as it is."""

    declared: SourceRow
    observed: SourceFacts


class Stock(msgspec.Struct, frozen=True):
    """The whole inventory, with the matrix, its gaps and what nobody uses."""

    sources: tuple[Stocked, ...]
    stages: tuple[StageRow, ...]
    unused: tuple[HeldField, ...]
    gaps: tuple[str, ...]


def stock_with(project: Project, registry: Registry, facts: Mapping[str, SourceFacts]) -> Stock:
    """`facts` by source; one without them is shown as declared only."""
    rows = stock(project, registry)
    stages = stages_of(project)
    return Stock(
        tuple(Stocked(row, facts.get(row.source, SourceFacts())) for row in rows),
        tuple(stages),
        tuple(each for row in rows for each in row.fields if not each.used_by),
        tuple(each.stage for each in stages if each.is_gap),
    )


def stock(project: Project, registry: Registry) -> list[SourceRow]:
    """Every source with its fields, by name."""
    used = users_of(project)
    return [_row(project, registry, name, used) for name in sorted(project.sources)]


def stages_of(project: Project) -> list[StageRow]:
    """The mapping matrix: stages in the order of a journey, each with its sources."""
    return [
        StageRow(
            stage, tuple(n for n, each in sorted(project.sources.items()) if stage in each.stages)
        )
        for stage in STAGES
    ]


def users_of(project: Project) -> dict[str, tuple[str, ...]]:
    """Word → definitions that say it, as `segment:vip` or `file:features.yaml`."""
    found: dict[str, set[str]] = {}
    for path, text in project.files.items():
        folder, _, rest = path.partition("/")
        if folder.removesuffix(".yaml") not in _USERS and path != "identity.yaml":
            continue
        name = rest.partition("/")[0].partition(".")[0] if rest else folder.removesuffix(".yaml")
        user = f"{folder.removesuffix('s')}:{name}" if rest else f"file:{folder}"
        for word in set(_WORD.findall(_without_remarks(path, text))):
            found.setdefault(word, set()).add(user)
    return {word: tuple(sorted(users)) for word, users in found.items()}


def classes_of(tag: str) -> tuple[str, ...]:
    """What a data category means for those who handle it."""
    if not tag.startswith("user"):
        return ()
    is_sensitive = any(tag == each or tag.startswith(f"{each}.") for each in _SENSITIVE)
    return ("PII", "sensitive") if is_sensitive else ("PII",)


def kind_of_data(source: Source) -> str:
    """As declared, else what the preset or the kind of source says."""
    said = source.data or _BY_PRESET.get(source.preset or "") or _BY_KIND.get(source.kind, "")
    return _DEFINED.get(said, "")


def _row(
    project: Project, registry: Registry, name: str, used: Mapping[str, tuple[str, ...]]
) -> SourceRow:
    source = project.sources[name]
    declared = [branch.event for branch in source.map if branch.event]
    schemas = [each.stem for each in registry.schemas if each.name in declared]
    fields = tuple(
        HeldField(
            name, field, note.origin or source.origin or "", note.tag or "",
            classes_of(note.tag or ""), source.purposes if note.purposes is None else note.purposes,
            used.get(field.rpartition(".")[2], ()),
        )
        for field, note in sorted(_notes(source, registry).items())
    )  # fmt: skip
    return SourceRow(
        name, source.kind, kind_of_data(source), source.env, source.owner, source.contact,
        source.update, source.sla, source.retention, source.basis, source.purposes,
        source.stages, tuple(schemas), fields, source.schedule,
    )  # fmt: skip


def _notes(source: Source, registry: Registry) -> dict[str, Note]:
    """Field → what is said of it: here, else by the schema of the event that carries it."""
    found: dict[str, Note] = {}
    for path in _mapped(source):
        found[path] = Note()
    for column in source.columns:
        found[column.to] = Note(column.origin, column.tag, column.purposes)
    for path, said in source.holds.items():
        before = found.get(path, Note())
        found[path] = Note(
            said.origin or before.origin, said.tag or before.tag,
            before.purposes if said.purposes is None else said.purposes,
        )  # fmt: skip
    marks = _marks(source, registry)
    return {path: _filled(note, marks.get(path, {})) for path, note in found.items()}


def _mapped(source: Source) -> Iterator[str]:
    fields = source.fields
    if fields is None:
        return
    for root in ("identifiers", "properties", "traits"):
        for name in getattr(fields, root):
            yield f"{root}.{name}"


def _marks(source: Source, registry: Registry) -> dict[str, Mapping[str, object]]:
    """What schemas say of fields: of the events a source maps to, else of all."""
    declared = {branch.event for branch in source.map if branch.event}
    found: dict[str, Mapping[str, object]] = {}
    for schema in registry.schemas:
        root = "traits" if schema.type == "identify" else "properties"
        if declared and root == "properties" and schema.name not in declared:
            continue
        properties = schema.document.get("properties")
        for name, each in properties.items() if isinstance(properties, dict) else ():
            if isinstance(each, dict):
                found[f"{root}.{name}"] = each
    return found


def _filled(note: Note, marks: Mapping[str, object]) -> Note:
    tag, origin, purposes = (marks.get(key) for key in ("x-tag", "x-origin", "x-purposes"))
    named: FieldOrigin | None = note.origin
    if named is None and origin in {"explicit", "implicit"}:
        named = "explicit" if origin == "explicit" else "implicit"
    listed = tuple(map(str, purposes)) if isinstance(purposes, list) else None
    return Note(
        named, note.tag or (tag if isinstance(tag, str) else None),
        listed if note.purposes is None else note.purposes,
    )  # fmt: skip


def _without_remarks(path: str, text: str) -> str:
    if not path.endswith(".yaml"):
        return text
    return "\n".join(line.partition(" #")[0] for line in text.splitlines() if line[:1] != "#")
