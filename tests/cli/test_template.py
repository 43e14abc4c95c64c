"""`journeyfold template` and `journeyfold mail`: what they print and how they end."""

import cli_answers as answers
import pytest

from journeyfold.activate.destination import Mail
from journeyfold.cli.main import run
from journeyfold.project.reports import MailHeard, MailTest

MAIL = Mail("ann@example.com", "Shop <shop@example.com>", "Your cart", "Hello Ann", "<p>Hello</p>")


@pytest.fixture
def call(project, capsys):
    def run_it(*words, **given):
        runtime = answers.Answers(**given)
        code = run(words, runtime)
        said = capsys.readouterr()
        return code, said.out + said.err, runtime.asked

    return run_it


def test_a_preview_shows_headers_and_text_and_writes_the_html(call, tmp_path):
    file = tmp_path / "cart.html"
    code, out, asked = call(
        "template", "preview", "cart", "--person", "user_id:ann", "--html", str(file),
        template_preview=MAIL,
    )  # fmt: skip
    assert code == 0
    assert "To: ann@example.com\nSubject: Your cart\n\nHello Ann" in out
    assert file.read_text() == "<p>Hello</p>"
    assert asked[0][2] == {"template": "cart", "person": "user_id:ann"}


def test_a_test_says_where_it_went(call):
    sent = MailTest("post", "me@shop.example", "[Test] Your cart", "sent")
    words = ("template", "send-test", "cart", "--person", "p_a", "--to", "me@shop.example")
    code, out, _ = call(*words, template_test=sent)
    assert (code, "sent to me@shop.example over post" in out) == (0, True)


def test_a_test_that_was_refused_fails_with_the_reason(call):
    refused = MailTest("post", "me@shop.example", "[Test] Your cart", "dead", "550 no")
    words = ("template", "send-test", "cart", "--person", "p_a", "--to", "me@shop.example")
    code, out, _ = call(*words, template_test=refused)
    assert code == 74
    assert "550 no" in out


def test_mail_that_came_back_says_what_it_was_about(call, tmp_path):
    file = tmp_path / "back.eml"
    file.write_bytes(b"raw")
    told = MailHeard(("6a1c bounced 5.1.1",))
    code, out, asked = call("mail", "bounce", str(file), mail_bounce=told)
    assert (code, out) == (0, "6a1c bounced 5.1.1\n")
    assert asked[0][2] == {"raw": b"raw"}
    assert "no message of ours" in call("mail", "bounce", str(file), mail_bounce=MailHeard())[1]
