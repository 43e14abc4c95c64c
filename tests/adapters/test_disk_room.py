import pytest

from journeyfold.adapters.disk_room import RESERVE_BYTES, require_room, room
from journeyfold.core.errors import Busy


def test_the_reserve_is_at_least_two_gibibytes(tmp_path):
    assert room(tmp_path).reserve_bytes >= RESERVE_BYTES


def test_below_the_reserve_nothing_new_is_taken(tmp_path):
    with pytest.raises(Busy, match="below the reserve") as refused:
        require_room(tmp_path, 2**62)
    assert refused.value.retry_after_s == 5


def test_above_the_reserve_all_is_well(tmp_path):
    require_room(tmp_path, 0)
