import msgspec
import pytest

from journeyfold.adapters.format import open_format
from journeyfold.core.errors import FormatError


def test_a_new_directory_gets_our_format(tmp_path):
    assert open_format(tmp_path).format == 1
    assert msgspec.json.decode((tmp_path / "FORMAT").read_bytes())["features"] == []


def test_a_newer_format_is_refused_and_not_touched(tmp_path):
    content = b'{"format": 3, "created_by": "journeyfold 9", "features": []}'
    (tmp_path / "FORMAT").write_bytes(content)
    with pytest.raises(FormatError, match="data is format 3, this release reads up to 1"):
        open_format(tmp_path)
    assert (tmp_path / "FORMAT").read_bytes() == content


def test_a_feature_we_do_not_have_is_refused_by_name(tmp_path):
    (tmp_path / "FORMAT").write_bytes(b'{"format": 1, "created_by": "x", "features": ["seals"]}')
    with pytest.raises(FormatError, match="data needs seals"):
        open_format(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"format": "1"}'])
def test_a_file_that_is_no_format_is_refused(tmp_path, content):
    (tmp_path / "FORMAT").write_bytes(content)
    with pytest.raises(FormatError, match="not readable as a format file"):
        open_format(tmp_path)
