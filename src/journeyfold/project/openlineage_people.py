"""What people are made of, and what leaves of them, in the words of OpenLineage (quality Q41). Pure.

The fold is a job whose runs are the versions of a project: it makes traits, features, segments and
stages of events. A sync is one whose output is the table that its destination keeps.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.activate.sync import Sync
from journeyfold.project.lineage import Graph, Kind, Node
from journeyfold.project.lineage_reads import reads_of
from journeyfold.project.model import Project
from journeyfold.project.openlineage import EVENTS, PEOPLE, Dataset, Job

_KEPT: dict[Kind, str] = {
    "trait": "traits", "feature": "features", "score": "scores", "segment": "segments",
    "lifecycle": "stages", "consent": "consents",
}  # fmt: skip
"""What is kept of a person: kind → the first part of the column's name."""
_SENT: dict[Kind, str] = {"identifier": "identifiers.", "context": "context.", "event": ""}


def fold_job(project: Project, graph: Graph) -> Job:
    """Events into people: which property, trait or feature goes into which."""
    made = [node for node in sorted(graph.nodes) if node.kind in _KEPT]
    columns = tuple((_kept(node), "", _read(graph.before[node], node)) for node in made)
    read = {name for _, _, inputs in columns for dataset, name in inputs if dataset == EVENTS}
    events = Dataset(EVENTS, tuple((name, "", ()) for name in sorted(read)), version=project.hash)
    return Job("fold", (events,), (Dataset(PEOPLE, columns, version=project.hash),))


def sync_job(project: Project, destination: str, sync: Sync) -> Job:
    """People into the table of a destination: which trait or feature leaves as which field."""
    texts = {"key": sync.key, **sync.map}
    columns = tuple(
        (field, "", tuple(each for node in reads_of(text) for each in _place(node)))
        for field, text in texts.items()
    )
    read = {name for _, _, inputs in columns for dataset, name in inputs if dataset == PEOPLE}
    people = Dataset(PEOPLE, tuple((name, "", ()) for name in sorted(read)), version=project.hash)
    table = Dataset(f"destinations/{destination}/{sync.id}", columns)
    return Job(f"sync.{destination}.{sync.id}", (people,), (table,))


def _kept(node: Node) -> str:
    return f"{_KEPT[node.kind]}.{node.name}"


def _read(before: Iterable[Node], made: Node) -> tuple[tuple[str, str], ...]:
    """A trait is made of what events say under its name, whatever column that came from."""
    said = [(EVENTS, _kept(made))] if made.kind == "trait" else []
    found = (each for node in before for each in _place(node))
    return tuple(dict.fromkeys([*said, *found]))


def _place(node: Node) -> list[tuple[str, str]]:
    """(dataset, column); nothing for columns of a source, which the import tells of."""
    if node.kind in _KEPT:
        return [(PEOPLE, _kept(node))]
    if node.kind == "property":
        return [(EVENTS, node.name.replace("/", "."))]
    return [(EVENTS, _SENT[node.kind] + node.name)] if node.kind in _SENT else []
