"""The versions of a journey, read back from the projects that were activated."""

from __future__ import annotations

from journeyfold.adapters.memory import MemoryLog
from journeyfold.api.desks.published import Archive
from journeyfold.core.event import Event
from journeyfold.core.ports import Entry
from journeyfold.testing.sample_journeys import CART

PATH = "journeys/cart.yaml"


def log_of(*texts, linked=True):
    """A log in which these texts of one journey were activated, one a minute."""
    log, before = MemoryLog(), -1
    for number, text in enumerate(texts):
        told = {"hash": str(number), "files": {PATH: text} if text else {}, "by": f"user{number}"}
        if linked:
            told["before"] = before
        event = Event(
            f"p{number}", "project.activated", "system", "_system", (), 0, 0, properties=told
        )
        (fate,) = log.append([Entry(event=event, kind="project")], now_us=number * 60_000_000)
        before = fate.offset
    return log, before


def versions_of(*texts, **how):
    log, newest = log_of(*texts, **how)
    return Archive(log).published(newest, PATH)


def test_versions_come_newest_first_with_who_published_them():
    found = versions_of(CART, CART.replace("5m", "6m"))
    assert [one.by for one in found] == ["user1", "user0"]
    assert "6m" in found[0].text
    assert found[0].version != found[1].version


def test_comments_make_no_version_and_the_first_text_of_one_stands():
    found = versions_of(CART, f"# more\n{CART}", CART.replace("5m", "6m"))
    assert [one.published_us for one in found] == [120_000_000, 0]


def test_a_version_that_came_back_is_there_once():
    changed = CART.replace("5m", "6m")
    found = versions_of(CART, changed, CART)
    assert len({one.version for one in found}) == len(found) == 2


def test_projects_without_the_journey_are_passed_over():
    assert len(versions_of("", CART, "")) == 1


def test_an_old_log_without_links_tells_of_the_newest_only():
    assert len(versions_of(CART, CART.replace("5m", "6m"), linked=False)) == 1


def test_a_text_that_is_no_journey_is_no_version():
    assert versions_of("steps: [", CART)[0].by == "user1"
    assert len(versions_of("steps: [")) == 0
