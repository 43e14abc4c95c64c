"""Runs of jobs in the words of OpenLineage (quality Q41). Pure.

A run is a START and a COMPLETE or FAIL of one run id. Datasets are named by what the project
defines, never by where they lie; facets say names, types and numbers of rows, never a value of
anybody.

https://github.com/OpenLineage/OpenLineage/blob/main/spec/OpenLineage.json (2-0-2)
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from journeyfold.core.event import Json
from journeyfold.project.lineage import Graph, Node
from journeyfold.project.model import Project
from journeyfold.quality.registry import Registry

State: TypeAlias = Literal["START", "COMPLETE", "FAIL"]
Facets: TypeAlias = dict[str, Json]
PRODUCER = "https://github.com/journeyfold/journeyfold"
_SPEC = "https://openlineage.io/spec"
RUN_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = {
    "schema": "1-1-1/SchemaDatasetFacet", "dataSource": "1-0-1/DatasourceDatasetFacet",
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "ownership": "1-0-1/OwnershipDatasetFacet", "version": "1-0-1/DatasetVersionDatasetFacet",
    "dataQualityMetrics": "1-0-2/DataQualityMetricsInputDatasetFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet",
}  # fmt: skip
EVENTS, PEOPLE, LINKS, RESULTS = "events", "people", "identity/links", "quality/results"


class Dataset(msgspec.Struct, frozen=True):
    """Something read or written; `columns` are (name, type, the (dataset, field)s it is made of)."""

    name: str
    columns: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = ()
    owner: str = ""
    version: str = ""


class Job(msgspec.Struct, frozen=True):
    name: str
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()


class Done(msgspec.Struct):
    """What a run did: numbers alone."""

    rows_read: int | None = None
    rows_written: int | None = None
    error: str = ""  # which kind of error, not its words: those may quote a value


def run_event(
    project: str, state: State, run_id: str, at: str, job: Job, done: Done | None = None
) -> dict[str, Json]:
    """`at` is RFC 3339."""
    done = done or Done()
    namespace = namespace_of(project)
    facets: Facets = {}
    if state == "FAIL":
        message = f"the run ended with {done.error or 'an error'}"
        facets["errorMessage"] = _facet(
            "errorMessage", message=message, programmingLanguage="Python"
        )
    return {
        "eventType": state, "eventTime": at, "producer": PRODUCER, "schemaURL": RUN_EVENT,
        "run": {"runId": run_id, "facets": facets},
        "job": {"namespace": namespace, "name": job.name, "facets": {}},
        "inputs": [_input(namespace, each, done.rows_read) for each in job.inputs],
        "outputs": [_output(namespace, each, done.rows_written) for each in job.outputs],
    }  # fmt: skip


def namespace_of(project: str) -> str:
    return f"journeyfold://{project}"


def import_job(project: Project, graph: Graph, registry: Registry, source: str) -> Job:
    """A source into the log: which column becomes which property, trait or identifier."""
    fields = [node for node in graph.before if node.kind == "field"]
    own = [node for node in fields if node.name.partition("/")[0] == source]
    read = Dataset(
        f"sources/{source}",
        tuple((node.name.partition("/")[2], "", ()) for node in own),
        project.sources[source].owner,
        project.hash,
    )
    made: dict[Node, list[tuple[str, str]]] = {}
    for node in own:
        for target in graph.behind[node]:
            if target.kind in {"property", "trait", "identifier"}:
                made.setdefault(target, []).append((read.name, node.name.partition("/")[2]))
    types = _types(registry)
    columns = tuple(
        (_column(node), types.get(_column(node), ""), tuple(made[node])) for node in sorted(made)
    )
    return Job(f"import.{source}", (read,), (Dataset(EVENTS, columns, version=project.hash),))


def linkage_job(project: Project) -> Job:
    return Job("linkage", (Dataset(PEOPLE, version=project.hash),), (Dataset(LINKS),))


def quality_job(project: Project, dataset: str) -> Job:
    name = f"quality.{dataset}" if dataset else "quality"
    return Job(name, (Dataset(dataset or EVENTS, version=project.hash),), (Dataset(RESULTS),))


def _column(node: Node) -> str:
    if node.kind == "property":
        return node.name.replace("/", ".")
    return f"{'traits' if node.kind == 'trait' else 'identifiers'}.{node.name}"


def _types(registry: Registry) -> dict[str, str]:
    found: dict[str, str] = {}
    for schema in registry.schemas:
        properties = schema.document.get("properties")
        for name, each in properties.items() if isinstance(properties, dict) else ():
            kind = each.get("type") if isinstance(each, dict) else None
            root = "traits" if schema.type == "identify" else schema.name
            if isinstance(kind, str):
                found[f"{root}.{name}"] = kind
    return found


def _input(namespace: str, dataset: Dataset, rows: int | None) -> Json:
    facets: Facets = {}
    if rows is not None:
        facets["dataQualityMetrics"] = _facet("dataQualityMetrics", rowCount=rows, columnMetrics={})
    return {**_dataset(namespace, dataset), "inputFacets": facets}


def _output(namespace: str, dataset: Dataset, rows: int | None) -> Json:
    facets: Facets = {}
    if rows is not None:
        facets["outputStatistics"] = _facet("outputStatistics", rowCount=rows)
    return {**_dataset(namespace, dataset), "outputFacets": facets}


def _dataset(namespace: str, dataset: Dataset) -> Facets:
    uri = f"{namespace}/{dataset.name}"
    facets: Facets = {"dataSource": _facet("dataSource", name=dataset.name, uri=uri)}
    if dataset.columns:
        fields: list[Json] = [_schema_field(name, kind) for name, kind, _ in dataset.columns]
        facets["schema"] = _facet("schema", fields=fields)
        facets |= _made_of(namespace, dataset)
    if dataset.owner:
        owners: list[Json] = [{"name": dataset.owner, "type": "MAINTAINER"}]
        facets["ownership"] = _facet("ownership", owners=owners)
    if dataset.version:
        facets["version"] = _facet("version", datasetVersion=dataset.version)
    return {"namespace": namespace, "name": dataset.name, "facets": facets}


def _schema_field(name: str, kind: str) -> Json:
    return {"name": name, "type": kind} if kind else {"name": name}


def _made_of(namespace: str, dataset: Dataset) -> Facets:
    fields: dict[str, Json] = {
        name: {"inputFields": [_input_field(namespace, *each) for each in inputs]}
        for name, _, inputs in dataset.columns
        if inputs
    }
    return {"columnLineage": _facet("columnLineage", fields=fields)} if fields else {}


def _input_field(namespace: str, dataset: str, field: str) -> Json:
    return {"namespace": namespace, "name": dataset, "field": field}


def _facet(name: str, /, **parts: Json) -> Json:
    version, _, document = _FACETS[name].partition("/")
    url = f"{_SPEC}/facets/{version}/{document}.json#/$defs/{document}"
    return {"_producer": PRODUCER, "_schemaURL": url, **parts}
