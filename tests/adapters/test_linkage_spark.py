"""The same settings on Spark find what DuckDB finds. Needs pyspark and Java, else skipped."""

import importlib.util
import random
import shutil

import msgspec
import pyarrow as pa
import pytest

from journeyfold.adapters.linkage import Linking, cleaned
from journeyfold.adapters.linkage_model import model_of
from journeyfold.adapters.linkage_spark import SparkLinking, similarity_jar
from journeyfold.core.errors import UsageError
from journeyfold.identity.linkage import Linkage

IS_THERE = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None
needs_spark = pytest.mark.skipif(not IS_THERE, reason="pyspark is not installed")
SETTINGS = msgspec.convert(
    {
        "block_on": [["surname"], ["given_name=surname"], ["dob"]],
        "compare": {"given_name": "name", "surname": "name", "dob": "date"},
        "prior": {"rules": [["given_name", "surname"]], "recall": 0.8},
        "train_on": [["surname"], ["given_name"], ["dob"]],
        "max_pairs": 10_000,
    },
    Linkage,
)


def rows():
    """Every third person comes twice, the second time with a slip."""
    found = []
    for number in range(300):
        draw = random.Random(number - 1 if number % 3 == 2 else number)
        given, last = word(draw, 40), word(draw, 60)
        dob = f"19{draw.randrange(50, 99)}-0{draw.randrange(1, 9)}-1{draw.randrange(9)}"
        if number % 3 == 2 and number % 2:
            last = last[:-1] + "x"
        found.append(
            {"unique_id": f"{number:04d}", "given_name": given, "surname": f" {last} ", "dob": dob}
        )
    return found


def word(draw, different):
    chosen = random.Random(int(different * draw.random() ** 2) + 1_000 * different)
    return "".join(chosen.choice("abcdefghilmnoprstu") for _ in range(7))


def test_the_model_is_the_same_but_for_the_words_of_the_engine():
    duck, spark = (model_of(SETTINGS, "dedupe_only", each) for each in ("duckdb", "spark"))
    names = [[one["output_column_name"] for one in each["comparisons"]] for each in (duck, spark)]
    assert names[0] == names[1]
    for one, other in zip(duck["comparisons"], spark["comparisons"], strict=True):
        labels = [
            [level["label_for_charts"] for level in each["comparison_levels"]]
            for each in (one, other)
        ]
        assert labels[0] == labels[1]


def test_dates_and_blanks_are_cleaned_in_the_words_of_spark():
    text = cleaned(SETTINGS, "spark")
    assert "nullif(trim(cast(`surname` as string)), '')" in text
    assert "'yyyy-MM-dd'" in text


@pytest.mark.skipif(IS_THERE, reason="empty parameter set: pyspark is there")
def test_without_pyspark_the_sentence_says_what_to_install():
    with pytest.raises(UsageError, match="pip install pyspark"):
        similarity_jar()


@needs_spark
def test_spark_finds_the_pairs_that_duckdb_finds():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.jars", similarity_jar())
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    try:
        linking = Linking(SETTINGS, [pa.Table.from_pylist(rows())])
        model = linking.train()
        expected = {(one.a, one.b): one.weight for one in linking.score(model)}
        linking.close()
        frame = session.createDataFrame(rows())
        spark = SparkLinking(SETTINGS, session, [frame])
        learnt = spark.train()
        found = {(one.a, one.b): one.weight for one in spark.score(learnt)}
        # The samples behind u differ between engines, so the least likely pairs may.
        assert len(found.keys() ^ expected.keys()) < 0.02 * len(expected)
        strong = {pair for pair, weight in expected.items() if weight > 0}
        assert {pair for pair, weight in found.items() if weight > 0} == strong
        assert len(strong) > 50
    finally:
        session.stop()
