"""A message of a journey reaches the mailbox once, and what became of it is a record."""

import email
import email.policy

import pytest
from house import House

from journeyfold.adapters.mailbox import FileMailbox
from journeyfold.core.effect import Deliver
from journeyfold.core.errors import Busy
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.messaging import Messaging

JOURNEY = """
entry: [{event: Cart Updated}]
policy: {purpose: marketing}
steps:
  - {id: mark, update: {traits: {first_name: Ada}}}
  - {id: mail, send: {channel: email, template: cart}}
"""
TEMPLATE = "subject: 'Your cart, {{ traits.first_name }}'\nfrom: Shop <shop@example.com>\n"
BODY = "<p>Hello {{ traits.first_name }}, <a href='https://shop.example/cart'>your cart</a></p>"


def project(**files):
    return load(
        template_files("shop")
        | {
            "journeys/cart.yaml": JOURNEY,
            "templates/cart/template.yaml": TEMPLATE,
            "templates/cart/body.html": BODY,
        }
        | files
    )


class Post:
    """A house with the fold loop and the mailbox of `work`."""

    def __init__(self, path, **files):
        self.house = House(project(**files))
        house = self.house
        self.loop = FoldLoop(house.log, house.state, house.engine, self)
        self.messaging = Messaging(house.log, house.state, self.loop, FileMailbox(path), self)
        self.path = path

    def now_us(self):
        return self.house.now_us

    def known(self, **traits):
        self.house.track(
            "Identify", type_="identify", user="ann",
            traits={"email": "ann@example.com", "first_name": "Ann"} | traits,
        )  # fmt: skip
        self.house.track(
            "Consent Updated", {"purposes": {"marketing": "granted", "marketing_email": "granted"}},
            user="ann",
        )  # fmt: skip

    def cart(self):
        self.house.wait(1_000_000)
        self.house.track("Cart Updated", {"cart_id": "c1"}, user="ann")

    @property
    def messages(self):
        sent = (each for each in self.house.effects if isinstance(each, Deliver))
        return [each for each in sent if each.destination == "email"]

    def deliver(self):
        self.messaging(self.messages)
        self.house.fold()

    def mails(self):
        files = sorted((self.path / "mailbox").glob("*.eml"))
        return [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.SMTP) for file in files
        ]

    def results(self):
        found = self.house.log.read(-1, 1_000)
        return [each.event for each in found if each.event.name.startswith("message.")]


@pytest.fixture
def post(tmp_path):
    return Post(tmp_path)


def test_a_message_is_a_real_mail_in_the_mailbox(post):
    post.known()
    post.cart()
    post.deliver()
    (mail,) = post.mails()
    assert (mail["To"], mail["Subject"]) == ("ann@example.com", "Your cart, Ann")
    assert mail["Message-ID"] == f"<{post.messages[0].key}@shop.localhost>"
    text, html = mail.iter_parts()
    assert text.get_content().strip() == "Hello Ann, your cart (https://shop.example/cart)"
    assert "<p>Hello Ann" in html.get_content()


def test_what_became_of_it_is_an_event_of_the_person(post):
    post.known()
    post.cart()
    post.deliver()
    (sent,) = post.results()
    assert (sent.name, sent.properties["journey"]) == ("message.sent", "cart")
    before = post.house.person("user_id", "ann")
    assert before.sessions[-1].events == 3  # what we say is no visit of theirs


def test_a_message_whose_result_is_known_is_not_sent_again(post):
    post.known()
    post.cart()
    post.deliver()
    (post.path / "mailbox" / f"{post.messages[0].key}.eml").unlink()
    post.deliver()
    assert post.mails() == []
    assert len(post.results()) == 1


def test_a_mailbox_that_cannot_be_written_is_waited_for(post):
    post.known()
    post.cart()
    (post.path / "mailbox").write_text("a file stands in the way")
    with pytest.raises(Busy, match="cannot be written"):
        post.deliver()
    (post.path / "mailbox").unlink()
    post.deliver()
    assert len(post.mails()) == 1


def test_consent_withdrawn_between_plan_and_send_stops_it(post):
    post.known()
    post.cart()
    post.house.track("Consent Updated", {"purposes": {"marketing_email": "denied"}}, user="ann")
    post.deliver()
    (skipped,) = post.results()
    assert (skipped.name, skipped.properties["gate"]) == ("message.skipped", "consent")


def test_jt28_an_address_that_changed_is_the_one_written_to(post):
    post.known()
    post.cart()
    post.house.track("Identify", type_="identify", user="ann", traits={"email": "new@example.com"})
    post.deliver()
    assert post.mails()[0]["To"] == "new@example.com"


def test_jt27_a_template_that_cannot_be_rendered_fails_with_its_line(tmp_path):
    broken = "<p>\n{{ traits.first_name | plus: 1 | divided_by: 0 }}</p>"
    post = Post(tmp_path, **{"templates/cart/body.html": broken})
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


def test_an_update_comes_back_through_the_log(post):
    post.known()
    post.cart()
    says = [each for each in post.house.effects if type(each).__name__ == "Say"]
    post.loop.say(says[0])
    post.house.fold()
    ann = post.house.person("user_id", "ann")
    assert ann.traits["first_name"].value == "Ada"
