"""One's own password: the old one is asked for, and every other session ends."""

from __future__ import annotations

import pytest

from journeyfold.adapters.admin_audit import By
from journeyfold.adapters.sqlite_admin import SqliteAdmin
from journeyfold.api.session import Sessions
from journeyfold.console.app import Console

OLD, NEW = "correct horse battery", "staple under the bridge"


@pytest.fixture
def browsers(tmp_path, desk, browser_at):
    """Two browsers of one user, both signed in."""
    admin = SqliteAdmin(tmp_path)
    admin.users.add_user("mila", "viewer", OLD, By("test", "admin", 1))
    sessions = Sessions(admin.users, desk.clock)
    made = []
    for _ in range(2):
        browser = browser_at(Console(desk, sessions).app())
        token = sessions.sign_in("mila", OLD, "127.0.0.1")
        browser.cookies.set("sid", token)
        browser.csrf = sessions.user(token).csrf
        made.append(browser)
    yield made
    admin.close()


def change(browser, old=OLD, new=NEW):
    return browser.write("/settings/password", old=old, new=new)


def test_changing_it_keeps_this_session_and_ends_the_other(browsers):
    here, there = browsers
    answer = change(here)
    assert answer.headers["location"] == "/settings?password=changed"
    assert "The password is changed" in here.get("/settings?password=changed").text
    assert there.get("/").status_code == 303


def test_the_new_one_opens_and_the_old_one_does_not(browsers):
    here, there = browsers
    change(here)
    statuses = [
        there.post("/sign-in", {"name": "mila", "password": password}).status_code
        for password in (OLD, NEW)
    ]
    assert statuses == [401, 303]


def test_a_wrong_old_one_changes_nothing(browsers):
    here, there = browsers
    answer = change(here, old="something else entirely")
    assert answer.status_code == 401
    assert "It is another one" in answer.text
    assert there.get("/").status_code == 200


def test_a_short_new_one_is_refused_at_its_field(browsers):
    here, there = browsers
    answer = change(here, new="short")
    assert answer.status_code == 422
    assert 'id="pw-new-h" role="alert"' in answer.text
    assert there.get("/").status_code == 200


def test_guessing_the_old_one_slows_down(browsers):
    here, _ = browsers
    answers = [change(here, old=f"guess {number:08d}") for number in range(4)]
    assert "Too many tries" in answers[-1].text


def test_another_site_cannot_change_it(browsers):
    here, there = browsers
    here.headers["origin"] = "http://evil.example"
    assert change(here).status_code == 403
    assert there.get("/").status_code == 200


def test_without_a_session_the_door_is_shown(browsers):
    here, _ = browsers
    here.cookies.clear()
    assert change(here).headers["location"] == "/sign-in"
