"""Reservations hold for a minute and never grow without bound (decisions D4)."""

from journeyfold.core.profile import Contact
from journeyfold.decide.reservations import HELD_US, Reservations


def contact(at_us, offer="a"):
    return Contact(f"d{at_us}/home/{offer}", "exposed", at_us, "home", offer)


def test_a_reservation_counts_until_its_minute_is_over():
    held = Reservations()
    held.hold("p", [contact(100)], 100)
    assert len(held.of("p", 100 + HELD_US - 1)) == 1
    assert held.of("p", 100 + HELD_US) == ()


def test_reservations_of_several_calls_add_up():
    held = Reservations()
    held.hold("p", [contact(100)], 100)
    held.hold("p", [contact(200)], 200)
    assert [each.at_us for each in held.of("p", 300)] == [100, 200]


def test_people_do_not_share_reservations():
    held = Reservations()
    held.hold("p", [contact(100)], 100)
    assert held.of("q", 100) == ()


def test_old_ones_are_forgotten_when_new_ones_come():
    held = Reservations()
    held.hold("p", [contact(0)], 0)
    held.hold("q", [contact(HELD_US)], HELD_US)
    assert list(held._held) == ["q"]


def test_memory_is_bounded():
    held = Reservations(people_max=10)
    for n in range(30):
        held.hold(f"p{n}", [contact(n)], n)
    assert list(held._held) == [f"p{n}" for n in range(20, 30)]


def test_nothing_to_hold_is_nothing():
    held = Reservations()
    held.hold("p", [], 0)
    assert held.of("p", 0) == ()
