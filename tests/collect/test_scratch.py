"""What killed imports left is removed by the next one, and nothing else is."""

import os

import pytest

from journeyfold.collect.scratch import LEFT_S, PREFIX, remove_leftovers

NOW_S = 1_790_000_000.0


@pytest.fixture
def left(tmp_path):
    """A directory as a killed reader left it, two days ago."""
    path = tmp_path / f"{PREFIX}abc"
    path.mkdir()
    (path / "rows.duckdb").write_bytes(b"x" * 100)
    touched(path, NOW_S - 2 * LEFT_S)
    return path


def touched(path, at_s):
    for each in (*path.iterdir(), path):
        os.utime(each, (at_s, at_s))


def test_a_directory_left_for_a_day_is_removed(tmp_path, left):
    assert remove_leftovers(tmp_path, NOW_S) == 1
    assert not left.exists()


def test_one_that_was_written_to_today_stays(tmp_path, left):
    os.utime(left / "rows.duckdb", (NOW_S - 60, NOW_S - 60))
    assert remove_leftovers(tmp_path, NOW_S) == 0
    assert left.exists()


def test_a_file_and_a_link_of_that_name_stay(tmp_path, left):
    kept = tmp_path / "kept"
    left.rename(kept)
    (tmp_path / f"{PREFIX}file").write_bytes(b"")
    (tmp_path / f"{PREFIX}link").symlink_to(kept)
    os.utime(tmp_path / f"{PREFIX}file", (0, 0))
    assert remove_leftovers(tmp_path, NOW_S) == 0
    assert (kept / "rows.duckdb").exists()


def test_other_directories_stay(tmp_path, left):
    other = left.rename(tmp_path / "journeyfold-export-abc")
    assert remove_leftovers(tmp_path, NOW_S) == 0
    assert other.exists()
