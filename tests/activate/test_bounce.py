"""Reports are about our messages only, whoever writes to the address (RFC 3464, RFC 5965)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.activate.bounce import reports_in
from journeyfold.activate.tracking import TokenKey

KEY = TokenKey(bytes(32))
EFFECT = "6a1c0c1e-0000-5000-8000-000000000001"
PATH = KEY.return_path(EFFECT, "bounces.example")
TOKEN = KEY.token("u", EFFECT)
DATE = "Sun, 22 Nov 2026 08:00:00 +0000"


def dsn(action="failed", status="5.1.1", diagnostic="smtp; 550 5.1.1 no such user", to=PATH):
    return f"""From: Mail Delivery System <mailer-daemon@mx.example>
To: {to}
Date: {DATE}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

I could not deliver it.
--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: {DATE}

Final-Recipient: rfc822; ann@example.com
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}

--b1
Content-Type: message/rfc822

From: Shop <shop@example.com>
To: ann@example.com
Subject: Your cart

Hello
--b1--
""".replace("\n", "\r\n").encode()


def arf(kind="abuse", inside=f"List-Unsubscribe: <https://shop.example/u/{TOKEN}>"):
    return f"""From: <abuse@isp.example>
To: <abuse@shop.example>
Date: {DATE}
Subject: FW: Your cart
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

--b2
Content-Type: text/plain

This is an abuse report.
--b2
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeISP/1.0
Version: 1

--b2
Content-Type: message/rfc822

From: Shop <shop@example.com>
{inside}
Subject: Your cart

Hello
--b2--
""".replace("\n", "\r\n").encode()


def only(raw):
    (found,) = reports_in(raw, KEY)
    return found


def test_a_delivery_report_says_which_message_and_why():
    found = only(dsn())
    assert (found.effect, found.what, found.status) == (EFFECT, "bounced", "5.1.1")
    assert "no such user" in found.reason
    assert found.at_us == 1_795_334_400_000_000


def test_the_more_exact_code_of_the_diagnostic_counts():
    assert only(dsn(status="5.0.0", diagnostic="smtp; 550 5.1.10 null mx")).status == "5.1.10"


@pytest.mark.parametrize(("action", "what"), [("delivered", "delivered"), ("relayed", "delivered")])
def test_a_report_may_be_good_news(action, what):
    assert only(dsn(action=action, status="2.0.0", diagnostic="")).what == what


def test_a_delay_is_no_result():
    assert reports_in(dsn(action="delayed", status="4.4.1"), KEY) == []


def test_a_full_mailbox_keeps_its_code():
    assert only(dsn(status="5.2.2", diagnostic="smtp; 552 5.2.2 full")).status == "5.2.2"


def test_a_report_to_an_address_that_is_not_ours_is_nothing():
    wrong = PATH.replace("b+", "b+0", 1)
    assert reports_in(dsn(to=wrong), KEY) == []
    assert reports_in(dsn(to="shop@example.com"), KEY) == []


@pytest.mark.parametrize(
    ("kind", "what"),
    [("abuse", "complained"), ("fraud", "complained"), ("opt-out", "unsubscribed")],
)
def test_a_complaint_names_its_message_by_our_token(kind, what):
    found = only(arf(kind))
    assert (found.effect, found.what, found.reason) == (EFFECT, what, kind)


def test_a_complaint_may_name_it_by_the_return_path():
    assert only(arf(inside=f"Return-Path: <{PATH}>")).effect == EFFECT


def test_a_token_that_was_folded_is_found():
    inside = f"List-Unsubscribe: <https://shop.example/u/{TOKEN}>,\n <mailto:x@y.example>"
    assert only(arf(inside=inside)).effect == EFFECT


def test_not_spam_is_no_complaint():
    assert reports_in(arf("not-spam"), KEY) == []


def test_a_complaint_about_somebody_elses_mail_is_nothing():
    assert reports_in(arf(inside="X-Other: 1"), KEY) == []


def test_a_mail_to_the_address_of_unsubscribing_unsubscribes():
    raw = f"From: ann@example.com\r\nTo: {KEY.unsubscribe_address(EFFECT, 'b.example')}\r\n\r\n"
    assert only(raw.encode()).what == "unsubscribed"


def test_an_answer_of_somebody_who_is_away_is_no_bounce():
    raw = f"From: Ann <ann@example.com>\r\nTo: {PATH}\r\nAuto-Submitted: auto-replied\r\n\r\naway"
    assert reports_in(raw.encode(), KEY) == []


def test_a_daemon_that_writes_only_words_is_understood():
    raw = f"From: MAILER-DAEMON@mx.example\r\nTo: {PATH}\r\n\r\nsaid: 550 5.1.1 <ann> unknown"
    assert only(raw.encode()).status == "5.1.1"


@given(st.binary(max_size=400))
def test_whatever_comes_is_a_report_or_nothing(junk):
    assert reports_in(junk, KEY) == []
    half = dsn()[: len(junk) * 3] + junk
    assert all(each.effect == EFFECT for each in reports_in(half, KEY))
