"""Lists of words: what stands for what, what belongs where, and what is only like it (Q25)."""

import csv
import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from journeyfold.quality.taxonomy import Taxonomy, Term, faults, likeness

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("JOURNEYFOLD_DATA", ROOT.parent / "shared/data"))
HILLSTROM = DATA / "learning/hillstrom.csv.gz"
SHOP = Taxonomy(
    terms={
        "Apparel": Term(("clothing",)),
        "Shoes": Term(("footwear", "Schuhe"), "Apparel"),
        "Running shoes": Term(("trainers",), "Shoes"),
        "Garden": Term(),
    }
)


def found(terms):
    return [(fault.message, fault.path, fault.other) for fault in faults(Taxonomy(terms=terms))]


def test_a_word_is_folded_before_it_is_looked_up():
    assert SHOP.words["schuhe"] == "Shoes"
    assert SHOP.words["running shoes"] == "Running shoes"


def test_the_tree_is_walked_from_its_root():
    assert SHOP.ancestry("Running shoes") == ["Apparel", "Shoes", "Running shoes"]
    assert SHOP.depth == 3


def test_a_level_has_an_ancestor_of_every_value_that_reaches_down_to_it():
    levels = SHOP.levels()
    assert levels[1]["Running shoes"] == "Apparel"
    assert levels[2] == {"Shoes": "Shoes", "Running shoes": "Shoes"}


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("shoes running", ["Running shoes"]),
        ("foot-wear", ["Shoes"]),
        ("Gardn", ["Garden"]),
        ("tea pots", []),
    ],
)
def test_only_what_is_very_like_it_is_near(text, near):
    assert [value for value, _ in SHOP.nearest(text)] == near


@given(st.text("abc \u00fcz", max_size=70), st.text("abc \u00fcz", max_size=70))
def test_likeness_is_what_rapidfuzz_says(one, other):
    expected = fuzz.ratio(one, other) if one and other else 0.0
    assert likeness(one, other) == pytest.approx(expected)


def test_no_more_than_three_are_shown_the_best_first():
    terms = {f"shoe{letter}": Term() for letter in "dcba"}
    assert [value for value, _ in Taxonomy(terms=terms).nearest("shoe")] == [
        "shoea", "shoeb", "shoec",
    ]  # fmt: skip


def test_a_word_of_two_values_names_both():
    ((message, path, other),) = found({"Tea": Term(("Tee",)), "Tops": Term(("tees", "TEE"))})
    assert message == "'TEE' stands for 'Tea' and for 'Tops'"
    assert path == ("terms", "Tops", "synonyms", 1)
    assert other == ("terms", "Tea", "synonyms", 0)


def test_a_circle_is_told_once():
    circle = {"A": Term(parent="B"), "B": Term(parent="C"), "C": Term(parent="A")}
    ((message, _, _),) = found(circle)
    assert message == "a circle: 'A' in 'B' in 'C' in 'A'"


def test_a_value_may_not_be_in_itself():
    ((message, _, _),) = found({"A": Term(parent="A")})
    assert message == "a circle: 'A' in 'A'"


def test_a_parent_has_to_be_a_value():
    ((message, path, _),) = found({"A": Term(parent="Shos"), "Shoes": Term()})
    assert (message, path) == ("unknown parent 'Shos'", ("terms", "A", "parent"))


@pytest.mark.skipif(not HILLSTROM.is_file(), reason="shared/data/learning is not there")
def test_a_misspelt_word_of_a_real_file_is_near_its_term():
    """`Surburban` stands in a third of the lines (quality 7)."""
    with gzip.open(HILLSTROM, "rt") as file:
        spelt = {row["zip_code"] for row in csv.DictReader(file)}
    zones = Taxonomy(terms={"Suburban": Term(), "Urban": Term(), "Rural": Term()})
    missed = {word for word in spelt if word.casefold() not in zones.words}
    assert missed == {"Surburban"}
    assert [value for value, _ in zones.nearest("Surburban")] == ["Suburban"]
