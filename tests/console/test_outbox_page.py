"""The outbox, messages and the mailbox as pages: what waits, what failed, and what a mail may do."""

from __future__ import annotations

import re
from html import unescape

import pytest

from journeyfold.api.mail_file import headers_of, links_of, read_mail, without_pixel
from journeyfold.console.policy import FRAMED, FRAMING
from journeyfold.testing.desk import SampleDesk

ROW = "8b1f2f2e-0003-5000-8000-000000000001"
MAIL = "8b1f2f2e-0001-5000-8000-000000000001"


def words(answer):
    body = re.sub(r"<(svg|head).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


def test_the_outbox_says_what_waits_what_failed_and_what_takes_nothing(shop):
    shown = words(shop.get("/outbox"))
    assert "1,000,024 deliveries wait; 11 failed for good" in shown
    assert "crm-with-a-long-name-eu takes nothing." in shown


def test_what_needs_a_person_stands_first(shop):
    shown = words(shop.get("/outbox"))
    assert shown.index("crm-with-a-long-name-eu salesforce") < shown.index("mailbox mailbox")
    assert "401: the session has expired" in shown
    assert "no connection next try 16:18" in shown


@pytest.mark.parametrize("path", ["/outbox", "/messages", "/mailbox"])
def test_each_page_stands_on_a_first_start(signed_in, path):
    answer = signed_in(SampleDesk(people=0)).get(path)
    assert answer.status_code == 200
    assert 'class="empty' in answer.text
    assert "None" not in words(answer)


def test_filters_are_in_the_address_and_can_be_dropped(shop):
    text = shop.get("/outbox?state=dead&journey=nothing").text
    assert "No delivery matches" in text
    assert 'href="?state=dead"' in text
    assert shop.get("/outbox?state=asleep").status_code == 404


def test_a_delivery_shows_its_tries_request_and_response(shop):
    shown = words(shop.get(f"/outbox?row={ROW}"))
    assert shown.count("503: try again later 84 ms") == 3
    assert "Request masked" in shown
    assert "<html>Service Unavailable</html>" in shown
    assert shop.get("/outbox?row=none").status_code == 404


def test_one_delivery_is_tried_again_at_once(signed_in, desk):
    answer = signed_in(desk, "marketer").write("/outbox", do=f"retry:{ROW}")
    assert answer.status_code == 303
    act, asked, actor = desk.outbox.acts[0]
    assert (act, asked.keys, actor) == ("retry", (ROW,), "marketer")
    assert ("marketer", "outbox.retry", ROW, "") in desk.keys.acts


def test_many_are_tried_again_by_their_filter(signed_in, desk):
    signed_in(desk).write("/outbox", do="retry", state="dead", destination="shop-hook")
    assert desk.outbox.acts[0][1].state == "dead"
    assert desk.outbox.acts[0][1].destinations == ("shop-hook",)


def test_dropping_says_how_many_and_asks_for_the_number(signed_in, desk):
    browser = signed_in(desk)
    asked = words(browser.write("/outbox", do="drop", state="dead"))
    many = int(re.search(r"Drop (\d+) deliveries\?", asked)[1])
    assert desk.outbox.acts == []
    assert browser.write("/outbox", do="drop", state="dead", confirm="1").status_code == 422
    assert browser.write("/outbox", do="drop", state="dead", confirm=str(many)).status_code == 303
    assert desk.outbox.acts[0][0] == "drop"


def test_an_act_that_is_none_is_not_there(signed_in, desk):
    assert signed_in(desk).write("/outbox", do="burn").status_code == 404
    assert desk.outbox.acts == []


def test_a_destination_is_paused_and_resumed(signed_in, desk):
    browser = signed_in(desk, "admin")
    browser.write("/outbox/destinations/slack", do="pause")
    assert desk.outbox.paused == {"slack": "admin"}
    assert "by admin" in words(browser.get("/outbox"))
    browser.write("/outbox/destinations/slack", do="resume")
    assert desk.outbox.paused == {}
    assert browser.write("/outbox/destinations/none", do="pause").status_code == 404


def test_a_viewer_changes_nothing_and_sees_no_button(signed_in, desk):
    browser = signed_in(desk, "viewer")
    assert browser.write("/outbox", do="drop").status_code == 403
    assert browser.write("/outbox/destinations/slack", do="pause").status_code == 403
    assert 'value="drop' not in browser.get(f"/outbox?row={ROW}").text
    assert browser.get("/mailbox").status_code == 403


def test_a_message_shows_what_each_variant_of_it_brought_about(shop):
    shown = words(shop.get("/messages/cart")).partition("By journey, step and variant")[2]
    assert "cart-abandoned / mail the only one" in shown
    assert "1,136 69,296 +5.4 1.9 to 8.6" in shown


def test_messages_show_their_figures_and_what_is_broken(shop):
    shown = words(shop.get("/messages"))
    assert "sent 11,360 times" in shown
    assert "broken-template-with-a-long-name cannot be written." in shown
    assert "line 3: 'traits.size' is not there" in shown


def test_a_message_is_shown_as_a_person_would_get_it(signed_in, desk):
    browser = signed_in(desk)
    answer = browser.write("/messages/cart", q="jonna.0@example.com")
    assert "example" not in answer.headers["location"]
    person = re.search(r"person=(p_\w+)", answer.headers["location"])[1]
    assert f"Still thinking, {person[:6]}?" in words(browser.get(answer.headers["location"]))
    assert 'aria-invalid="true"' in browser.write("/messages/cart", q="nobody").text


def test_a_language_is_one_that_the_message_has(shop):
    assert "Hallo Ann!" in shop.get("/messages/cart/html?locale=de").text
    assert "Hello Ann!" in shop.get("/messages/cart/html?locale=fr").text


def test_what_cannot_be_written_says_why(shop):
    shown = words(shop.get("/messages/broken-template-with-a-long-name"))
    assert "It cannot be written for somebody made up" in shown


@pytest.mark.parametrize("path", ["/messages/cart/html", f"/mailbox/{MAIL}/html"])
def test_a_mail_in_its_frame_may_run_and_reach_nothing(shop, path):
    answer = shop.get(path)
    assert answer.headers["content-security-policy"] == FRAMED
    assert "sandbox" in FRAMED
    assert "script-src" not in FRAMED
    assert "/t/o/" not in answer.text  # to look is no opening


@pytest.mark.parametrize("path", ["/messages/cart", f"/mailbox/{MAIL}"])
def test_the_frame_is_sandboxed_and_its_page_keeps_its_policy(shop, path):
    answer = shop.get(path)
    assert 'sandbox=""' in answer.text
    assert answer.headers["content-security-policy"] == FRAMING


def test_the_mailbox_finds_by_receiver_and_journey(shop):
    assert "1 of 70" in words(shop.get("/mailbox?find=jonna.42@"))
    assert "No mail matches" in words(shop.get("/mailbox?find=nobody"))


@pytest.mark.parametrize(
    ("part", "said"),
    [("text", "Your boots wait."), ("headers", "List-Unsubscribe"), ("links", "Back to the cart")],
)
def test_a_mail_is_read_as_text_headers_and_links(shop, part, said):
    assert said in words(shop.get(f"/mailbox/{MAIL}?part={part}"))


def test_a_test_is_sent_to_an_address_and_written_into_the_audit(signed_in, desk):
    browser = signed_in(desk, "marketer")
    assert "Sent to me@shop.example over mailbox." in words(
        browser.write("/messages/cart/test", to="me@shop.example")
    )
    assert desk.post.tests == [("cart", "me@shop.example")]
    assert ("marketer", "message.test", "cart", "me@shop.example") in desk.keys.acts


def test_a_test_to_no_address_is_said_at_the_field(signed_in, desk):
    answer = signed_in(desk).write("/messages/cart/test", to="nowhere")
    assert answer.status_code == 422
    assert "&#39;nowhere&#39; is no address" in answer.text
    assert desk.post.tests == []


def test_a_mail_that_is_not_there_is_said(shop):
    assert shop.get("/mailbox/none").status_code == 404
    assert shop.get("/mailbox/none/html").status_code == 404


RAW = (
    b"From: Shop <a@shop.example>\r\nTo: ann@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n"
    b"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>Hello <a href='https://a.example/1'>one <b>two</b></a>"
    b"<IMG src='https://a.example/t/o/k.gif'></p>\r\n--x--\r\n"
)


def test_a_mail_is_taken_apart():
    mail = read_mail(RAW)
    assert (mail.to, mail.subject, mail.text) == ("ann@example.com", "Grüße", "Hello")
    assert mail.links == (("one two", "https://a.example/1"),)
    assert headers_of(RAW) == ("ann@example.com", "Grüße")
    assert "/t/o/" not in without_pixel(mail.html)


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff", b"Subject: x", b"Content-Type: multipart/x\r\n\r\n"]
)
def test_a_file_that_is_no_mail_breaks_nothing(raw):
    read_mail(raw)
    headers_of(raw)
    assert links_of(raw.decode("latin-1")) == ()
