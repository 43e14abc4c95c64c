"""Linkage by the clock: when a run is due, that it is a process of its own, and that it ends."""

import time
from types import SimpleNamespace

import pytest
from linkage_kit import LINKAGE, Shop, people, split

from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.identity import review
from journeyfold.project.compile import compile_project
from journeyfold.runtime.linking_schedule import LinkingSchedule
from journeyfold.testing.desk import StillClock

NIGHT_US = (
    1_790_000_000_000_000 // DAY_US * DAY_US + 21 * HOUR_US
)  # before midnight, wherever in Europe


def loop_of(shop):
    compiled = compile_project(shop.project)
    return SimpleNamespace(engine=SimpleNamespace(definitions=SimpleNamespace(in_force=compiled)))


@pytest.fixture
def shop(tmp_path, shared_data):
    shop = Shop.made(tmp_path / "shop")
    customers, contacts = split(people(shared_data, 60))
    shop.contacts(customers, "user_id")
    shop.contacts(contacts)
    yield shop
    shop.workspace.close()


def runs(shop):
    shop.fold()
    state = shop.workspace.read_state()
    with state.read() as reader:
        found = review.runs(reader)
    state.close()
    return found


def test_a_run_is_due_at_its_slot_and_is_made_by_a_process(shop):
    clock, said = StillClock(NIGHT_US), []
    schedule = LinkingSchedule(shop.workspace.place, shop.workspace.log.marks, clock, said.append)
    schedule.run(loop_of(shop))  # the first slot is to come
    assert schedule._process is None
    clock.at_us += 5 * HOUR_US
    schedule._next_look_s = 0
    schedule.run(loop_of(shop))
    assert schedule._process is not None
    deadline = time.monotonic() + 60
    while schedule._process is not None and time.monotonic() < deadline:
        schedule.run(loop_of(shop))
        time.sleep(0.05)
    (made,) = runs(shop)
    assert (made.is_done, said) == (True, [])
    assert made.opened > 10
    schedule._next_look_s = 0
    schedule.run(loop_of(shop))
    assert schedule._process is None  # not twice in one night


def test_a_run_that_is_given_up_ends_with_its_parent(shop):
    clock = StillClock(NIGHT_US)
    schedule = LinkingSchedule(shop.workspace.place, shop.workspace.log.marks, clock, print)
    schedule.run(loop_of(shop))
    clock.at_us += DAY_US
    schedule._next_look_s = 0
    schedule.run(loop_of(shop))
    process = schedule._process
    schedule.close()
    assert process.poll() is not None


def test_a_project_that_compares_nothing_starts_nothing(shop):
    shop.publish("")
    clock = StillClock(NIGHT_US)
    schedule = LinkingSchedule(shop.workspace.place, shop.workspace.log.marks, clock, print)
    schedule.run(loop_of(shop))
    clock.at_us += DAY_US
    schedule._next_look_s = 0
    schedule.run(loop_of(shop))
    assert schedule._process is None


def test_another_schedule_holds_from_the_next_look(shop):
    shop.publish(LINKAGE + '  schedule: "0 5 * * MON"\n')
    clock = StillClock(NIGHT_US)
    schedule = LinkingSchedule(shop.workspace.place, shop.workspace.log.marks, clock, print)
    schedule.run(loop_of(shop))
    clock.at_us += 5 * HOUR_US
    schedule._next_look_s = 0
    schedule.run(loop_of(shop))
    assert schedule._process is None
