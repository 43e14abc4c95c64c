"""A message of a journey reaches the mailbox once, and what became of it is a record."""

import email
import email.policy
import re

import pytest
from outbox_kit import Post

from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

JOURNEY = """
entry: [{event: Cart Updated}]
policy: {purpose: marketing}
steps:
  - {id: mail, send: {channel: email, template: cart}}
"""
TEMPLATE = "subject: 'Your cart, {{ traits.first_name }}'\nfrom: Shop <shop@example.com>\n"
BODY = "<p>Hello {{ traits.first_name }}, <a href='https://shop.example/cart'>your cart</a></p>"


def project(**files):
    shop = template_files("shop").items()
    return load(
        {path: text for path, text in shop if not path.startswith(("journeys/", "tests/"))}
        | {
            "journeys/cart.yaml": JOURNEY,
            "templates/cart/template.yaml": TEMPLATE,
            "templates/cart/body.html": BODY,
        }
        | files
    )


class Shop(Post):
    """Ann and her cart."""

    def known(self, **traits):
        self.track(
            "Identify", type_="identify", user="ann",
            traits={"email": "ann@example.com", "first_name": "Ann"} | traits,
        )  # fmt: skip
        self.track(
            "Consent Updated", {"purposes": {"marketing": "granted", "marketing_email": "granted"}},
            user="ann",
        )  # fmt: skip

    def cart(self):
        self.wait(1_000_000)
        self.track("Cart Updated", {"cart_id": "c1"}, user="ann")

    @property
    def messages(self):
        return [each for each in self.effects if each.destination == "email"]

    def mails(self):
        files = sorted((self.path / "mailbox").glob("*.eml"))
        return [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.SMTP) for file in files
        ]


@pytest.fixture
def post(tmp_path):
    return Shop(project(), tmp_path)


def test_a_message_is_a_real_mail_in_the_mailbox(post):
    post.known()
    post.cart()
    post.deliver()
    (mail,) = post.mails()
    assert (mail["To"], mail["Subject"]) == ("ann@example.com", "Your cart, Ann")
    assert mail["Message-ID"] == f"<{post.messages[0].key}@example.com>"
    text, html = mail.iter_parts()
    assert text.get_content().strip() == "Hello Ann, your cart (https://shop.example/cart)"
    assert "<p>Hello Ann" in html.get_content()


def test_what_became_of_it_is_an_event_of_the_person(post):
    post.known()
    post.cart()
    post.deliver()
    (sent,) = post.results()
    assert (sent.name, sent.properties["journey"]) == ("message.sent", "cart")
    before = post.person("user_id", "ann")
    assert before.sessions[-1].events == 3  # what we say is no visit of theirs


def test_a_message_whose_result_is_known_is_not_sent_again(post):
    post.known()
    post.cart()
    post.deliver()
    (post.path / "mailbox" / f"{post.messages[0].key}.eml").unlink()
    post.stage(post.messages[0])
    post.deliver()
    assert post.mails() == []
    assert post.rows() == []
    assert len(post.results()) == 1


def test_a_mailbox_that_cannot_be_written_is_tried_again(post):
    post.known()
    post.cart()
    (post.path / "mailbox").write_text("a file stands in the way")
    post.deliver()
    assert [each.name for each in post.results()] == ["message.attempted"]
    (post.path / "mailbox").unlink()
    post.wait(60_000_000)
    post.deliver()
    assert len(post.mails()) == 1


def test_jt15_consent_withdrawn_between_plan_and_send_stops_it(post):
    post.known()
    post.cart()
    post.track("Consent Updated", {"purposes": {"marketing_email": "denied"}}, user="ann")
    post.deliver()
    (skipped,) = post.results()
    assert (skipped.name, skipped.properties["gate"]) == ("message.skipped", "consent")


def test_jt28_an_address_that_changed_is_the_one_written_to(post):
    post.known()
    post.cart()
    post.track("Identify", type_="identify", user="ann", traits={"email": "new@example.com"})
    post.deliver()
    assert post.mails()[0]["To"] == "new@example.com"


def test_jt27_a_template_that_cannot_be_rendered_fails_with_its_line(tmp_path):
    broken = "<p>\n{{ traits.first_name | plus: 1 | divided_by: 0 }}</p>"
    post = Shop(project(**{"templates/cart/body.html": broken}), tmp_path)
    post.known()
    post.cart()
    post.deliver()
    (failed,) = post.results()
    assert failed.name == "message.failed"
    assert "body.html: line 2" in failed.properties["reason"]


def test_a_header_stays_one_line_whatever_a_name_holds(post):
    post.known(first_name="Ann\r\nBcc: everyone@example.com")
    post.cart()
    post.deliver()
    (mail,) = post.mails()
    assert mail["Bcc"] is None


def test_a_name_in_html_is_text(post):
    post.known(first_name="<script>x</script>")
    post.cart()
    post.deliver()
    _, html = post.mails()[0].iter_parts()
    assert "Hello &lt;script&gt;" in html.get_content()


def test_an_update_comes_back_through_the_log(tmp_path):
    marking = JOURNEY.replace(
        "steps:", "steps:\n  - {id: mark, update: {traits: {first_name: Ada}}}"
    )
    post = Shop(project(**{"journeys/cart.yaml": marking}), tmp_path)
    post.known()
    post.cart()
    assert post.person("user_id", "ann").traits["first_name"].value == "Ada"


def test_quiet_hours_that_have_begun_meanwhile_hold_it_until_they_end(tmp_path):
    """The row was planned before: the dispatcher looks once more (journeys E51)."""
    post = Shop(project(), tmp_path)
    post.known()
    post.cart()
    (planned,) = post.messages
    settings = template_files("shop")["journeyfold.yaml"]
    settings = re.sub(r"(?m)^  quiet:.*$", '  quiet: {start: "00:00", end: "20:00"}', settings)
    assert "20:00" in settings
    post.activate(project(**{"journeyfold.yaml": settings}))
    post.deliver()
    assert post.mails() == []
    held = [each for each in post.results() if each.name == "message.held"]
    assert [each.properties["gate"] for each in held] == ["quiet"]
    (row,) = post.rows()
    assert (row.key, row.state, row.attempt) == (planned.key, "pending", 0)
    post.now_us = row.next_us
    post.deliver()
    assert len(post.mails()) == 1


def test_a_state_built_anew_has_no_row_of_what_was_sent(post):
    post.known()
    post.cart()
    post.deliver()
    (post.path / "mailbox" / f"{post.messages[0].key}.eml").unlink()
    post.lose_state()
    post.deliver()
    assert (post.mails(), post.rows()) == ([], [])
    assert [each.name for each in post.results()] == ["message.sent"]


def test_a_state_built_anew_still_lists_what_failed(tmp_path):
    post = Shop(
        project(**{"templates/cart/body.html": "{{ traits.first_name | nonsense }}"}), tmp_path
    )
    post.known()
    post.cart()
    post.deliver()
    (before,) = post.rows()
    post.lose_state()
    (row,) = post.rows()
    assert (row.state, row.reason) == ("dead", before.reason)


def test_a_message_that_waited_for_an_hour_outlives_the_state(post):
    post.known()
    post.cart()
    post.now_us += 3_600_000_000
    post.lose_state()
    post.deliver()
    assert len(post.mails()) == 1
