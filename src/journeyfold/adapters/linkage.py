"""Probabilistic linkage with Splink, on DuckDB or on Spark: records in, scored pairs out.

The model of Fellegi and Sunter (1969), its parameters estimated without labels: u by sampling, m by
expectation maximisation. No column but those the settings name is ever read. Seeded and on one
thread unless told otherwise, so that equal input gives equal scores (identity 2.7, section 5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from journeyfold.adapters.linkage_model import (
    ENGINES,
    ID,
    Backend,
    Distances,
    LinkType,
    joined,
    model_of,
    rule_of,
)
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json
from journeyfold.identity.closure import Pair
from journeyfold.identity.linkage import Linkage

if TYPE_CHECKING:
    import pyarrow as pa

FROM_WEIGHT = -20.0  # weaker pairs say nothing that their absence does not
SEED = 20_261_122
_PIECE = 50_000


class Proposal(msgspec.Struct, frozen=True):
    """A scored pair, `a` < `b`. `waterfall`: comparison → (level, match weight); the weights and
    that of the prior sum to `weight`.
    """

    a: str
    b: str
    weight: float
    probability: float
    waterfall: dict[str, tuple[int, float]] = {}

    @property
    def pair(self) -> Pair:
        return Pair(self.a, self.b, self.weight)


class Model(msgspec.Struct, frozen=True):
    """What was estimated: enough to score the same records again, or new ones alike."""

    settings: dict[str, Json]

    @property
    def version(self) -> str:
        """Of what was estimated, not of when."""
        raw = msgspec.json.encode(self.settings, order="sorted")
        return blake2b(raw, digest_size=8).hexdigest()


class Linking:
    """One run over tables of records: each has `unique_id` and the columns of the settings.

    One table is searched for duplicates, two are linked to each other.
    """

    def __init__(self, settings: Linkage, tables: Sequence[pa.Table], *, threads: int = 1) -> None:
        """UsageError where the extra is not installed or a column is missing."""
        try:
            import duckdb
            from splink.internals.duckdb.database_api import DuckDBAPI
        except ImportError:
            raise UsageError(
                "linkage needs its extra; run: pip install 'journeyfold[linkage]'"
            ) from None
        self._settings = settings
        self._engine = duckdb.connect(config={"threads": threads})
        api = DuckDBAPI(connection=self._engine)
        self._records = []
        for number, table in enumerate(tables):
            require_columns(settings, table.column_names)
            self._engine.register("given", table)
            self._engine.execute(f"create table records_{number} as {cleaned(settings)}")
            self._engine.unregister("given")
            self._records.append(api.register(f"records_{number}"))
        self._link_type: LinkType = "dedupe_only" if len(tables) == 1 else "link_only"

    def train(self) -> Model:
        """Estimate everything from the records; UsageError where they do not suffice."""
        settings = self._settings
        return trained(self._linker(model_of(settings, self._link_type, "duckdb")), settings)

    def score(self, model: Model) -> Iterator[Proposal]:
        """Every pair that a blocking rule brings together, in no order."""
        linker = self._linker(dict(model.settings))
        frame = linker.inference.predict(threshold_match_weight=FROM_WEIGHT)
        return scored(self._engine, frame.physical_name, self._settings)

    def close(self) -> None:
        self._engine.close()

    def _linker(self, settings: dict[str, Any]) -> Any:
        from splink import Linker

        records = self._records[0] if len(self._records) == 1 else self._records
        return Linker(records, settings, log_level="ERROR")


def scored(engine: Any, table: str, settings: Linkage) -> Iterator[Proposal]:
    """The rows of a table of predictions in DuckDB."""
    columns = {str(row[0]) for row in engine.execute(f"describe {table}").fetchall()}
    rows = engine.execute(asked_of(table, columns, settings))
    while piece := rows.fetchmany(_PIECE):
        yield from proposals_of(piece, settings)


def asked_of(table: str, columns: Collection[str], settings: Linkage) -> str:
    """What is read of a table of predictions, in any engine."""
    names = [joined(each) for each in settings.comparisons]
    steps = ", ".join(f"gamma_{name}, {_weight(name, columns)}" for name in names)
    return (
        f"select {ID}_l, {ID}_r, match_weight, match_probability, {steps} "  # noqa: S608 - checked column names
        f"from {table}"
    )


def proposals_of(rows: Iterable[Sequence[Any]], settings: Linkage) -> Iterator[Proposal]:
    names = [joined(each) for each in settings.comparisons]
    for a, b, weight, probability, *told in rows:
        waterfall = {name: (told[2 * at], told[2 * at + 1]) for at, name in enumerate(names)}
        yield Proposal(min(a, b), max(a, b), weight, probability, waterfall)


def trained(linker: Any, settings: Linkage, backend: Backend = "duckdb") -> Model:
    """A model from the records of a linker; UsageError with what to do where they do not suffice."""
    from splink.internals.exceptions import SplinkException

    engine, training = ENGINES[backend], linker.training
    try:
        training.estimate_probability_two_random_records_match(
            [rule_of(rule, engine) for rule in settings.prior.rules], recall=settings.prior.recall
        )
        training.estimate_u_using_random_sampling(max_pairs=settings.max_pairs, seed=SEED)
        for rule in settings.train_on:
            session = training.estimate_parameters_using_expectation_maximisation(
                rule_of(rule, engine), estimate_without_term_frequencies=True
            )
            _require_converged(linker, session, ", ".join(rule))
    except (SplinkException, ValueError, ZeroDivisionError) as error:
        told = " ".join(str(error).split())[:200]
        raise UsageError(
            f"linkage: the records do not suffice to learn from ({told}); collect more of them, or "
            "choose rules of prior and train_on that hold for more pairs"
        ) from error
    _require_learnt(linker, settings)
    return Model(linker.misc.save_model_to_json())


def _require_converged(linker: Any, session: Any, rule: str) -> None:
    """Splink stops after so many rounds and says nothing."""
    from splink.internals.expectation_maximisation import (
        _max_change_in_parameters_comparison_levels as change_in,
    )

    history = session._core_model_settings_history  # noqa: SLF001 - its only record of the rounds
    training = linker._settings_obj.training_settings  # noqa: SLF001 - its limits
    last = change_in(history)["max_abs_change_value"]
    if len(history) > training.max_iterations and last >= training.em_convergence:
        raise UsageError(
            f"linkage: learning did not settle on pairs that share {rule} ({last:.4f} still "
            f"changed after {training.max_iterations} rounds); choose another rule for train_on"
        )


def _require_learnt(linker: Any, settings: Linkage) -> None:
    """A column that every training rule holds fixed has never been looked at."""
    core = linker._settings_obj.core_model_settings  # noqa: SLF001 - it has no public reading
    for comparison, columns in zip(core.comparisons, settings.comparisons, strict=True):
        levels = [one for one in comparison.comparison_levels if not one.is_null_level]
        if not any(one._has_estimated_m_values for one in levels):  # noqa: SLF001 - as above
            raise UsageError(
                f"linkage: nothing was learnt about {columns}: every rule of train_on holds it "
                "fixed, or it is hardly ever known; add a rule without it, or compare it no more"
            )


def _weight(name: str, columns: Collection[str]) -> str:
    """Of a comparison, with what the rarity of the value adds."""
    rarity = f"mw_tf_adj_{name}"
    return f"mw_{name} + {rarity}" if rarity in columns else f"mw_{name}"


def cleaned(settings: Linkage, backend: Backend = "duckdb") -> str:
    """Blanks are nothing; a date that is none is nothing; two names that are compared together
    stand together as well.
    """
    words = ENGINES[backend]
    dates = {
        name: how.format for name, how in settings.comparisons.items() if how.measure == "date"
    }
    parts = [words.name(ID)]
    for column in settings.columns:
        trimmed = _trimmed(column, words)
        if column in dates:
            trimmed = words.iso(trimmed, dates[column])
        parts.append(f"{trimmed} as {words.name(column)}")
    for columns, how in settings.comparisons.items():
        if how.measure == "names":
            both = ", ".join(_trimmed(one, words) for one in columns.split("+"))
            parts.append(f"nullif(concat_ws(' ', {both}), '') as {words.name(joined(columns))}")
    return f"select {', '.join(parts)} from given"  # noqa: S608 - checked column names


def _trimmed(column: str, words: Distances) -> str:
    return f"nullif(trim(cast({words.name(column)} as {words.text})), '')"


def require_columns(settings: Linkage, there: Sequence[str]) -> None:
    missing = [name for name in (ID, *settings.columns) if name not in there]
    if missing:
        raise UsageError(f"linkage: the records have no column {', '.join(missing)}")
