import csv
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.identity.scoring import agreement_of, labelled

ROOT = Path(__file__).resolve().parents[2]
TRUTH = Path(os.environ.get("JOURNEYFOLD_DATA", ROOT.parent / "shared" / "data")) / (
    "identity/senzing"
)
PARTITIONS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3), min_size=1)


def of(*people):
    return {record: number for number, records in enumerate(people) for record in records}


def test_a_worked_example_in_all_its_measures():
    found = labelled(of("ab", "cde", "f"), of("abc", "de", "f"))
    assert (found.precision, found.recall) == (2 / 4, 2 / 4)
    assert found.b_cubed_precision == pytest.approx((2 + 1 / 3 + 4 / 3 + 1) / 6)
    assert found.b_cubed_recall == pytest.approx((4 / 3 + 1 / 3 + 2 + 1) / 6)
    assert (found.exact, found.over_merged, found.under_merged) == (1 / 3, 1 / 3, 1 / 3)
    assert found.merge_distance == 2  # c leaves its three, and joins the two


@given(PARTITIONS)
def test_the_truth_is_perfect(partition):
    found = labelled(partition, partition)
    assert (found.f1, found.b_cubed_f1, found.exact, found.merge_distance) == (1, 1, 1, 0)
    assert (found.over_merged, found.under_merged) == (0, 0)


@given(PARTITIONS, PARTITIONS)
def test_exchanging_the_sides_exchanges_precision_and_recall(one, other):
    there, back = labelled(one, other), labelled(other, one)
    assert (there.precision, there.recall) == (back.recall, back.precision)
    assert there.b_cubed_precision == pytest.approx(back.b_cubed_recall)
    assert there.merge_distance == back.merge_distance


def test_a_record_that_one_side_lacks_is_alone_there():
    found = labelled({"a": 1, "b": 1}, {"a": 1})
    assert (found.precision, found.recall, found.records) == (0, 1, 2)


@pytest.mark.skipif(not TRUTH.is_dir(), reason="shared/data/identity/senzing is not there")
def test_two_keys_of_one_truth_set_are_counted_as_their_owner_counts_them():
    def key(name):
        with (TRUTH / name).open() as file:
            return {
                f"{row['DATA_SOURCE']}:{row['RECORD_ID']}": row["CLUSTER_ID"]
                for row in csv.DictReader(file)
            }

    actual, alternate = key("actual_truthset_key.csv"), key("alternate_truthset_key.csv")
    found = labelled(alternate, actual)
    assert (found.people, found.true_people) == (84, 85)
    # 110 pairs against 108
    assert round(found.precision * 110) == round(found.recall * 108)


def test_kappa_takes_chance_away():
    assert agreement_of([("same", "same")]) is None
    assert agreement_of([("same", "same"), ("different", "different")]) == 1
    half = [("same", "same"), ("same", "different"), ("different", "same"), ("different",) * 2]
    assert agreement_of(half) == 0
