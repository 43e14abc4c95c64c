"""Do rules about data name what is there, and say what can be meant? Each finding at its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from journeyfold.activate.destination import ParcelKind
from journeyfold.activate.mail import is_address
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import Scope, Type
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.project.document import Document, Path
from journeyfold.project.load import ROOT_FILE
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.quality import (
    EVENTS,
    PROFILES,
    TABLE_ENDINGS,
    Dataset,
    dataset_of,
    expressions,
    far_dataset,
    is_inside,
    scope_of,
    typed_of,
)
from journeyfold.project.scopes import event_types, trait_type
from journeyfold.quality.columns import EVENT_COLUMNS, ROOTS, where
from journeyfold.quality.registry import Registry
from journeyfold.quality.rule import PER_RECORD, Rule, Ruleset

_OF_EVENTS = frozenset({"timeliness", "freshness", "anomaly", "conforms"})
_ONE_PERSON_AT_A_TIME = frozenset({"references", "accurate", "reconcile"})


def quality_problems(
    project: Project, registry: Registry, people: Scope | None = None
) -> Iterator[Problem]:
    """`people`: the scope of segments, where every condition of them is sound."""
    yield from alert_problems(project)
    events = event_types(registry)
    for path, ruleset in project.quality.items():
        document = project.documents[path]
        yield from _of_tables(document, ruleset)
        known = _datasets(project, ruleset, events)
        dataset = dataset_of(ruleset.dataset, project, ruleset.tables)
        if dataset is None or (dataset.kind == "event" and ruleset.dataset not in known):
            severity = "error" if dataset is None else "hint"
            yield document.problem(
                ("dataset",), "P130", f"unknown dataset '{ruleset.dataset}'",
                suggestion=did_you_mean(ruleset.dataset, known), severity=severity,
            )  # fmt: skip
        if dataset is not None:
            yield from _of_rules(project, document, ruleset, dataset, known)
            yield from _of_columns(document, ruleset, _Columns(dataset, registry))
            scope = scope_of(project, registry, dataset, people)
            yield from _of_expressions(document, ruleset, scope, people, dataset)


def _datasets(project: Project, ruleset: Ruleset, events: Iterable[str]) -> list[str]:
    return [*ruleset.tables, *project.sources, PROFILES, *(EVENTS + name for name in events)]


def _of_tables(document: Document, ruleset: Ruleset) -> Iterator[Problem]:
    for name, file in ruleset.tables.items():
        if not is_inside(file):
            yield document.problem(
                ("tables", name), "P114", f"'{file}' is no table of the project",
                suggestion=f"name a file in the project's directory that ends in "
                f"{', '.join(TABLE_ENDINGS)}",
            )  # fmt: skip


def _of_rules(
    project: Project, document: Document, ruleset: Ruleset, dataset: Dataset, known: list[str]
) -> Iterator[Problem]:
    for at, rule in enumerate(ruleset.rules):
        for path, name in _others(rule):
            if dataset_of(name, project, ruleset.tables) is None:
                yield document.problem(
                    ("rules", at, *path), "P130", f"unknown dataset '{name}'",
                    suggestion=did_you_mean(name, known),
                )  # fmt: skip
        for index, source in enumerate(rule.agree.across if rule.agree else ()):
            if source not in project.sources:
                yield document.problem(
                    ("rules", at, "agree", "across", index), "P130", f"unknown source '{source}'",
                    suggestion=did_you_mean(source, project.sources),
                )  # fmt: skip
        sentence = _cannot_be_meant(rule, dataset)
        if sentence:
            yield document.problem(("rules", at), "P114", sentence)


def _cannot_be_meant(rule: Rule, dataset: Dataset) -> str:
    if rule.key in _OF_EVENTS and not dataset.is_of_events:
        return f"'{rule.id}' is about events: when they came, and how many"
    is_held = rule.anomaly is not None and rule.anomaly.metric == "quarantined"
    if is_held and dataset.kind != "source":
        return f"'{rule.id}' counts what is set aside of a source; state it of the source"
    if rule.key in _ONE_PERSON_AT_A_TIME and dataset.kind == "profiles":
        return f"'{rule.id}' compares rows with another dataset; state it of events or a table"
    if rule.on_fail in {"flag", "quarantine"} and not dataset.is_of_events:
        return f"'{rule.id}' is not about events, so nothing of it comes to the door"
    return ""


def _others(rule: Rule) -> Iterator[tuple[Path, str]]:
    if rule.references is not None:
        yield ("references", "to"), far_dataset(rule.references.to)[0]
    if rule.accurate is not None:
        yield ("accurate", "to"), far_dataset(rule.accurate.to)[0]
    if rule.reconcile is not None:
        yield ("reconcile", "with"), rule.reconcile.other


class _Columns:
    """What a dataset is known to have: None where anything may be meant."""

    def __init__(self, dataset: Dataset, registry: Registry) -> None:
        self._dataset = dataset
        self._properties = event_types(registry).get(dataset.name)
        self._traits = trait_type(registry)

    def missing(self, column: str) -> tuple[str, list[str]] | None:
        """(what is not there, what there is instead)."""
        if self._dataset.kind == "table":
            return None
        section, keys = where(column)
        if section == "event":
            return None if keys[0] in EVENT_COLUMNS else (column, _under("event", EVENT_COLUMNS))
        if section == "traits":
            return self._in(self._traits, keys, column, "traits")
        if section == "properties" and self._dataset.kind == "profiles":
            return (column, ["traits.…", "features.…"]) if keys[0] != "features" else None
        if section == "properties" and self._dataset.kind == "event":
            root = "properties" if column.startswith("properties.") else ""
            return self._in(self._properties, keys, column, root)
        return None

    def _in(
        self, kind: Type | None, keys: tuple[str, ...], column: str, root: str
    ) -> tuple[str, list[str]] | None:
        if kind is None or not kind.fields:
            return None
        if kind.field(keys[0]) is not None:
            return None
        return column, _under(root, kind.keys())


def _under(root: str, names: Iterable[str]) -> list[str]:
    return [f"{root}.{name}" if root else name for name in names]


def _of_columns(document: Document, ruleset: Ruleset, columns: _Columns) -> Iterator[Problem]:
    for index, column in enumerate(ruleset.key):
        yield from _unknown(document, ("key", index), column, columns)
    for at, rule in enumerate(ruleset.rules):
        for column in rule.columns:
            path = _place(document, ("rules", at), column)
            yield from _unknown(document, path, column, columns)


def _unknown(document: Document, path: Path, column: str, columns: _Columns) -> Iterator[Problem]:
    missing = columns.missing(column)
    if missing is not None:
        name, known = missing
        roots = [f"{root}.…" for root in ROOTS] if len(known) > 20 else []
        yield document.problem(
            path, "P130", f"unknown column '{name}'", suggestion=did_you_mean(name, known or roots)
        )


def _place(document: Document, path: Path, column: str) -> Path:
    """Where in a rule its column is written."""
    value = document.at(path)
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        if inner == column and key != "id":
            return (*path, key)
        if isinstance(inner, dict | list):
            found = _place(document, (*path, key), column)
            if found != (*path, key):
                return found
    return path


def _of_expressions(
    document: Document, ruleset: Ruleset, scope: Scope, people: Scope | None, dataset: Dataset
) -> Iterator[Problem]:
    """Conditions of people are typed when those of segments are sound."""
    per_record = {rule.id for rule in ruleset.rules if rule.key in PER_RECORD}
    for name, path, text in expressions(ruleset):
        try:
            parsed = parse(text)
            hints: Iterable[Problem] = ()
            if dataset.kind != "profiles" or people is not None:
                hints = typed_of(parsed, scope).hints
        except ProjectError as error:
            hints = error.problems
        for problem in hints:
            if problem.severity == "hint" and name in per_record:
                continue  # what is unknown breaks a check: nothing passes unseen
            yield document.problem(
                path, problem.code, problem.message, suggestion=problem.suggestion,
                severity=problem.severity, inside=problem.column - 1,
            )  # fmt: skip


def alert_problems(project: Project) -> Iterator[Problem]:
    """Is there somebody who hears of an alert?"""
    alerts, document = project.settings.alerts, project.documents[ROOT_FILE]
    wanted: list[tuple[Path, str, ParcelKind]] = []
    if alerts.webhook:
        wanted.append((("alerts", "webhook"), alerts.webhook, "webhook"))
    if alerts.mail is not None and alerts.mail.destination:
        wanted.append((("alerts", "mail", "destination"), alerts.mail.destination, "message"))
    for at, to in enumerate(alerts.mail.to if alerts.mail is not None else ()):
        if not is_address(to):
            yield document.problem(
                ("alerts", "mail", "to", at), "P113", f"'{to}' is no e-mail address"
            )
    for path, name, kind in wanted:
        destined = project.destinations.get(name)
        fitting = [each for each, other in project.destinations.items() if kind in other.takes]
        if destined is None:
            yield document.problem(
                path, "P130", f"unknown destination '{name}'",
                suggestion=did_you_mean(name, fitting),
            )  # fmt: skip
        elif kind not in destined.takes:
            yield document.problem(
                path, "P136", f"the destination '{name}' takes no {kind}",
                suggestion=did_you_mean(name, fitting),
            )  # fmt: skip
