import pytest

from journeyfold.adapters.durable_file import create_durably, write_durably


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "FORMAT"
    write_durably(path, b"one, and rather long")
    write_durably(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_there_is_not_created_again(tmp_path):
    path = tmp_path / "root.key"
    create_durably(path, b"first")
    with pytest.raises(FileExistsError):
        create_durably(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_only_its_owner_reads_it_unless_said_otherwise(tmp_path):
    write_durably(tmp_path / "a", b"")
    write_durably(tmp_path / "b", b"", mode=0o644)
    modes = [path.stat().st_mode & 0o777 for path in sorted(tmp_path.iterdir())]
    assert modes == [0o600, 0o644]
