"""Mail over SMTP, against a real server: what it takes, what it refuses, and connections kept."""

import email
import email.policy
import threading

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from servers.post_office import PASSWORD, USER, certificate, post_office
from servers.process import free_ports

from journeyfold.activate.destination import Answer, Mail, Parcel, Tools
from journeyfold.activate.destinations.smtp import IDLE_US, Dkim, Smtp
from journeyfold.activate.dkim import Signer
from journeyfold.core.errors import UsageError

AT_US = 1_790_000_000_000_000
KEY = "6a1c0c1e-0000-5000-8000-{:012d}"
PEM = (
    rsa.generate_private_key(65_537, 2_048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)


class Clock:
    now_us = AT_US


def tools(tmp_path, secrets=(), clock=Clock):
    held = dict(secrets)

    def secret(text):
        if text.startswith("${env:"):
            try:
                return held[text[6:-1]]
            except KeyError:
                raise UsageError(f"{text} is not set") from None
        return text

    return Tools(
        "mail", lambda _call: Answer(0), tmp_path, secret, lambda: clock.now_us, lambda _name: 0
    )


def parcel(number=1, to="ann@example.com", **more):
    mail = Mail(
        to, "Shop <shop@example.com>", "Your cart", "Hello\n.\n..dots", "<p>Hello</p>", **more
    )
    return Parcel(KEY.format(number), "message", "p_ann", AT_US, mail=mail)


@pytest.fixture
def port():
    return free_ports(1)[0]


@pytest.fixture
def office(port):
    with post_office(port) as opened:
        yield opened


@pytest.fixture
def post(office, port, tmp_path):
    opened = Smtp(host="127.0.0.1", port=port, tls="none").open(tools(tmp_path))
    yield opened
    opened.close()


def test_a_message_arrives_as_it_was_written(post, office):
    (outcome,) = post.deliver([parcel()])
    assert outcome.status == "sent"
    sender, to, raw = office.letters[0]
    read = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert (sender, to) == ("shop@example.com", "ann@example.com")
    assert read["Message-ID"] == f"<{KEY.format(1)}@example.com>"
    text, _html = read.iter_parts()
    assert text.get_content().splitlines() == ["Hello", ".", "..dots"]


def test_bounces_go_where_the_message_says(post, office):
    post.deliver([parcel(return_path="b+1@bounces.example")])
    assert office.letters[0][0] == "b+1@bounces.example"


def test_many_messages_go_over_one_connection(post, office):
    post.deliver([parcel(number) for number in range(20)])
    assert (len(office.letters), office.connections) == (20, 1)


def test_each_thread_has_a_connection_of_its_own(post, office):
    threads = [threading.Thread(target=post.deliver, args=([parcel(each)],)) for each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(office.letters), office.connections) == (3, 3)


def test_a_connection_that_rested_is_made_anew(office, port, tmp_path):
    clock = Clock()
    post = Smtp(host="127.0.0.1", port=port, tls="none").open(tools(tmp_path, clock=clock))
    post.deliver([parcel(1)])
    clock.now_us += IDLE_US + 1
    post.deliver([parcel(2)])
    post.close()
    assert office.connections == 2


def test_a_kept_connection_that_the_server_ended_costs_no_attempt(post, office):
    post.deliver([parcel(1)])
    office.hangs_up = "rcpt"
    (outcome,) = post.deliver([parcel(2)])
    assert outcome.status == "sent"
    assert office.connections == 2


@pytest.mark.parametrize(
    ("line", "status", "bounce"),
    [
        ("550 5.1.1 no such user", "dead", "5.1.1"),
        ("550 user unknown", "dead", "5.1.1"),
        ("550 5.7.1 we do not like you", "dead", "5.7.1"),
        ("552 5.2.2 mailbox full", "dead", "5.2.2"),
        ("450 4.2.1 later", "retry", "4.2.1"),
        ("451 greylisted", "retry", "4.0.0"),
    ],
)
def test_what_a_server_says_of_a_recipient(post, office, line, status, bounce):
    office.refused["ann@example.com"] = line
    (outcome,) = post.deliver([parcel()])
    assert (outcome.status, outcome.bounce) == (status, bounce)
    assert line[4:] in outcome.reason


def test_after_a_refusal_the_next_message_goes_over_the_same_connection(post, office):
    office.refused["no@example.com"] = "550 5.1.1 no"
    outcomes = post.deliver([parcel(1, to="no@example.com"), parcel(2)])
    assert [each.status for each in outcomes] == ["dead", "sent"]
    assert office.connections == 1


@pytest.mark.parametrize(
    ("line", "status"), [("554 5.6.0 spam", "dead"), ("452 4.3.1 full", "retry")]
)
def test_what_a_server_says_of_a_message(post, office, line, status):
    office.answers = [line]
    assert [each.status for each in post.deliver([parcel(1), parcel(2)])] == [status, "sent"]


def test_nobody_knows_of_a_message_whose_answer_was_lost(post, office):
    office.hangs_up = "data"
    (outcome,) = post.deliver([parcel()])
    assert outcome.status == "unknown"
    assert len(office.letters) == 1


def test_a_server_that_is_not_there_is_tried_again(port, tmp_path):
    post = Smtp(host="127.0.0.1", port=port, tls="none").open(tools(tmp_path))
    (outcome,) = post.deliver([parcel()])
    assert (outcome.status, outcome.is_unreached) == ("retry", True)


def test_what_is_no_address_is_not_tried(post, office):
    (outcome,) = post.deliver([parcel(to="ann")])
    assert outcome.status == "dead"
    assert office.connections == 0


def test_a_message_is_signed_and_the_signature_holds_when_it_has_arrived(office, port, tmp_path):
    smtp = Smtp(host="127.0.0.1", port=port, tls="none", dkim=Dkim("s1", "${env:DKIM}"))
    post = smtp.open(tools(tmp_path, {"DKIM": PEM}))
    post.deliver([parcel(headers={"List-Unsubscribe": "<https://shop.example/u/1>"})])
    post.close()
    record = Signer("example.com", "s1", PEM).record.encode()
    asked = []

    def answer(name, timeout=5):
        asked.append(name)
        return record

    assert dkim.DKIM(office.letters[0][2]).verify(dnsfunc=answer)
    assert asked == [b"s1._domainkey.example.com."]


def test_a_key_that_is_not_there_or_none_stops_it_before_the_first_message(tmp_path):
    smtp = Smtp(host="127.0.0.1", tls="none", dkim=Dkim("s1", "${env:DKIM}"))
    with pytest.raises(UsageError):
        smtp.open(tools(tmp_path))
    with pytest.raises(UsageError):
        smtp.open(tools(tmp_path, {"DKIM": "not a key"}))


def test_it_logs_in_over_starttls(port, tmp_path, monkeypatch):
    context, vouches = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(vouches))
    smtp = Smtp(host="localhost", port=port, user=USER, password="${env:PASSWORD}")
    with post_office(port, must_log_in=True, tls=context) as office:
        post = smtp.open(tools(tmp_path, {"PASSWORD": PASSWORD}))
        outcomes = post.deliver([parcel()])
        post.close()
    assert [each.status for each in outcomes] == ["sent"]
    assert office.sessions[-1].ssl is not None


def test_a_server_that_speaks_tls_from_the_first_byte(port, tmp_path, monkeypatch):
    context, vouches = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(vouches))
    with post_office(port, implicit=context) as office:
        post = Smtp(host="localhost", port=port, tls="implicit").open(tools(tmp_path))
        post.deliver([parcel()])
        post.close()
    assert len(office.letters) == 1


def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(port, tmp_path):
    context, _ = certificate(tmp_path)
    with post_office(port, tls=context) as office:
        post = Smtp(host="localhost", port=port).open(tools(tmp_path))
        (outcome,) = post.deliver([parcel()])
        assert outcome.status == "retry"
        assert office.letters == []


def test_a_wrong_password_pauses_the_destination(port, tmp_path, monkeypatch):
    context, vouches = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(vouches))
    with post_office(port, tls=context, must_log_in=True):
        smtp = Smtp(host="localhost", port=port, user=USER, password="wrong")
        (outcome,) = smtp.open(tools(tmp_path)).deliver([parcel()])
    assert outcome.status == "paused"
    assert "wrong" not in outcome.reason


@pytest.mark.parametrize(
    "wrong",
    [
        {"tls": "none", "user": "a", "password": "b"},
        {"user": "a"},
        {"password": "b"},
    ],
)
def test_a_password_in_the_open_is_refused(wrong):
    with pytest.raises(ValueError, match=r"tls|user"):
        Smtp(host="mail.example.com", **wrong)
