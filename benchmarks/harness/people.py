"""Lists of people with a truth, the truth kept apart: linkage sees the records, the score both."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from ruamel.yaml import YAML

from journeyfold.identity.linkage import Linkage

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("JOURNEYFOLD_DATA", ROOT.parent / "shared" / "data")) / "identity"
_FEBRL = re.compile(r"rec-(\d+)-")


class People(NamedTuple):
    """`tables` have no column of the truth; `truth` is record → person."""

    settings: Linkage
    tables: list[pa.Table]
    truth: dict[str, str]


class Score(NamedTuple):
    f1: float
    precision: float
    recall: float


def febrl4() -> People:
    return _febrl("febrl4", "dataset4a.csv", "dataset4b.csv")


def febrl3() -> People:
    return _febrl("febrl3", "dataset3.csv")


def fake_1000() -> People:
    return _clustered("fake_1000", "fake_1000.csv")


def historical_50k() -> People:
    return _clustered("historical_50k", "historical_figures_with_errors_50k.parquet")


SETS: dict[str, Callable[[], People]] = {
    "febrl4": febrl4, "febrl3": febrl3, "fake_1000": fake_1000, "historical_50k": historical_50k,
}  # fmt: skip


def settings_of(name: str) -> Linkage:
    text = (ROOT / "examples" / "linkage" / f"{name}.yaml").read_text()
    return msgspec.convert(YAML(typ="safe").load(text), Linkage)


def scored(clusters: Iterable[Iterable[str]], truth: Mapping[str, str]) -> Score:
    """Pairwise: of two records that are one person, how many are in one cluster, and the reverse."""
    proposed = found = 0
    for cluster in clusters:
        members = [truth[record] for record in cluster]
        proposed += _pairs(len(members))
        found += sum(map(_pairs, Counter(members).values()))
    true = sum(map(_pairs, Counter(truth.values()).values()))
    precision, recall = found / (proposed or 1), found / true
    return Score(2 * found / (proposed + true), precision, recall)


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _febrl(name: str, *files: str) -> People:
    tables = [_table(file, "rec_id") for file in files]
    ids = [str(one) for table in tables for one in table["unique_id"].to_pylist()]
    return People(settings_of(name), tables, {one: _FEBRL.match(one)[1] for one in ids})  # type: ignore[index]


def _clustered(name: str, file: str) -> People:
    table = _table(file, "unique_id")
    ids, people = table["unique_id"].to_pylist(), table["cluster"].to_pylist()
    truth = dict(zip(ids, people, strict=True))
    return People(settings_of(name), [table.drop_columns(["cluster"])], truth)


def _table(file: str, id_column: str) -> pa.Table:
    path = DATA / file
    raw = (
        pyarrow.parquet.read_table(path)
        if path.suffix == ".parquet"
        else pyarrow.csv.read_csv(path)
    )
    columns = {name.strip(): raw[name].cast(pa.string()) for name in raw.column_names}
    return pa.table(
        {("unique_id" if name == id_column else name): c for name, c in columns.items()}
    )
