"""Taxonomies in a project: what is wrong with them, and who uses which (quality Q25)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from journeyfold.core.errors import Problem
from journeyfold.core.event import Json
from journeyfold.project.cleaned import Miss
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.quality.taxonomy import faults


class Near(msgspec.Struct, frozen=True):
    value: str
    likeness: float  # of 100


class Missed(msgspec.Struct, frozen=True):
    """A value that no term stands for, and the terms most like it: for a person to decide."""

    taxonomy: str
    source: str
    field: str
    value: str
    seen: int
    nearest: tuple[Near, ...] = ()


def taxonomy_problems(project: Project) -> Iterator[Problem]:
    """Synonyms of two values and circles, each with both of its lines."""
    for name, taxonomy in project.taxonomies.items():
        document = project.documents[project.places["taxonomy", name].file]
        for fault in faults(taxonomy):
            suggestion = ""
            if fault.other:
                other = document.problem(fault.other, "", "", on_key=len(fault.other) == 2)
                suggestion = f"the other is in {other.file}:{other.line}"
            elif fault.path[-1] == "parent":
                suggestion = did_you_mean(str(document.at(fault.path)), taxonomy.terms)
            yield document.problem(
                fault.path, "P191", fault.message, suggestion=suggestion,
                on_key=len(fault.path) == 2,
            )  # fmt: skip


def with_words(project: Project, part: str | dict[str, Json]) -> str | dict[str, Json]:
    """`{taxonomy: NAME}` with the words of that file; any other step as it is.

    Raises ValueError: there is no such file.
    """
    if not isinstance(part, dict) or "taxonomy" not in part:
        return part
    said = part["taxonomy"]
    arguments = {"of": said} if isinstance(said, str) else said
    if not isinstance(arguments, dict) or "of" not in arguments:
        return part
    taxonomy = project.taxonomies.get(str(arguments["of"]))
    if taxonomy is None:
        hint = did_you_mean(str(arguments["of"]), project.taxonomies)
        raise ValueError(f"there is no taxonomy '{arguments['of']}'; {hint or 'make its file'}")
    terms: dict[str, Json] = {value: list(term.synonyms) for value, term in taxonomy.terms.items()}
    parents: dict[str, Json] = {
        value: term.parent for value, term in taxonomy.terms.items() if term.parent
    }
    return {"taxonomy": {**arguments, "terms": terms, "parents": parents}}


def taxonomy_named(spec: Json) -> str:
    """The file that a field's steps name; "" for none."""
    for part in spec if isinstance(spec, list) else [spec]:
        said = part.get("taxonomy") if isinstance(part, dict) else None
        named = said.get("of") if isinstance(said, dict) else said
        if isinstance(named, str):
            return named
    return ""


def reviewed(project: Project, misses: Iterable[Miss]) -> list[Missed]:
    """The misses of fields that are still cleaned by a taxonomy, most frequent first."""
    found = []
    for miss in misses:
        taxonomy = project.taxonomies.get(_named_for(project, miss.source, miss.field))
        near = taxonomy.nearest(miss.value) if taxonomy is not None else []
        if taxonomy is not None:
            shown = tuple(Near(value, round(score, 1)) for value, score in near)
            found.append(
                Missed(taxonomy.taxonomy, miss.source, miss.field, miss.value, miss.seen, shown)
            )
    return sorted(found, key=lambda row: (-row.seen, row.taxonomy, row.source, row.value))


def _named_for(project: Project, source: str, field: str) -> str:
    declared = project.sources.get(source)
    if declared is None:
        return ""
    columns = (column.clean for column in declared.columns if column.to == field)
    return taxonomy_named(declared.clean.get(field) or next(columns, None))
