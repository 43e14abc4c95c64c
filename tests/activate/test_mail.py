"""The bytes of a message are what the standard library reads back from them (RFC 5322)."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.activate.destination import Mail
from journeyfold.activate.mail import address, domain_of, mail_bytes

KEY = "6a1c0c1e-0000-5000-8000-000000000001"
AT_US = 1_790_000_000_000_000


def mail(**more):
    told = {
        "to": "ann@example.com", "sender": "Shop <shop@example.com>", "subject": "Hi",
        "text": "Hello", "html": "<p>Hello</p>",
    } | more  # fmt: skip
    return mail_bytes(Mail(**told), key=KEY, domain="example.com", at_us=AT_US)


def read(raw):
    return email.message_from_bytes(raw, policy=email.policy.SMTP)


def told(part):
    return part.get_content().replace("\r\n", "\n").rstrip("\n")


def test_headers_say_who_when_and_which():
    found = read(mail(reply_to="help@example.com"))
    assert (found["From"], found["To"]) == ("Shop <shop@example.com>", "ann@example.com")
    assert found["Message-ID"] == f"<{KEY}@example.com>"
    assert found["Reply-To"] == "help@example.com"
    assert found["Date"].datetime.timestamp() == AT_US // 1_000_000


def test_text_and_html_are_alternatives_text_first():
    parts = [part.get_content_type() for part in read(mail()).iter_parts()]
    assert parts == ["text/plain", "text/html"]


def test_a_message_of_text_alone_is_one_part():
    assert read(mail(html="")).get_content().strip() == "Hello"


def test_every_line_ends_with_cr_lf_and_is_short():
    raw = mail(text="ä" * 5_000, html="<p>" + "x" * 5_000 + "</p>", subject="ü " * 200)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 78


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=300))
def test_any_subject_is_read_back(subject):
    assert read(mail(subject=subject or "x"))["Subject"] == (" ".join(subject.split()) or "x")


@given(
    st.text(
        alphabet=st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"),
        max_size=400,
    )
)
def test_any_body_is_read_back(body):
    found = read(mail(text=body, html=f"<p>{body}</p>"))
    text, html = found.iter_parts()
    assert told(text) == body.rstrip("\n")
    assert told(html) == f"<p>{body}</p>"


def test_a_name_of_any_script_stands_before_its_address():
    assert read(mail(sender="Bücher & Co <shop@example.com>"))["From"].addresses[
        0
    ].display_name == ("Bücher & Co")


@pytest.mark.parametrize("name", ["a\r\nBcc: x@y.example", "a\nb"])
def test_no_value_begins_another_header(name):
    raw = mail(subject=name, sender=f"{name} <a@b.example>", headers={"X-A": name})
    assert read(raw)["Bcc"] is None


@pytest.mark.parametrize(
    "text", ["", "ann", "a b@example.com", "ann@", "@example.com", "a@b\r\nc", "ä@example.com",
             ".a@example.com", "a..b@example.com", "<a@b.example>", "a@b,c@d", "a@-b.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="no e-mail address"):
        address(text)


def test_a_domain_of_any_script_is_punycode():
    assert address("ann@bücher.example") == "ann@xn--bcher-kva.example"


def test_the_domain_of_a_sender():
    assert domain_of("Shop <shop@Example.com>") == "example.com"
