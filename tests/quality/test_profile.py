"""What a column holds is told in shares; a format is never chosen (quality Q20, section 7)."""

from journeyfold.quality.profile import Spread, profiled


def column(*texts, nulls=0):
    counted = {text: texts.count(text) for text in texts}
    spread = Spread("x", "varchar", len(texts) + nulls, nulls, len(counted))
    return profiled(spread, counted.items())


def named(column):
    return [(each.name, each.share) for each in column.formats]


def test_formats_stand_with_their_shares():
    assert named(column("1,234.5", "2021-03-04", "2021-03-05", "ann@shop.test")) == [
        ("ISO date", 0.5), ("e-mail", 0.25), ("number 1,234.56", 0.25),
    ]  # fmt: skip


def test_an_order_that_cannot_be_told_is_said():
    both = column("03/04/2021", "05/06/2020")
    assert both.is_ambiguous
    assert (both.day_first, both.month_first) == (1.0, 1.0)


def test_one_value_above_twelve_decides_what_fits():
    one = column("03/04/2021", "25/06/2020")
    assert not one.is_ambiguous
    assert (one.day_first, one.month_first) == (1.0, 0.5)


def test_blanks_are_no_values_and_blanks_around_are_counted():
    one = column("", "  ", " a1", "a2", nulls=3)
    assert (one.nulls, one.blank, one.trimmed) == (3, 2, 1)
    assert named(one) == [("shape a9", 1.0)]


def test_what_comes_often_is_shown_and_anything_else_is_masked():
    often = column(*["M"] * 5, *["F"] * 15)
    assert [(each.name, each.share) for each in often.values] == [("F", 0.75), ("M", 0.25)]
    rare = column("Ann Lee", "ann@shop.test", "030 901820")
    dots = "\u2022\u2022\u2022"
    assert (rare.values, rare.examples) == ((), (f"{dots}20", f"A{dots}", f"a{dots}@shop.test"))
