"""Does a source say what can be meant? Its mapping, the names in it, its clock and who may send.

A CSV's columns are text unless `types` says otherwise, and a webhook's payload is `any`, so those
mappings are typed without a file. The columns of other files know their own types: of their
mappings only what no file can mend is judged (collect C41).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from ipaddress import ip_network
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from journeyfold.core.condition_parse import parse
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.project.document import Document, Path
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.sources.change import change_mapping
from journeyfold.sources.columns import columns_used
from journeyfold.sources.inventory import Source
from journeyfold.sources.mapping import MappingError, compile_mapping
from journeyfold.sources.payload import payload_mapping
from journeyfold.sources.recipe import Fields

_NO_FIELDS = Fields()
_WITHOUT_TYPES = frozenset({"J103", "J104", "J105", "J106", "J143"})
"""What is wrong with an expression whatever the types of its columns."""


def source_problems(project: Project, event_names: Iterable[str]) -> Iterator[Problem]:
    names = sorted(event_names)
    for name, source in project.sources.items():
        document = project.documents[project.places["source", name].file]
        unread = list(_unread(document, source))
        yield from unread or _untyped(document, source)
        yield from _of_identifiers(project, document, source)
        yield from _of_events(document, source, names)
        yield from _of_zone(document, source)
        yield from _of_senders(document, source)
        if source.basis != "consent" and not source.purposes:
            yield document.problem(
                ("basis",), "P117", f"basis: {source.basis} allows nothing without purposes",
                suggestion="say what for, such as `purposes: [analytics, personalization]`; "
                "an event whose purposes nobody granted is refused",
                severity="hint",
            )  # fmt: skip


def _unread(document: Document, source: Source) -> Iterator[Problem]:
    """Expressions of a mapping that do not parse."""
    for path, text in _expressions(source):
        try:
            parse(text)
        except ProjectError as error:
            for problem in error.problems:
                yield _inside(document, path, problem)


def _untyped(document: Document, source: Source) -> Iterator[Problem]:
    """The first thing wrong with a mapping that parses."""
    known = _known_mapping(source)
    if known is None:
        return
    compiled, is_typed = known
    try:
        compiled()
    except MappingError as error:
        if is_typed or str(error).startswith("`fields` needs"):
            yield document.problem(error.at, "P116", str(error))
    except ProjectError as error:
        for problem in error.problems:
            if is_typed or problem.code in _WITHOUT_TYPES:
                found = (path for path, text in _expressions(source) if text == problem.text)
                yield _inside(document, next(found, ("map",)), problem)


def _known_mapping(source: Source) -> tuple[Callable[[], object], bool] | None:
    """(compile it, are its types known); None for what has no mapping of its own."""
    if source.kind == "webhook":
        return partial(payload_mapping, source), True
    if source.kind == "cdc":
        return partial(change_mapping, source), True
    if source.read is None or source.preset is not None:
        return None
    is_text = source.read.format == "csv"
    types: dict[str, str] = dict(source.read.types)
    columns = {
        name: types.get(name, "string" if is_text else "any") for name in columns_used(source)
    }
    return partial(compile_mapping, source, columns, "", 0), is_text


def _of_identifiers(project: Project, document: Document, source: Source) -> Iterator[Problem]:
    kinds = [rule.name for rule in project.identity.kinds]
    named: list[tuple[Path, str]] = [
        (("fields", "identifiers", kind), kind)
        for kind in (source.fields or _NO_FIELDS).identifiers
    ]
    for index, column in enumerate(source.columns):
        root, _, kind = column.to.partition(".")
        if root == "identifiers":
            named.append((("columns", index, "to"), kind))
    for path, kind in named:
        if kind not in kinds:
            yield document.problem(
                path, "P130", f"unknown kind of identifier '{kind}'",
                suggestion=did_you_mean(kind, kinds), on_key=path[0] == "fields",
            )  # fmt: skip


def _of_events(document: Document, source: Source, names: list[str]) -> Iterator[Problem]:
    """An undeclared event may be meant: a hint where it is let in, an error where it is not."""
    allows = source.plan_in_force()[0] in {"allow", "flag"}
    for index, branch in enumerate(source.map):
        if branch.event is not None and branch.type == "track" and branch.event not in names:
            yield document.problem(
                ("map", index, "event"), "P130", f"no schema declares the event '{branch.event}'",
                suggestion=did_you_mean(branch.event, names),
                severity="hint" if allows else "error",
            )  # fmt: skip


def _of_zone(document: Document, source: Source) -> Iterator[Problem]:
    try:
        ZoneInfo(source.time_zone)
    except (KeyError, ValueError, OSError):  # not there; not a name; a folder
        yield document.problem(
            ("time_zone",), "P114", f"'{source.time_zone}' is no time zone",
            suggestion="write Europe/Berlin or UTC",
        )  # fmt: skip


def _of_senders(document: Document, source: Source) -> Iterator[Problem]:
    for index, origin in enumerate(source.origins):
        if not _is_origin(origin):
            yield document.problem(
                ("origins", index), "P114", f"'{origin}' is no origin",
                suggestion="write https://shop.example.com",
            )  # fmt: skip
    for index, network in enumerate(source.allow_ips):
        try:
            ip_network(network, strict=False)
        except ValueError:
            yield document.problem(
                ("allow_ips", index), "P114", f"'{network}' is no network",
                suggestion="write 10.0.0.0/8",
            )  # fmt: skip


def _is_origin(text: str) -> bool:
    """Scheme, host and perhaps a port, as browsers send it (collect C16)."""
    try:
        parts = urlsplit(text.strip())
        named = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        return False
    return bool(named) and parts.path in {"", "/"} and not parts.query and "*" not in text


def _inside(document: Document, path: Path, problem: Problem) -> Problem:
    return document.problem(
        path, problem.code, problem.message,
        suggestion=problem.suggestion, inside=problem.column - 1,
    )  # fmt: skip


def _expressions(source: Source) -> Iterator[tuple[Path, str]]:
    for index, branch in enumerate(source.map):
        if branch.when is not None:
            yield ("map", index, "when"), branch.when
    fields = source.fields
    if fields is None:
        return
    if fields.occurred is not None:
        yield ("fields", "occurred"), fields.occurred
    for part in ("identifiers", "properties", "traits", "context"):
        yield from _field_texts(getattr(fields, part), ("fields", part))


def _field_texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _field_texts(inner, (*path, key))
