"""What linkage keeps between runs: the rows, the model, its term frequencies; and what it refuses."""

import random

import msgspec
import pyarrow as pa
import pytest

from journeyfold.adapters.linkage import Linking, trained
from journeyfold.adapters.linkage_model import model_of, words_of
from journeyfold.adapters.linkage_records import KEY_ROWS_MAX, Kept, Records, Sighting
from journeyfold.core.errors import UsageError
from journeyfold.identity.linkage import Linkage

SETTINGS = msgspec.convert(
    {
        "block_on": [["surname"], ["given_name=surname"], ["city", "surname[:2]"]],
        "compare": {
            "given_name": {"measure": "text", "tf": False},
            "surname": {"measure": "text", "tf": False},
            "city": {"measure": "exact", "tf": True},
        },
        "prior": {"rules": [["given_name", "surname"]], "recall": 0.8},
        "train_on": [["surname"], ["given_name", "city"]],
        "max_pairs": 10_000,
    },
    Linkage,
)
LETTERS = "abcdefghilmnoprstu"


def sightings(first, count, at_us=1):
    """Every third person comes twice, the second time with a slip or crossed."""
    rows = []
    for number in range(first, first + count):
        is_again = number % 3 == 2
        draw = random.Random(number - 1 if is_again else number)
        given, last = word(draw, 40), word(draw, 60)
        if is_again and number % 2:
            last = last[:-1] + "x"
        if is_again and number % 11 == 0:
            given, last = last, given
        told = {"given_name": given, "surname": last, "city": word(draw, 8)}
        rows += [
            Sighting(f"{number:04d}", name, value, at_us, f"e{number}")
            for name, value in told.items()
        ]
    return rows


def word(draw, different):
    """One of so many words, the first ones more often."""
    chosen = random.Random(int(different * draw.random() ** 2) + 1_000 * different)
    return "".join(chosen.choice(LETTERS) for _ in range(7))


def kept(model, until=1):
    return Kept(f"{model.version}-{until}", "d", until, 0, model.settings)


@pytest.fixture
def file(tmp_path):
    """A file with a hundred and fifty rows and the model learnt from all two hundred."""
    records = Records(tmp_path / "linkage" / "records.duckdb", SETTINGS)
    records.take(sightings(0, 200))
    records.prepare((), full=True)
    model = records.train()
    records.prepare([f"{number:04d}" for number in range(150, 200)], full=True)
    records.keep(kept(model), ["some"], full=True)
    records.close()
    return tmp_path / "linkage" / "records.duckdb"


def found(records, from_weight=-20.0):
    return {(pair.a, pair.b): round(pair.weight, 6) for pair in records.pairs(from_weight)[1]}


def test_new_rows_are_scored_as_a_full_run_under_the_same_model_scores_them(tmp_path):
    path = tmp_path / "records.duckdb"
    flat = msgspec.structs.replace(
        SETTINGS, compare={**SETTINGS.compare, "city": {"measure": "exact", "tf": False}}
    )
    flat = msgspec.convert(msgspec.to_builtins(flat), Linkage)
    everything = Records(tmp_path / "all.duckdb", flat)
    everything.take(sightings(0, 200))
    everything.prepare((), full=True)
    model = everything.train()
    everything.score(model)
    expected = {pair: weight for pair, weight in found(everything).items() if max(pair) >= "0150"}
    everything.close()
    first = Records(path, flat)
    first.take(sightings(0, 150))
    first.prepare((), full=True)
    first.keep(kept(model), full=True)
    first.close()
    then = Records(path, flat)
    then.take(sightings(150, 50))
    then.prepare((), full=False)
    then.score_new(then.recall())
    assert found(then) == expected
    assert len(expected) > 50
    then.close()


def test_a_value_that_was_taken_back_is_unknown(tmp_path):
    records = Records(tmp_path / "records.duckdb", SETTINGS)
    records.take([
        Sighting("a", "surname", "Moss", 1, "e1"),
        Sighting("a", "surname", "", 2, "e2"),
        Sighting("a", "city", "Kiel", 2, "e2"),
        Sighting("a", "city", "Bonn", 1, "e3"),
    ])  # fmt: skip
    records.prepare((), full=True)
    assert records._rows("select surname, city from records") == [(None, "Kiel")]
    records.close()


def test_a_key_that_too_many_share_is_skipped_and_said(tmp_path, file):
    records = Records(file, SETTINGS)
    records.take([
        sighting
        for number in range(1_000, 1_001 + KEY_ROWS_MAX)
        for sighting in (
            Sighting(f"{number}", "surname", "Smith", 5, "e"),
            Sighting(f"{number}", "given_name", f"G{number}", 5, "e"),
        )
    ])  # fmt: skip
    records.prepare((), full=False)
    assert records.skipped == (f"surname: 1 values that {KEY_ROWS_MAX + 1} records share",)
    records.score_new(records.recall())
    assert not [pair for pair in found(records) if min(pair) >= "1000"]
    records.close()


def test_what_is_not_kept_is_as_if_it_had_never_been(file):
    records = Records(file, SETTINGS)
    records.take(sightings(150, 50))
    records.prepare((), full=False)
    records.close()
    again = Records(file, SETTINGS)
    assert sum(len(piece) for piece in again.nodes(full=False)) == 150
    again.close()


def test_nothing_stays_of_those_who_are_gone(file):
    records = Records(file, SETTINGS)
    records.prepare(["0001", "0002"], full=False)
    records.keep(kept(records.recall(), 2), ["0001", "0002"], full=False)
    nodes = [node for piece in records.nodes(full=False) for node in piece]
    assert len(nodes) == 148
    assert not {"0001", "0002"} & set(nodes)
    records.close()


def test_without_a_model_the_way_to_one_is_told(tmp_path):
    records = Records(tmp_path / "records.duckdb", SETTINGS)
    with pytest.raises(UsageError, match="no model yet; run `journeyfold identity link-records"):
        records.recall()
    records.close()


def test_a_file_that_is_none_of_ours_is_told(tmp_path):
    (tmp_path / "records.duckdb").write_text("no database" * 1_000)
    with pytest.raises(UsageError, match=r"records\.duckdb cannot be read .* remove it and run"):
        Records(tmp_path / "records.duckdb", SETTINGS)


def test_learning_that_does_not_settle_fails(file):
    records = Records(file, SETTINGS)
    records.take(sightings(0, 200))
    records.prepare((), full=True)
    model = {**model_of(SETTINGS, "dedupe_only", "duckdb"), "max_iterations": 1}
    with pytest.raises(UsageError, match=r"did not settle on pairs that share .* after 1 rounds"):
        trained(records._linker(records._old, model), SETTINGS)
    records.close()


def test_a_column_that_every_training_rule_holds_fixed_is_named():
    settings = msgspec.structs.replace(SETTINGS, train_on=(("surname",), ("surname", "city")))
    rows = {}
    for sighting in sightings(0, 200):
        rows.setdefault(sighting.node, {"unique_id": sighting.node})[sighting.column] = (
            sighting.value
        )
    linking = Linking(settings, [pa.Table.from_pylist(list(rows.values()))])
    with pytest.raises(UsageError, match="nothing was learnt about surname"):
        linking.train()
    linking.close()


def test_levels_have_words():
    assert words_of(SETTINGS)["surname"] == ["unknown", "differs", "alike", "same"]
