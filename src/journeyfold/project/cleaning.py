"""The cleaning a project declares: each source's steps, and what is wrong with what it says (Q17, Q18).

Steps stand at a source: `clean` of one of its `columns`, or in its map `clean`, by the field of the
event. They hold for all its events on their way into the fold; the log keeps what was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b

import msgspec

from journeyfold.core.condition_levels import Levels
from journeyfold.core.condition_scope import FLOAT, INT, Type
from journeyfold.core.errors import Problem
from journeyfold.core.event import Json, Record
from journeyfold.project.document import Document, Path
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.taxonomies import taxonomy_named, with_words
from journeyfold.quality.cleaner import Cleaner
from journeyfold.quality.cleaners import Chain, chain_of, known
from journeyfold.quality.steps import ROOTS, Note, Steps, unnoted
from journeyfold.sources.inventory import Source

PLACES = "write it as traits.NAME or properties.NAME"
NO_STEPS = "steps are names of cleaners with their arguments"


class Cleaning:
    """The steps of every source that has some. `digest` tells whether two projects clean alike."""

    def __init__(self, project: Project) -> None:
        chains = {
            name: {path: _chain(project, spec) for path, _, spec in _declared(source)}
            for name, source in project.sources.items()
        }
        self.of = {name: Steps(name, fields) for name, fields in chains.items() if fields}
        self.digest = _digest(chains)

    def cleaned(self, record: Record, note: Note = unnoted) -> Record:
        """The record as the fold sees it; itself when nothing in it is changed."""
        steps = self.of.get(record.event.source)
        if steps is None:
            return record
        event = steps.cleaned(record.event, note)
        if event is record.event:
            return record
        return Record(record.offset, record.appended_us, record.kind, event)


def steps_at_the_door(project: Project) -> dict[str, Steps]:
    """Of each source the fields with a step that sets aside what it cannot read (ADR 37)."""
    found: dict[str, Steps] = {}
    for name, source in project.sources.items():
        chains = {path: _chain(project, spec) for path, _, spec in _declared(source)}
        holding = {
            path: chain
            for path, chain in chains.items()
            if any(step.on_failed == "quarantine" for step in chain.steps)
        }
        if holding:
            found[name] = Steps(name, holding)
    return found


def levels_of(project: Project) -> Levels:
    """Fields that are cleaned by a taxonomy; one that sources clean by different lists is none."""
    named: dict[tuple[str, ...], set[str]] = {}
    for source in project.sources.values():
        for path, _, spec in _declared(source):
            named.setdefault(tuple(path.split(".")), set()).add(taxonomy_named(spec))
    single = {path: next(iter(names)) for path, names in named.items() if len(names) == 1}
    return {
        path: project.taxonomies[name].levels()
        for path, name in single.items()
        if name in project.taxonomies
    }


_MADE = {"number": FLOAT, "unit": FLOAT, "money": INT}


def cleaned_types(project: Project) -> dict[tuple[str, str], Type]:
    """(root, name) of fields that cleaning makes numbers of, whatever a schema says was sent."""
    found: dict[tuple[str, str], Type] = {}
    for source in project.sources.values():
        for path, _, spec in _declared(source):
            root, _, name = path.partition(".")
            last = spec[-1] if isinstance(spec, list) and spec else spec
            cleaner = next(iter(last), "") if isinstance(last, dict) else last
            if "." not in name and isinstance(cleaner, str) and cleaner in _MADE:
                found[root, name] = _MADE[cleaner]
    return found


def cleaning_problems(
    project: Project, events: Mapping[str, Type], traits: Type
) -> Iterator[Problem]:
    """Steps that cannot be meant; a field that no schema declares is a hint."""
    declared = {
        "traits": {name for name, _ in traits.fields or ()},
        "properties": {name for each in events.values() for name, _ in each.fields or ()},
    }
    for name, source in project.sources.items():
        document = project.documents[project.places["source", name].file]
        seen: dict[str, Path] = {}
        for path, at, spec in _declared(source):
            if path in seen:
                yield document.problem(at, "P190", f"'{path}' is cleaned twice")
            seen.setdefault(path, at)
            yield from _of_field(document, path, at, declared)
            yield from _of_spec(project, document, at, spec)


def _of_field(
    document: Document, path: str, at: Path, declared: Mapping[str, set[str]]
) -> Iterator[Problem]:
    root, _, name = path.partition(".")
    is_column = at[0] == "columns"
    at = (*at[:-1], "to") if is_column else at
    if root not in ROOTS or not name or not all(name.split(".")):
        why = "identifiers are normalised, and times are read, without a step"
        is_known = is_column and root in {"identifiers", "occurred"}
        yield document.problem(
            at, "P190", f"'{path}' is no field that can be cleaned",
            suggestion=why if is_known else PLACES, on_key=not is_column,
        )  # fmt: skip
        return
    field = name.partition(".")[0]
    if declared[root] and field not in declared[root]:
        yield document.problem(
            at, "P130", f"no schema declares '{root}.{field}'",
            suggestion=did_you_mean(field, declared[root]), on_key=not is_column, severity="hint",
        )  # fmt: skip


def _of_spec(project: Project, document: Document, at: Path, spec: Json) -> Iterator[Problem]:
    if spec == []:
        yield document.problem(at, "P190", NO_STEPS, suggestion="write `clean: email`")
    for index, part in enumerate(spec if isinstance(spec, list) else [spec]):
        where = (*at, index) if isinstance(spec, list) else at
        name = next(iter(part), "") if isinstance(part, dict) else part
        if isinstance(name, str) and name not in known():
            yield document.problem(
                where, "P190", f"there is no cleaner '{name}'",
                suggestion=did_you_mean(name, known()),
            )  # fmt: skip
            continue
        try:
            _chain(project, part)
        except ValueError as error:
            message, _, suggestion = str(error).partition("; ")
            yield document.problem(where, "P190", message, suggestion=suggestion)


def _declared(source: Source) -> Iterator[tuple[str, Path, Json]]:
    """(field of the event, where its steps stand, the steps)."""
    for path, spec in source.clean.items():
        yield path, ("clean", path), spec
    for index, column in enumerate(source.columns):
        if column.clean is not None:
            yield column.to, ("columns", index, "clean"), column.clean


def _chain(project: Project, spec: Json) -> Chain:
    """Raises ValueError: one sentence, and after a semicolon what to do."""
    parts = spec if isinstance(spec, list) else [spec]
    if not parts or not all(isinstance(part, str | dict) for part in parts):
        raise ValueError(f"{NO_STEPS}; write `clean: email`")
    named = [part for part in parts if isinstance(part, str | dict)]
    return chain_of([_with_region(project, with_words(project, part)) for part in named])


def _with_region(project: Project, part: str | dict[str, Json]) -> str | dict[str, Json]:
    """A phone's region is the step's, else the project's (Q21)."""
    said = part.get("phone") if isinstance(part, dict) else {} if part == "phone" else None
    region = project.identity.region
    if not region or not isinstance(said, dict) or "region" in said:
        return part
    return {"phone": {**said, "region": region}}


def _digest(chains: Mapping[str, Mapping[str, Chain]]) -> str:
    said = {
        f"{source}\0{path}": _said(chain.steps)
        for source, fields in chains.items()
        for path, chain in fields.items()
    }
    return blake2b(msgspec.json.encode(said, order="sorted"), digest_size=8).hexdigest()


def _said(steps: Iterable[Cleaner]) -> list[tuple[str, Cleaner]]:
    return [(step.name, step) for step in steps]
