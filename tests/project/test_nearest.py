import pytest

from journeyfold.project.nearest import did_you_mean, nearest

KNOWN = ["email", "first_name", "country", "cart-abandoned", "vip"]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("emial", "email"),
        ("county", "country"),
        ("Country", "country"),
        ("firstname", "first_name"),
        ("cart_abandoned", "cart-abandoned"),
        ("vips", "vip"),
        ("zebra", None),
        ("", None),
    ],
)
def test_the_nearest_word(word, found):
    assert nearest(word, KNOWN) == found


def test_ties_go_to_the_lesser_word():
    assert nearest("abx", ["abd", "abc"]) == "abc"


def test_a_few_choices_are_listed_where_nothing_is_near():
    assert did_you_mean("zzz", ["b", "a"]) == "known: a, b"


def test_many_choices_are_not_listed():
    assert did_you_mean("zzz", [f"choice{n}" for n in range(40)]) == ""
