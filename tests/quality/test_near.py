"""Near duplicates are found inside blocks, by two likenesses, and only listed (quality Q31)."""

from random import Random

import pytest

from journeyfold.quality.near import BLOCK_MAX, near_duplicates, share_near


def pairs(*values):
    found = near_duplicates(dict.fromkeys(values, 1))
    return [(pair.one, pair.other) for pair in found.pairs]


@pytest.mark.parametrize(
    ("one", "other", "is_near"),
    [
        ("Tea Towels London", "tea  towels, LONDON", True),
        ("MISELTOE HEART WREATH CREAM", "MISTLETOE HEART WREATH CREAM", True),
        ("Frankfurt am Main", "Frankfrut am Main", True),  # two letters swapped
        ("BREAD BIN RED", "BREAD BIN BLUE", False),
        ("London", "Londonderry", False),
        ("Kopenhagen", "Copenhagen", False),  # another block
    ],
)
def test_what_is_nearly_the_same(one, other, is_near):
    assert bool(pairs(one, other)) is is_near


def test_the_order_of_the_values_changes_nothing():
    values = [f"article {number} of the list" for number in range(60)]
    shuffled = list(values)
    Random(7).shuffle(shuffled)
    one, other = (near_duplicates(dict.fromkeys(each, 1)) for each in (values, shuffled))
    assert one == other
    assert one.pairs


def test_a_large_block_is_split_by_its_next_letters_and_told():
    values = {
        f"abc{first}{second}x {n}": 1 for first in "pqr" for second in "st" for n in range(99)
    }
    found = near_duplicates(values)
    assert (found.split, found.cut) == (("abc",), 0)
    assert found.compared < len(values) * BLOCK_MAX


def test_values_that_no_letters_part_are_cut_and_counted():
    found = near_duplicates({"a" * 40 + str(number): 1 for number in range(BLOCK_MAX + 7)})
    assert found.cut == 7


def test_the_share_is_pairs_by_values():
    assert share_near({"Kiel": 3, "kiel": 1, "Bonn": 2, "Ulm": 1}) == 0.25
    assert share_near({}) == 0.0
