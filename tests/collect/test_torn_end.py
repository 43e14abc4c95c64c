"""A file that is still being written is refused whole."""

import pytest

from journeyfold.collect.line import WrongFile
from journeyfold.collect.torn_end import require_whole_csv, require_whole_ndjson


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n3", "a,b\r\n1,2\r\n3", 'a,b\n1,"', 'a,b\n1,"x', 'a,b\n"1,', 'a,b\n"1"',
     'a,b\n"a ""quoted"", 1"', 'a,b\n"1","x ""y'],
)  # fmt: skip
def test_a_last_csv_line_without_its_end_that_opens_a_quote_or_lacks_values_is_torn(tmp_path, text):
    (tmp_path / "f.csv").write_bytes(text.encode())
    with pytest.raises(WrongFile, match=r"f\.csv stops in the middle of its last line"):
        require_whole_csv(tmp_path / "f.csv", ",", 2)


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n", "a,b\n1,2", "a,b\n1,2\n3\n", 'a,b\n1,"x\ny"', "", "a", 'a,b\n1,"2"',
     'a,b\n"x\ny",2', 'a,b\n"x\n",2', 'a,b\n1,"x\n"', 'a,b\n1,"x\n', 'a,b\n1,"x, ""y"""'],
)  # fmt: skip
def test_other_ends_of_a_csv_are_left_to_its_reader(tmp_path, text):
    (tmp_path / "f.csv").write_text(text)
    require_whole_csv(tmp_path / "f.csv", ",", 2)


def test_a_last_json_line_without_its_end_is_torn_when_it_is_no_json(tmp_path):
    (tmp_path / "f.ndjson").write_text('{"a": 1}\n{"a": ')
    with pytest.raises(WrongFile, match="still being written"):
        require_whole_ndjson(tmp_path / "f.ndjson")


@pytest.mark.parametrize("text", ['{"a": 1}\n{"a": 2}', '{"a": 1}\n{"a": \n', ""])
def test_other_ends_of_ndjson_are_left_to_its_reader(tmp_path, text):
    (tmp_path / "f.ndjson").write_text(text)
    require_whole_ndjson(tmp_path / "f.ndjson")
