"""Which rows a run needs: a table a dataset, with the columns and answers its rules ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from journeyfold.core.errors import UsageError
from journeyfold.core.event import Record
from journeyfold.identity.normalise import normalised
from journeyfold.project.model import Project
from journeyfold.project.people import decode_profile
from journeyfold.project.quality import Bound, Dataset, dataset_of, far_dataset
from journeyfold.quality.columns import text_of
from journeyfold.quality.predicate import Test
from journeyfold.quality.result import Run
from journeyfold.quality.rule import Rule
from journeyfold.quality.side import Side, quoted
from journeyfold.runtime.explaining import Look, look_at
from journeyfold.runtime.quality_engine import RuleEngine, file_of
from journeyfold.runtime.quality_rows import Table, Watch, answered
from journeyfold.runtime.workspace import Workspace

_PIECE = 5_000


class Tables:
    """All relations of a run; files of the project are looked at when they are asked for."""

    def __init__(self, workspace: Workspace, project: Project, run: Run, scratch: Path) -> None:
        self.workspace, self.project, self.run, self.scratch = workspace, project, run, scratch
        self._tables: dict[Dataset, Table] = {}
        self._files: dict[tuple[str, str], tuple[Side, list[str]]] = {}
        self.statements: dict[tuple[str, str], Table] = {}
        self.watches: list[Watch] = []
        self.profiles: dict[str, Table] = {}
        self._until_read = ExitStack()
        self._look: Look | None = None

    @property
    def look(self) -> Look:
        """One commit of the state for the whole run, until the log is read."""
        if self._look is None:
            self._look = self._until_read.enter_context(look_at(self.workspace, None))
        return self._look

    @property
    def of_events(self) -> list[Table]:
        return [table for table in self._tables.values() if table.dataset.is_of_events]

    @property
    def day(self) -> str:
        from journeyfold.core.instant import rfc3339

        return rfc3339(self.run.at_us)[:10]

    def table(self, dataset: Dataset) -> Table:
        return self._tables[dataset]

    def want(self, dataset: Dataset, columns: Sequence[str], tests: Mapping[str, Test]) -> None:
        self._tables[dataset] = Table(
            dataset, self.scratch / f"{len(self._tables)}.parquet", columns, tests
        )

    def close(self) -> None:
        every = (*self._tables.values(), *self.statements.values(), *self.profiles.values())
        for table in every:
            table.close()
        self._until_read.close()

    def observed(self, bound: Bound) -> set[str]:
        if bound.dataset.kind == "table":
            known = self._files.get((bound.path, bound.dataset.name))
            return set(known[1]) if known else set()
        if bound.dataset.kind == "profiles":
            table = self.profiles.get(bound.path)
            return set(table.observed) if table else set()
        return set(self._tables[bound.dataset].observed)

    def side(self, bound: Bound, name: str, engine: RuleEngine) -> Side:
        """Of the ruleset's own dataset or of another that it names."""
        dataset = dataset_of(name, self.project, bound.ruleset.tables)
        assert dataset is not None, "check has seen to the name"
        if dataset.kind == "table":
            return self.file_side(bound, dataset.name, engine)
        if dataset.kind == "profiles":
            table = self.profiles[bound.path]
            return Side(table.sql, table.column)
        table = self._tables[dataset]
        return Side(table.sql, table.column)

    def file_side(self, bound: Bound, name: str, engine: RuleEngine) -> Side:
        """A file of the project; UsageError when it is not there."""
        found = self._files.get((bound.path, name))
        if found is None:
            path = self.workspace.place.directory / bound.ruleset.tables[name]
            if not path.is_file():
                raise UsageError(f"the table {bound.ruleset.tables[name]} is not there")
            relation = file_of(path)
            columns = engine.columns(relation)
            key = [each for each in bound.ruleset.key if each in columns]
            shown = f"concat_ws('/', {', '.join(map(quoted, key))})" if key else "null"
            extra = self._answers(bound, name, relation, columns, engine)
            sql = (
                f"(select *, '{name}' as _source, '{self.day}' as _day, "  # noqa: S608 - a slug
                f"row_number() over () as _at, coalesce({shown}, 'row ' || row_number() over ()) "
                f"as _id from {relation}{extra})"
            )
            found = self._files[bound.path, name] = Side(sql, _as_it_is(columns)), columns
        return found[0]

    def _answers(
        self, bound: Bound, name: str, relation: str, columns: list[str], engine: RuleEngine
    ) -> str:
        """The answers of its conditions, row by row, beside the file."""
        if bound.dataset.name != name or not bound.tests:
            return ""
        import pyarrow as pa
        import pyarrow.parquet as pq

        file = self.scratch / f"answers-{len(self._files)}.parquet"
        names = [f"t{at}" for at in range(len(bound.tests))]
        schema = pa.schema([(each, pa.bool_()) for each in names])
        cursor = engine.cursor(f"select * from {relation}")  # noqa: S608 - a file's own name
        with pq.ParquetWriter(file, schema) as writer:
            pieces = iter(lambda: cursor.fetchmany(_PIECE), [])
            for piece in answered(pieces, columns, bound.tests):
                arrays = [pa.array(column, pa.bool_()) for column in zip(*piece, strict=True)]
                writer.write_batch(pa.record_batch(arrays, schema=schema))
        return f" positional join read_parquet('{file}')"


def _as_it_is(columns: list[str]) -> Callable[[str], str]:
    def column(name: str) -> str:
        if name not in columns:
            raise UsageError(f"the table has no column '{name}'; it has {', '.join(columns)}")
        return quoted(name)

    return column


def tables_for(
    workspace: Workspace, project: Project, bound: Sequence[Bound], run: Run, scratch: Path
) -> Tables:
    """Opened for writing; those of people are full already."""
    tables = Tables(workspace, project, run, scratch)
    columns: dict[Dataset, list[str]] = {}
    tests: dict[Dataset, dict[str, Test]] = {}
    for each in bound:
        if each.dataset.is_of_events:
            columns.setdefault(each.dataset, []).extend(_own_columns(each))
            own = {f"{each.path}/{name}": test for name, test in each.tests.items()}
            tests.setdefault(each.dataset, {}).update(own)
        for dataset, names in _far_columns(each, project):
            columns.setdefault(dataset, []).extend(names)
    for dataset, names in columns.items():
        tables.want(dataset, names, tests.get(dataset, {}))
    people = [each for each in bound if each.dataset.kind == "profiles"]
    agreeing = [(each, rule) for each in bound for rule in each.ruleset.rules if rule.agree]
    for each in people:
        tables.profiles[each.path] = _people(each, tables.look, tables)
    for each, rule in agreeing:
        _follow_statements(tables, each, rule, project)
    return tables


def _own_columns(bound: Bound) -> Iterator[str]:
    yield from bound.ruleset.key
    for rule in bound.ruleset.rules:
        yield from rule.columns


def _far_columns(bound: Bound, project: Project) -> Iterator[tuple[Dataset, list[str]]]:
    """What other datasets of events are asked for."""
    for rule in bound.ruleset.rules:
        for name, columns in _asked(rule, bound):
            dataset = dataset_of(name, project, bound.ruleset.tables)
            if dataset is not None and dataset.is_of_events:
                yield dataset, columns


def _asked(rule: Rule, bound: Bound) -> Iterator[tuple[str, list[str]]]:
    if rule.references is not None:
        name, column = far_dataset(rule.references.to)
        yield name, [column]
    if rule.accurate is not None:
        name, column = far_dataset(rule.accurate.to)
        yield name, [column, rule.accurate.key]
    if rule.reconcile is not None:
        yield rule.reconcile.other, [*rule.columns, *bound.ruleset.key]


# --- people -------------------------------------------------------------------------------------


def _people(bound: Bound, look: Look, tables: Tables) -> Table:
    """Everybody as of one commit: traits, features, and the answers of conditions about them."""
    from journeyfold.core.condition_eval import evaluate

    names = list(dict.fromkeys(_own_columns(bound)))
    file = tables.scratch / f"people-{len(tables.profiles)}.parquet"
    table = Table(bound.dataset, file, names, dict.fromkeys(bound.typed, _never))
    wants_features = any(name.startswith("features.") for name in names)
    for at, (_, raw) in enumerate(look.reader.scan("profile")):
        profile = decode_profile(raw)
        values = {f"traits.{key}": each for key, each in look.compiled.traits(profile).items()}
        table.observed.update(values)
        if wants_features:
            told = look.compiled.feature_values(profile, look.now_us)
            values |= {f"features.{key}": each for key, each in told.items()}
        view = look.compiled.view(profile)
        answers = [
            evaluate(typed, view, look.now_us)[0] is True for typed in bound.typed.values()
        ]  # fmt: skip
        fixed = (at, profile.person, "", tables.day, tables.day, 0, 0, 0)
        table.put(fixed, [text_of(values.get(name)) for name in names], answers)
    return table


def _never(_event: object) -> None:
    return None


def _follow_statements(tables: Tables, bound: Bound, rule: Rule, project: Project) -> None:
    """Who of the sources says what about whom: rows of person, source and value."""
    assert rule.agree is not None, "a rule about agreement"
    told = rule.agree
    name = told.trait.removeprefix("traits.")
    keys, sources = name.split("."), frozenset(told.across)
    file = tables.scratch / f"says-{len(tables.statements)}.parquet"
    table = Table(Dataset("source", ""), file, ["person", "value"], {})
    tables.statements[bound.path, rule.id] = table
    look, rules = tables.look, project.identity

    def watch(record: Record) -> None:
        event = record.event
        if event.source not in sources or keys[0] not in event.traits:
            return
        value = event.traits[keys[0]]
        for key in keys[1:]:
            value = value.get(key) if isinstance(value, dict) else None
        usable = normalised(event, rules)[0]
        node = look.resolver.node(usable[0]) if usable else None
        person = look.resolver.person_of(node) if node is not None else None
        if person is not None:
            fixed = (record.offset, event.id, event.source, "", "", event.occurred_us,
                     event.received_us, 0)  # fmt: skip
            table.put(fixed, [person, text_of(value)], [])

    tables.watches.append(watch)
