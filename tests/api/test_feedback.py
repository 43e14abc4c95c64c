"""What a recipient does with a message is heard once, and only POST unsubscribes (A12, A13)."""

import pytest
from post_kit import MESSAGE, TARGET, Clocked, Post, ask

from journeyfold.api.feedback import Feedback
from journeyfold.console.assets import Assets
from journeyfold.console.preferences import renderer
from journeyfold.console.render import Screens
from journeyfold.core.instant import HOUR_US
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

SHOP = load(template_files("shop"))
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
RENDER = renderer(Screens(Assets()))


@pytest.fixture
def post():
    made = Post(SHOP)
    made.sent()
    return made


@pytest.fixture
def pages(post):
    return Feedback(Clocked(post), RENDER, patience_s=0.05)


def path(post, use, link=0):
    token = post.key.token(use, MESSAGE, link)
    return {"o": f"/t/o/{token}.gif", "c": f"/t/c/{token}", "u": f"/u/{token}"}[use]


def is_granted(post, purpose="marketing_email"):
    return post.granted(None, [purpose])[purpose]


def test_a_pixel_of_43_bytes_is_an_opening(post, pages):
    status, headers, body = ask(pages, path(post, "o"))
    assert (status, len(body), headers["content-type"]) == (200, 43, "image/gif")
    assert headers["cache-control"] == "no-store"
    assert post.marks() == {"sent", "opened"}


def test_a_link_leads_where_the_table_says_and_nowhere_else(post, pages):
    status, headers, body = ask(pages, path(post, "c"))
    assert (status, headers["location"], body) == (302, TARGET, b"")
    (record,) = post.records("message.clicked")
    assert record.event.properties["link"] == TARGET
    assert record.event.properties["journey"] == "cart"


@pytest.mark.parametrize("use", ["o", "c", "u"])
def test_a_token_that_is_not_ours_is_404(post, pages, use):
    wrong = path(post, use).replace(post.key.token(use, MESSAGE)[30:40], "A" * 10)
    assert ask(pages, wrong)[0] == 404
    assert post.marks() == {"sent"}


def test_a_token_for_a_pixel_follows_no_link(post, pages):
    assert ask(pages, f"/t/c/{post.key.token('o', MESSAGE)}")[0] == 404


def test_a_link_beyond_the_table_is_404(post, pages):
    assert ask(pages, path(post, "c", 1))[0] == 404


def test_a_message_that_nobody_sent_is_404(post, pages):
    token = post.key.token("c", "6a1c0c1e-0000-5000-8000-00000000ffff")
    assert ask(pages, f"/t/c/{token}")[0] == 404


def test_an_opening_is_one_record_an_hour_however_often_it_is_asked(post, pages):
    for _ in range(3):
        ask(pages, path(post, "o"))
    assert len(post.records("message.opened")) == 1
    post.now_us += HOUR_US
    ask(pages, path(post, "o"))
    assert len(post.records("message.opened")) == 2


@pytest.mark.parametrize(
    ("method", "agent"),
    [
        ("HEAD", "Mozilla/5.0 (X11) Firefox/140.0"),
        ("GET", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"),
        ("GET", "YahooMailProxy; https://help.yahoo.com/"),
        ("GET", "Mozilla/5.0"),
        ("GET", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
        ("GET", ""),
    ],
)  # fmt: skip
def test_what_a_machine_does_is_marked(post, pages, method, agent):
    status, _, body = ask(pages, path(post, "o"), method, user_agent=agent)
    assert (status, len(body)) == (200, 0 if method == "HEAD" else 43)
    assert post.marks() == {"sent", "machine_opened"}


def test_whoever_opens_within_two_seconds_is_a_machine(post, pages):
    post.now_us = post.find(MESSAGE).sent_us + 1_999_999
    ask(pages, path(post, "c"))
    assert post.marks() == {"sent", "machine_clicked"}


def test_one_click_withdraws_consent_before_the_answer(post, pages):
    status, headers, _ = ask(pages, path(post, "u"), "POST", ONE_CLICK, content_type=FORM)
    assert status == 200
    assert "location" not in headers
    assert "set-cookie" not in headers
    assert not is_granted(post)
    assert post.marks() == {"sent", "unsubscribed"}


def test_one_click_may_come_in_parts(post, pages):
    body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    media = 'multipart/form-data; boundary="x"'
    assert ask(pages, path(post, "u"), "POST", body, content_type=media)[0] == 200
    assert not is_granted(post)


def test_unsubscribing_twice_changes_nothing_more(post, pages):
    for _ in range(2):
        assert ask(pages, path(post, "u"), "POST", ONE_CLICK, content_type=FORM)[0] == 200
    assert len(post.records("message.unsubscribed")) == 1
    assert len(post.records("Consent Updated")) == 2


def test_unsubscribing_again_after_agreeing_again_holds(post, pages):
    ask(pages, path(post, "u"), "POST", ONE_CLICK, content_type=FORM)
    post.consent(marketing_email="granted")
    assert is_granted(post)
    post.now_us += 1_000_000
    ask(pages, path(post, "u"), "POST", ONE_CLICK, content_type=FORM)
    assert not is_granted(post)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_JT34_get_or_head_on_an_unsubscribe_link_changes_nothing(post, pages, method):
    before = post.log.head()[0]
    status, _, body = ask(pages, path(post, "u"), method)
    assert status == 200
    assert bool(body) == (method == "GET")
    assert post.log.head()[0] == before
    assert is_granted(post)


@pytest.mark.parametrize("body", [b"", b"List-Unsubscribe=No", b"action=other", b"\xff\xfe"])
def test_a_post_that_asks_for_nothing_changes_nothing(post, pages, body):
    assert ask(pages, path(post, "u"), "POST", body, content_type=FORM)[0] == 400
    assert is_granted(post)


def test_the_page_needs_no_scripts_and_names_what_is_agreed_to(post, pages):
    _, headers, body = ask(pages, path(post, "u"), accept_language="de-DE,de;q=0.9")
    page = body.decode()
    assert "<script" not in page
    assert "Abmelden" in page
    assert "Angebote und Neues per E-Mail" in page
    assert 'value="marketing_email" checked' in page
    assert "default-src 'none'" in headers["content-security-policy"]


def test_the_page_unsubscribes_and_says_so(post, pages):
    status, _, body = ask(pages, path(post, "u"), "POST", b"action=unsubscribe", content_type=FORM)
    assert status == 200
    assert b"You are unsubscribed" in body
    assert not is_granted(post)


def test_whoever_looks_again_is_told_that_they_are_unsubscribed(post, pages):
    ask(pages, path(post, "u"), "POST", ONE_CLICK, content_type=FORM)
    page = ask(pages, path(post, "u"))[2].decode()
    assert "You are unsubscribed from: offers and news by e-mail." in page
    assert "because you agreed" not in page
    assert 'value="unsubscribe"' not in page


def test_preferences_are_saved_both_ways(post, pages):
    ask(pages, path(post, "u"), "POST", b"action=save", content_type=FORM)
    assert not is_granted(post)
    assert not is_granted(post, "analytics")
    post.now_us += 1_000_000
    ask(pages, path(post, "u"), "POST", b"action=save&purpose=marketing_email", content_type=FORM)
    assert is_granted(post)
    assert not is_granted(post, "analytics")


def test_preferences_that_are_as_they_were_write_nothing(post, pages):
    before = post.log.head()[0]
    body = b"action=save&purpose=marketing_email&purpose=analytics"
    ask(pages, path(post, "u"), "POST", body, content_type=FORM)
    assert post.log.head()[0] == before


def test_a_purpose_that_is_not_on_the_page_is_not_granted(post, pages):
    post.consent(ads_share="denied")
    body = b"action=save&purpose=marketing_email&purpose=analytics&purpose=ads_share"
    ask(pages, path(post, "u"), "POST", body, content_type=FORM)
    assert not is_granted(post, "ads_share")


def test_from_everything_is_everything(post, pages):
    ask(pages, path(post, "u"), "POST", b"action=all", content_type=FORM)
    assert not is_granted(post)


def test_a_form_that_is_too_large_is_refused(post, pages):
    assert ask(pages, path(post, "u"), "POST", b"x" * 70_000, content_type=FORM)[0] == 413


@pytest.mark.parametrize(("use", "method"), [("o", "POST"), ("c", "POST"), ("u", "DELETE")])
def test_other_methods_are_not_for_these_paths(post, pages, use, method):
    assert ask(pages, path(post, use), method)[0] == 405


@pytest.mark.parametrize("where", ["/t/", "/t/x/y", "/u/", "/u/a/b", "/t/o/abc", "/t/c/"])
def test_other_paths_lead_nowhere(pages, where):
    assert ask(pages, where)[0] == 404
