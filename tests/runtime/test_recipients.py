"""The demo's recipients do the same for the same mail, through the links in it."""

from email.message import EmailMessage
from email.policy import SMTP

from journeyfold.runtime.recipients import CLICKED, LATEST_S, OPENED, SOONEST_S, answers

HTML = (
    '<a href="http://127.0.0.1:8080/t/c/abc?x=1&amp;y=2">Look</a>'
    '<a href="http://127.0.0.1:8080/u/xyz">No more</a>'
    '<img src="http://127.0.0.1:8080/t/o/abc.gif">'
)


def mail(html=HTML):
    message = EmailMessage(policy=SMTP)
    message["Subject"] = "s"
    message.set_content("t")
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def told(number, **more):
    key = f"key{number}"
    return list(answers(key, mail(**more)))


def test_the_same_message_is_answered_the_same():
    assert [told(number) for number in range(20)] == [told(number) for number in range(20)]


def test_some_open_and_fewer_follow():
    kinds = [[address.split("/")[4] for _, address in told(number)] for number in range(400)]
    opened, clicked = (sum(kind in each for each in kinds) / 400 for kind in ("o", "c"))
    assert abs(opened - OPENED) < 0.08
    assert abs(clicked - CLICKED) < 0.08
    assert all("o" in each for each in kinds if "c" in each)


def test_nobody_is_as_quick_as_a_machine():
    times = [after_s for number in range(50) for after_s, _ in told(number)]
    assert min(times) >= SOONEST_S
    assert max(times) <= LATEST_S + SOONEST_S


def test_nobody_unsubscribes_by_chance():
    assert not any("/u/" in address for number in range(50) for _, address in told(number))


def test_mail_without_links_is_left_alone():
    assert [told(number, html="<p>plain</p>") for number in range(20)] == [[]] * 20
