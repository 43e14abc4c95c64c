"""The records of a platform as linkage sees them, and the model it has learnt, in one file.

What has been seen of a node is kept in a DuckDB file, so that the next run reads the log from where
this one ended, with the model and the term frequencies of then (identity B5). Everything else lives
as long as the process and spills to disk beyond `memory`. `keep` is the only thing that lasts: a
run that fails leaves the last model as it was.
"""

# ruff: noqa: S608 - names are those of checked settings, values are never in the text

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from journeyfold.adapters.linkage import FROM_WEIGHT, Model, Proposal, cleaned, scored, trained
from journeyfold.adapters.linkage_model import ENGINES, ID, frequencies_of, key_of, model_of
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json
from journeyfold.identity.closure import Pair
from journeyfold.identity.linkage import Linkage, agreement

KEY_ROWS_MAX = 500  # of one blocking key, in an incremental run
AGAIN = "run `journeyfold identity link-records --full`"


class Sighting(NamedTuple):
    """A value that a record states of its owner; an empty one takes it back."""

    node: str
    column: str
    value: str
    occurred_us: int
    event: str


class Kept(msgspec.Struct, frozen=True):
    """What the file holds of the last runs: `digest` is of the settings, `until` a log offset."""

    version: str
    digest: str
    until: int
    trained_us: int
    settings: dict[str, Json]


class Records:
    """Open one at a time: `take` what was seen, `prepare`, then `train` or `recall`, and `score`."""

    def __init__(
        self, path: Path, settings: Linkage, *, threads: int = 1, memory: str = "1GB"
    ) -> None:
        """UsageError where the extra is not installed, or the file is none of ours."""
        try:
            import duckdb
            import pyarrow as pa
            from splink.internals.duckdb.database_api import DuckDBAPI
        except ImportError:
            raise UsageError(
                "linkage needs its extra; run: pip install 'journeyfold[linkage]'"
            ) from None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._settings, self._arrow = settings, pa
        beside = path.with_suffix(".tmp")
        self._engine = duckdb.connect(
            config={"threads": threads, "memory_limit": memory, "temp_directory": str(beside)}
        )
        self._api = DuckDBAPI(connection=self._engine)
        try:
            self._engine.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as kept")
        except duckdb.Error as error:
            self._engine.close()
            raise UsageError(f"{path} cannot be read ({error}); remove it and {AGAIN}") from error
        self._run(f"create table if not exists kept.sighted ({_SIGHTED})")
        self._run("create table if not exists kept.model (told varchar)")
        self._run(f"create table arrived ({_SIGHTED})")
        self._old: Any = None
        self._new: Any = None
        self.skipped: tuple[str, ...] = ()

    @property
    def kept(self) -> Kept | None:
        rows = self._rows("select told from kept.model")
        return msgspec.json.decode(rows[0][0], type=Kept) if rows else None

    def take(self, sightings: Sequence[Sighting]) -> None:
        if sightings:
            columns = dict(zip(Sighting._fields, zip(*sightings, strict=True), strict=True))
            self._engine.register(
                "piece", self._arrow.table({k: list(v) for k, v in columns.items()})
            )
            self._run("insert into arrived select * from piece")
            self._engine.unregister("piece")

    def nodes(self, *, full: bool) -> Iterator[list[str]]:
        """Every node that has a row, in pieces."""
        reading = self._engine.cursor()
        found = reading.execute(f"select distinct node from {_seen(full=full)}")
        while piece := found.fetchmany(10_000):
            yield [node for (node,) in piece]
        reading.close()

    def prepare(self, left_out: Collection[str], *, full: bool) -> int:
        """One row a node, the latest value of each column; how many there are to compare."""
        self._engine.register(
            "objecting", self._arrow.table({"node": _texts(self._arrow, left_out)})
        )
        parts = ", ".join(
            f'arg_max(value, row(occurred_us, event)) filter (where "column" = \'{name}\') as "{name}"'
            for name in self._settings.columns
        )
        self._run(
            f"create or replace view given as select node as {ID}, {parts} "
            f"from {_seen(full=full)} where node not in (select node from objecting) group by node"
        )
        self._run(f"create or replace table records as {cleaned(self._settings)}")
        ((rows,),) = self._rows("select count(*) from records")
        if full:
            self._old = self._api.register("records")
        else:
            self._split()
        return int(rows)

    def train(self) -> Model:
        model = model_of(self._settings, "dedupe_only", "duckdb")
        return trained(self._linker(self._old, model), self._settings)

    def recall(self) -> Model:
        """The model of the last full run; UsageError where it cannot be used."""
        kept = self.kept
        if kept is None:
            raise UsageError(f"linkage has no model yet; {AGAIN}")
        missing = [name for name in frequencies_of(kept.settings) if not self._has(f"tf_{name}")]
        if missing:
            raise UsageError(
                f"the model of linkage lacks its term frequencies of {', '.join(missing)}; {AGAIN}"
            )
        return Model(kept.settings)

    def score(self, model: Model) -> None:
        """Every pair of a full run; `strong` and `against` read what was found."""
        frame = self._linker(self._old, dict(model.settings)).inference.predict(
            threshold_match_weight=FROM_WEIGHT
        )
        self._run(f"create or replace view found as select * from {frame.physical_name}")

    def score_new(self, model: Model) -> None:
        """Pairs of which one at least is new, under the frozen model."""
        linker = self._linker(self._new, dict(model.settings))
        for name in frequencies_of(model.settings):
            table = self._api.register(f"kept.tf_{name}")
            linker.table_management.register_term_frequency_lookup(table, name)
        rules = [self._keyed(at) for at in range(len(self._settings.block_on))]
        predict = linker.inference
        frames = [
            predict.predict_within(
                self._new, blocking_rules_to_generate_predictions=rules,
                threshold_match_weight=FROM_WEIGHT,
            ),
            predict.predict_between(
                self._old, self._new, blocking_rules_to_generate_predictions=rules,
                threshold_match_weight=FROM_WEIGHT,
            ),
        ]  # fmt: skip
        union = " union all by name ".join(f"select * from {each.physical_name}" for each in frames)
        self._run(f"create or replace view found as {union}")

    def pairs(self, from_weight: float) -> tuple[int, list[Pair]]:
        """How many were scored, and those worth a thought: from a weight on, with every pair that
        speaks against one of their ends.
        """
        ((scored_,),) = self._rows("select count(*) from found")
        self._run(
            f"create or replace table ends as select unnest([{ID}_l, {ID}_r]) as node from found "
            f"where match_weight >= {from_weight!r}"
        )
        rows = self._rows(
            f"select {ID}_l, {ID}_r, match_weight from found where {ID}_l in (select node from ends)"
            f" and {ID}_r in (select node from ends)"
        )
        return int(scored_), [Pair(min(a, b), max(a, b), weight) for a, b, weight in rows]

    def proposals(self, pairs: Iterable[Pair]) -> Iterator[Proposal]:
        """These pairs with their steps."""
        chosen = list(pairs)
        table = {"a": [one.a for one in chosen], "b": [one.b for one in chosen]}
        texts = {name: _texts(self._arrow, values) for name, values in table.items()}
        self._engine.register("asked", self._arrow.table(texts))
        self._run("create or replace table chosen as select * from asked")
        self._run(
            f"create or replace view told as select found.* from found join chosen on "
            f"least({ID}_l, {ID}_r) = chosen.a and greatest({ID}_l, {ID}_r) = chosen.b"
        )
        return scored(self._engine, "told", self._settings)

    def keep(self, kept: Kept, gone: Collection[str] = (), *, full: bool) -> None:
        """All of it or nothing; of those who are `gone` nothing stays."""
        tables = dict[str, str]()
        if full:
            told = self._linker(self._old, dict(kept.settings)).table_management
            names = frequencies_of(kept.settings)
            tables = {name: told.compute_tf_table(name).physical_name for name in names}
        self._run("begin")
        if full:
            self._run("delete from kept.sighted")
            for name, table in tables.items():
                self._run(f"create or replace table kept.tf_{name} as select * from {table}")
        self._run("insert into kept.sighted select * from arrived")
        if gone:
            self._run("delete from kept.sighted where node in (select node from objecting)")
        self._run("delete from kept.model")
        self._run("insert into kept.model values (?)", [msgspec.json.encode(kept).decode()])
        self._run("commit")

    def close(self) -> None:
        self._engine.close()

    # -- inside -----------------------------------------------------------------------------------

    def _run(self, sql: str, values: Sequence[object] = ()) -> None:
        self._rows(sql, values)

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """A connection does one thing after the other: every answer is read to its end."""
        rows: list[tuple[Any, ...]] = self._engine.execute(sql, values).fetchall()
        return rows

    def _has(self, table: str) -> bool:
        told = "select 1 from duckdb_tables() where database_name = 'kept' and table_name = ?"
        return bool(self._rows(told, [table]))

    def _linker(self, records: Any, settings: dict[str, Any]) -> Any:
        from splink import Linker

        return Linker(records, settings, log_level="ERROR")

    def _split(self) -> None:
        """New rows and old ones, each with its blocking keys; a key that too many share is none."""
        keys = [key_of(rule) for rule in self._settings.block_on]
        made = ", ".join(
            f"{one} as key_{at}, {other} as cross_{at}" for at, (one, other) in enumerate(keys)
        )
        self._run(f"create or replace table keyed as select *, {made or '1'} from records")
        self.skipped = tuple(told for at in range(len(keys)) for told in self._without_large(at))
        is_new = f"{ID} in (select node from arrived)"
        self._run(f"create or replace table records_old as select * from keyed where not {is_new}")
        self._run(f"create or replace table records_new as select * from keyed where {is_new}")
        self._old = self._api.register("records_old")
        self._new = self._api.register("records_new")

    def _without_large(self, at: int) -> Iterator[str]:
        self._run(
            f"create or replace table large as select key_{at} as key, count(*) as n from keyed "
            f"where key_{at} is not null group by all having n > {KEY_ROWS_MAX}"
        )
        ((number, rows),) = self._rows("select count(*), coalesce(sum(n), 0) from large")
        if number:
            for name in (f"key_{at}", f"cross_{at}"):
                self._run(f"update keyed set {name} = null where {name} in (select key from large)")
            rule = ", ".join(self._settings.block_on[at])
            yield f"{rule}: {number} values that {rows} records share"

    def _keyed(self, at: int) -> str:
        """Equal keys, and what of the rule is no equality."""
        engine = ENGINES["duckdb"]
        rest = [
            engine.within(f"l.{one.column}", f"r.{one.column}", one.edits)
            for one in map(agreement, self._settings.block_on[at])
            if one.edits
        ]
        return " and ".join([f"l.key_{at} = r.cross_{at}", *rest])


_SIGHTED = 'node varchar, "column" varchar, value varchar, occurred_us bigint, event varchar'


def _seen(*, full: bool) -> str:
    return "arrived" if full else "(select * from kept.sighted union all select * from arrived)"


def _texts(arrow: Any, values: Iterable[str]) -> Any:
    return arrow.array(list(values), arrow.string())
