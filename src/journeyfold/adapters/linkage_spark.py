"""The same linkage on Spark: the settings, the comparisons and the words are those of DuckDB.

For more records than one machine holds. A session is the caller's; it needs the string distances
that Splink brings as a jar, `spark.jars` = `similarity_jar()`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from journeyfold.adapters.linkage import (
    FROM_WEIGHT,
    Model,
    Proposal,
    asked_of,
    cleaned,
    proposals_of,
    require_columns,
    trained,
)
from journeyfold.adapters.linkage_model import LinkType, model_of
from journeyfold.core.errors import UsageError
from journeyfold.identity.linkage import Linkage


def similarity_jar() -> str:
    """Where the jar of string distances lies. UsageError without pyspark."""
    try:
        from splink.internals.spark.jar_location import similarity_jar_location
    except ImportError:
        raise UsageError(
            "linkage on Spark needs pyspark and its extra; run: pip install pyspark "
            "'journeyfold[linkage]'"
        ) from None
    return str(similarity_jar_location())


class SparkLinking:
    """`adapters.linkage.Linking` over data frames of Spark."""

    def __init__(self, settings: Linkage, session: Any, frames: Sequence[Any]) -> None:
        """UsageError where pyspark is not installed or a column is missing."""
        similarity_jar()
        from splink.internals.spark.database_api import SparkAPI

        self._settings, self._session = settings, session
        api: Any = SparkAPI(spark_session=session, break_lineage_method="persist")  # type: ignore[no-untyped-call]
        self._records = []
        for number, frame in enumerate(frames):
            require_columns(settings, frame.columns)
            frame.createOrReplaceTempView("given")
            made = session.sql(cleaned(settings, "spark"))
            made.createOrReplaceTempView(f"records_{number}")
            self._records.append(api.register(f"records_{number}"))

    def train(self) -> Model:
        link_type: LinkType = "dedupe_only" if len(self._records) == 1 else "link_only"
        model = model_of(self._settings, link_type, "spark")
        return trained(self._linker(model), self._settings, "spark")

    def score(self, model: Model) -> Iterator[Proposal]:
        """Every pair that a blocking rule brings together, in no order."""
        linker = self._linker(dict(model.settings))
        frame = linker.inference.predict(threshold_match_weight=FROM_WEIGHT)
        name = frame.physical_name
        columns = self._session.table(name).columns
        rows = self._session.sql(asked_of(name, columns, self._settings)).toLocalIterator()
        return proposals_of(rows, self._settings)

    def _linker(self, settings: dict[str, Any]) -> Any:
        from splink import Linker

        records = self._records[0] if len(self._records) == 1 else self._records
        return Linker(records, settings, log_level="ERROR")
