"""What a serving process makes for itself."""

from journeyfold.runtime.platform import FreshIds


def test_fresh_ids_are_128_bits_and_never_the_same():
    fresh = FreshIds()
    made = {fresh() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(len(bytes.fromhex(one)) == 16 for one in made)
