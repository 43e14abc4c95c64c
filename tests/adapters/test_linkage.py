"""The four lists at thresholds fixed beforehand; the score alone reads the truth."""

import sys
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from journeyfold.adapters.linkage import Linking
from journeyfold.core.errors import UsageError
from journeyfold.identity.closure import clusters_of, judge
from journeyfold.identity.linkage import Linkage, weight_of

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from harness.people import DATA, SETS, scored

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="shared/data/identity is not there; set JOURNEYFOLD_DATA"
)
SMALL = {
    "block_on": [["email"], ["surname"]],
    "compare": {"surname": "text", "email": "email"},
    "prior": {"rules": [["email"]]},
    "train_on": [["email"], ["surname"]],
}


def linked(people):
    linking = Linking(people.settings, people.tables)
    model = linking.train()
    proposals = list(linking.score(model))
    linking.close()
    return model, proposals


@pytest.mark.parametrize(
    ("name", "least"),
    [("febrl4", 0.9991), ("febrl3", 0.9985), ("fake_1000", 0.95), ("historical_50k", 0.88)],
)
def test_people_are_found_without_labels(name, least):
    people = SETS[name]()
    _, proposals = linked(people)
    from_weight = weight_of(people.settings.bands.review_from)
    held = judge([one.pair for one in proposals], from_weight).held
    assert scored(clusters_of(held, people.truth), people.truth).f1 >= least


@pytest.fixture(scope="module")
def fake():
    people = SETS["fake_1000"]()
    return people, *linked(people)


def test_no_column_of_the_truth_reaches_the_linkage(fake):
    people, _, _ = fake
    assert all("cluster" not in table.column_names for table in people.tables)
    assert "cluster" not in people.settings.columns


def test_a_second_run_gives_the_same_scores_and_the_same_version(fake):
    people, model, proposals = fake
    again, proposed = linked(people)
    assert again.version == model.version
    assert sorted(one.pair for one in proposed) == sorted(one.pair for one in proposals)


def test_a_waterfall_sums_to_its_weight_with_the_prior(fake):
    _, _, proposals = fake
    rests = {
        round(one.weight - sum(weight for _, weight in one.waterfall.values()), 6)
        for one in proposals
    }
    assert len(rests) == 1  # what is left is the prior, the same for every pair


def test_a_missing_column_is_named():
    settings = msgspec.convert(SMALL, Linkage)
    with pytest.raises(UsageError, match="no column surname"):
        Linking(settings, [pa.table({"unique_id": ["1"], "email": ["a@example.com"]})])
