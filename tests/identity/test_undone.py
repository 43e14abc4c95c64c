"""A split restores what would have been without the link (identity M4, 2.8 property 19)."""

from journeyfold.testing.undone import unlike


def test_a_split_restores_every_fact_as_if_the_link_had_never_been_there():
    """To the byte; `benchmarks/identity.py` plays 10,000 worlds."""
    assert [told for number in range(120) if (told := unlike(number))] == []
