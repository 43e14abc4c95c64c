from hypothesis import given
from hypothesis import strategies as st

from journeyfold.collect.line import BadLine
from journeyfold.collect.sorted_runs import SortedRuns


def ordered(rows, run_rows):
    with SortedRuns(run_rows) as runs:
        return list(runs.sorted(rows, [0]))


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_equal_keys_stand_together_in_the_order_of_the_file_however_small_the_runs(keys):
    rows = [(line, (key,)) for line, key in enumerate(keys)]
    assert (
        ordered(rows, 3) == ordered(rows, 1_000) == sorted(rows, key=lambda row: (row[1], row[0]))
    )


def test_nothing_and_text_can_be_keys_together():
    rows = [(1, (None,)), (2, ("a",)), (3, (None,)), (4, (1,))]
    keys = [values[0] for _, values in ordered(rows, 2)]
    assert sorted(map(str, keys)) == ["1", "None", "None", "a"]
    assert keys.index(None) + 1 == len(keys) - 1 - keys[::-1].index(None)


def test_bad_lines_pass_through():
    bad = BadLine(2, "nul", "line 2")
    assert bad in ordered([(1, ("a",)), bad], 10)
