"""Sign-in, sessions, Origin and token, roles and headers (trust SEC-8 … SEC-12)."""

from __future__ import annotations

import re

import pytest

from journeyfold.api.session import cookie_name, local_path
from journeyfold.console.roles import ALLOWED, ROLES, may
from journeyfold.console.routes import SCREENS
from journeyfold.core.errors import EngineError
from journeyfold.core.instant import HOUR_US, MINUTE_US
from journeyfold.testing.desk import SampleDesk

PASSWORD = "correct horse battery"


@pytest.fixture
def stranger(stranger_at, desk):
    return stranger_at(desk, hint="The password is in the terminal.")


def sign_in(client, name="admin", password=PASSWORD, **form):
    return client.post("/sign-in", data={"name": name, "password": password, **form})


def test_a_stranger_is_led_to_the_door_and_back(stranger):
    assert stranger.get("/live?fate=appended").headers["location"] == (
        "/sign-in?next=%2Flive%3Ffate%3Dappended"
    )


def test_a_browser_at_a_path_of_nothing_is_led_to_the_door(stranger):
    answer = stranger.get("/nothing", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.headers["location"] == "/sign-in?next=%2Fnothing"


@pytest.mark.parametrize("path", ["/batch", "/v2/track", "/V1/batch", "/nothing/at/all"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_program_with_a_wrong_path_hears_404_and_no_redirect(stranger, method, path):
    """A client that follows redirects would take the sign-in page for a receipt."""
    answer = stranger.request(method, path, headers={"accept": "*/*"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_program_with_a_wrong_method_hears_405(stranger):
    answer = stranger.request("DELETE", "/sign-out")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_the_door_says_where_the_first_password_is(stranger):
    assert "The password is in the terminal." in stranger.get("/sign-in").text


def test_signing_in_sets_a_cookie_scripts_cannot_read(stranger):
    cookie = sign_in(stranger).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_over_tls_the_cookie_is_bound_to_the_host(stranger_at, desk):
    answer = sign_in(stranger_at(desk, "https://console.example"))
    assert answer.headers["set-cookie"].startswith("__Host-sid=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_password_never_travels_in_clear(stranger_at, desk):
    answer = sign_in(stranger_at(desk, "http://console.example"))
    assert answer.status_code == 403
    assert "This connection is not encrypted" in answer.text


def test_a_wrong_password_and_an_unknown_user_get_the_same_page(stranger):
    wrong = sign_in(stranger, password="not the password").text
    unknown = sign_in(stranger, name="nobody", password="not the password").text
    assert wrong == unknown.replace('value="nobody"', 'value="admin"')


def test_tries_slow_down(stranger, desk):
    statuses = [
        sign_in(stranger, name="slow", password=f"guess {n:08d}").status_code for n in range(4)
    ]
    assert statuses == [401, 401, 401, 429]
    desk.clock.at_us += 2_000_000
    assert sign_in(stranger, name="slow", password="guess again").status_code == 401


def test_a_form_of_another_site_does_not_sign_in(stranger):
    stranger.headers["origin"] = "http://evil.example"
    assert sign_in(stranger).status_code == 403


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"],
)
def test_next_takes_local_paths_only(target):
    assert local_path(target) == "/"


def test_next_leads_to_a_local_path(stranger):
    assert (
        sign_in(stranger, next="/segments?tag=value").headers["location"] == "/segments?tag=value"
    )


def test_a_session_ends_after_thirty_quiet_minutes(signed_in, desk):
    client = signed_in(desk)
    desk.clock.at_us += 31 * MINUTE_US
    assert client.get("/").status_code == 303


def test_a_session_ends_after_twelve_hours(signed_in, desk):
    client = signed_in(desk)
    for _ in range(25):
        desk.clock.at_us += 29 * MINUTE_US
        client.get("/settings")
    assert desk.clock.at_us - 12 * HOUR_US > 0
    assert client.get("/").status_code == 303


def test_signing_out_ends_the_session(signed_in, desk):
    client = signed_in(desk)
    token = client.cookies.get("sid")
    client.write("/sign-out")
    client.cookies.set("sid", token)
    assert client.get("/").status_code == 303


def test_a_write_without_the_token_changes_nothing(signed_in, desk):
    client = signed_in(desk)
    held = len(desk.quarantine.held)
    answer = client.post("/quarantine/replay", data={"do": "replay"})
    assert answer.status_code == 403
    assert len(desk.quarantine.held) == held


def test_a_write_of_another_origin_changes_nothing(signed_in, desk):
    client = signed_in(desk)
    client.headers["origin"] = "http://evil.example"
    answer = client.post("/quarantine/replay", data={"do": "replay", "csrf": client.csrf})
    assert answer.status_code == 403


def test_a_browser_that_says_same_origin_is_believed(signed_in, desk):
    client = signed_in(desk)
    del client.headers["origin"]
    client.headers["sec-fetch-site"] = "same-origin"
    answer = client.post("/quarantine/replay", data={"do": "dry", "csrf": client.csrf})
    assert answer.status_code == 303


def test_get_never_writes():
    assert {screen.method for screen in SCREENS} == {"GET", "POST"}
    for screen in SCREENS:
        if screen.act in ("keys", "change segments", "replay quarantine", "clear view"):
            assert screen.method == "POST", screen.path


def test_every_route_has_an_act_and_every_act_a_row():
    assert {screen.act for screen in SCREENS} == set(ALLOWED)
    for roles in ALLOWED.values():
        assert roles <= set(ROLES)
        assert "admin" in roles


@pytest.mark.parametrize("role", ["viewer", "marketer"])
def test_a_role_that_may_not_is_told_who_may(signed_in, desk, role):
    client = signed_in(desk, role)
    for screen in SCREENS:
        path = re.sub(r"\{\w+\}", "x", screen.path)
        if not may(role, screen.act):
            answer = client.request(screen.method, path, data={"csrf": client.csrf})
            assert answer.status_code == 403, screen.path
            assert "may" in answer.text


def test_headers_allow_nothing_foreign_and_nothing_inline(shop):
    headers = shop.get("/").headers
    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_no_page_has_inline_script_or_style(shop):
    for screen in SCREENS:
        if screen.method == "GET" and "{" not in screen.path:
            text = shop.get(screen.path).text
            assert not re.search(r"<script(?![^>]*\bsrc=)", text), screen.path
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text), screen.path


def test_a_big_form_is_refused(signed_in, desk):
    client = signed_in(desk)
    answer = client.post("/people", data={"q": "x" * 270_000, "csrf": client.csrf})
    assert answer.status_code == 413


def test_only_forms_are_read(signed_in, desk):
    client = signed_in(desk)
    assert client.post("/people", json={"q": "x"}).status_code == 415


def test_cookie_names_follow_the_connection():
    assert cookie_name("https", "shop.example") == "__Host-sid"
    assert cookie_name("http", "localhost:8080") == "sid"
    assert cookie_name("http", "[::1]:8080") == "sid"
    assert cookie_name("http", "shop.example") is None


def test_an_unknown_page_is_not_found_and_says_so(shop):
    answer = shop.get("/nope")
    assert answer.status_code == 404
    assert "The page /nope is not here" in answer.text


def test_a_first_start_shows_what_to_do(signed_in):
    text = signed_in(SampleDesk(people=0)).get("/").text
    assert "No record yet" in text
    assert "http://127.0.0.1:8080/v1/track" in text


def test_a_button_a_role_lacks_is_absent(signed_in, desk):
    client = signed_in(desk, "viewer")
    assert "Replay" not in client.get("/quarantine").text
    assert "New segment" not in client.get("/segments").text
    assert "See clear values" not in client.get(f"/people/{desk.people.recent(1)[0].person}").text


def test_the_door_says_that_a_session_is_over(signed_in, desk):
    client = signed_in(desk)
    desk.clock.at_us += 31 * MINUTE_US
    asked = client.get("/segments?tag=value")
    assert "The session is over" in client.get(asked.headers["location"]).text


def test_the_door_says_nothing_to_somebody_new(stranger):
    assert "session is over" not in stranger.get("/sign-in").text


def test_a_state_that_is_being_built_is_said_and_not_a_failure(signed_in, desk):
    client = signed_in(desk)
    desk.people = Unbuilt()
    answer = client.get("/people")
    assert answer.status_code == 503
    assert "The state is being built" in answer.text
    assert 'data-hx-get="/people"' in answer.text


class Unbuilt:
    """People before there is a state."""

    def total(self):
        raise EngineError("the state is being built")

    recent = find = total
