import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from journeyfold.collect.csv_lines import CsvLines, Record


def read(body, **options):
    return list(CsvLines(io.BytesIO(body), **options))


def told(body):
    return [(r.line, r.values if isinstance(r, Record) else r.code) for r in read(body)]


@given(
    st.lists(
        st.lists(st.text(alphabet='ab",\n ;é', max_size=6), min_size=2, max_size=2), max_size=8
    )
)
def test_what_a_csv_writer_writes_is_read_back(rows):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["h", "i"], *rows])
    found = read(out.getvalue().encode())
    assert [record.values for record in found[1:]] == rows


@given(st.binary(max_size=300))
def test_any_bytes_are_read_to_the_end_with_every_line_told_once(body):
    lines = [found.line for found in read(body)]
    assert lines == sorted(set(lines))


def test_a_torn_quote_costs_its_own_line_only():
    assert told(b'a,b\n1,"x\n2,y\n3,z\n') == [
        (1, ["a", "b"]), (2, "torn_quote"), (3, ["2", "y"]), (4, ["3", "z"]),
    ]  # fmt: skip


def test_two_torn_quotes_do_not_swallow_what_stands_between():
    assert told(b'a,b\n1,"x\n2,y\n3,"z\n4,w\n') == [
        (1, ["a", "b"]), (2, "torn_quote"), (3, ["2", "y"]), (4, "torn_quote"), (5, ["4", "w"]),
    ]  # fmt: skip


def test_blank_lines_are_no_rows_and_still_count_as_lines():
    assert told(b"a,b\n\n1,2\n") == [(1, ["a", "b"]), (3, ["1", "2"])]


def test_a_byte_order_mark_is_not_part_of_the_first_name():
    assert told(b"\xef\xbb\xbfa,b\n") == [(1, ["a", "b"])]


def test_line_ends_of_windows_are_line_ends():
    assert told(b"a,b\r\n1,2\r\n") == [(1, ["a", "b"]), (2, ["1", "2"])]


def test_a_separator_of_paragraphs_is_an_ordinary_character():
    assert told('a,b\n1,"x\u2028y"\n'.encode()) == [(1, ["a", "b"]), (2, ["1", "x\u2028y"])]


def test_more_than_two_thousand_columns_are_refused():
    assert told(b",".join([b"x"] * 2_001) + b"\n") == [(1, "columns")]
