"""What was sent is remembered, and what came of it is counted once (journeys A13, A14)."""

from house import House, everything

from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US
from journeyfold.project.sent import KEEP_US, forget_message, sent_of

ANN = Identifier("user_id", "ann")
MESSAGE = "6a1c0c1e-0000-5000-8000-000000000001"


class Post(House):
    """A house in which messages were sent and answered."""

    def __init__(self):
        super().__init__()
        self.track("Identify", type_="identify", user="ann", traits={"email": "ann@example.com"})

    def told(self, what, message=MESSAGE, at="", **more):
        properties = {
            "message": message, "journey": "cart", "version": "v1", "instance": "i1",
            "step": "mail", "channel": "email", "template": "cart", **more,
        }  # fmt: skip
        self.append(
            Event(
                f"{message}/{what}{at}", f"message.{what}", "track", "_fold", (ANN,), self.now_us,
                self.now_us, properties, context={"auth": "system"},
            )
        )  # fmt: skip

    def sent(self, message=MESSAGE):
        with self.state.read() as reader:
            return sent_of(reader, message)

    def counted(self, what):
        with self.state.read() as reader:
            return sum(
                int.from_bytes(value, "big", signed=True)
                for key, value in reader.scan("count", b"run/", b"run0")
                if key.split(b"\0")[-1] == what.encode()
            )

    def ann(self):
        return self.person("user_id", "ann")

    def is_suppressed(self):
        return self.engine.compiled.limits.reader.is_suppressed(self.ann(), "email")


def test_a_row_says_what_was_sent_to_whom():
    post = Post()
    post.told("sent", links=["https://shop.example/cart"], purpose="marketing")
    row = post.sent()
    assert (row.identifier, row.template, row.purpose) == (ANN, "cart", "marketing")
    assert row.links == ["https://shop.example/cart"]
    assert row.marks == {"sent": post.now_us}


def test_an_opening_is_counted_once_and_a_machines_apart():
    post = Post()
    post.told("sent")
    for at in ("/1", "/2"):
        post.told("opened", at=at)
    post.told("opened", at="/m", machine=True)
    assert (post.counted("opened"), post.counted("machine_opened")) == (1, 1)


def test_the_first_instant_of_a_mark_stays():
    post = Post()
    post.told("sent")
    first_us = post.now_us
    post.told("opened", at="/1")
    post.wait(DAY_US)
    post.told("opened", at="/2")
    assert post.sent().marks["opened"] == first_us


def test_feedback_about_what_was_never_sent_changes_nothing():
    post = Post()
    post.told("opened")
    assert post.sent() is None
    assert post.counted("opened") == 0


def test_a_message_that_was_unknown_is_kept_and_may_still_be_sent():
    post = Post()
    post.told("unknown", links=["https://a.example/"])
    post.told("opened")
    post.told("sent")
    assert set(post.sent().marks) == {"unknown", "opened", "sent"}
    assert post.sent().links == ["https://a.example/"]


def test_a_row_is_kept_for_400_days():
    post = Post()
    post.told("sent")
    post.wait(KEEP_US - 1)
    post.told("sent", message="b" * 36)
    assert post.sent() is not None
    post.wait(2)
    post.told("sent", message="c" * 36)
    assert post.sent() is None
    assert post.sent("b" * 36) is not None


def test_a_rebuild_gives_the_same_rows():
    post = Post()
    post.told("sent", links=["https://a.example/"])
    post.told("opened")
    post.told("bounced", status="5.1.1")
    assert everything(post.rebuilt(batch=2)) == everything(post.state)


def test_a_message_of_somebody_erased_is_forgotten():
    post = Post()
    post.told("sent")
    sending = post.log.find("_fold", f"{MESSAGE}/sent")
    with post.state.write() as writer:
        forget_message(writer, sending)
        assert list(writer.scan("sent")) == []


def test_an_event_of_that_name_from_outside_marks_nothing():
    post = Post()
    post.told("sent")
    post.track("message.opened", {"message": MESSAGE}, user="ann")
    assert set(post.sent().marks) == {"sent"}


def test_an_address_that_is_not_there_closes_the_channel_at_once():
    post = Post()
    post.told("bounced", status="5.1.1")
    post.wait(900 * DAY_US)
    assert post.is_suppressed()


def test_a_refusal_for_another_reason_closes_nothing():
    post = Post()
    post.told("bounced", status="5.7.1")
    assert not post.is_suppressed()


def test_three_soft_bounces_in_seven_days_close_the_channel():
    post = Post()
    for number in range(2):
        post.told("bounced", message=f"{number}", status="4.2.2")
    assert not post.is_suppressed()
    post.told("bounced", message="3", status="5.2.2")
    assert post.is_suppressed()


def test_three_soft_bounces_over_eight_days_do_not():
    post = Post()
    for number in range(3):
        post.told("bounced", message=f"{number}", status="4.2.2")
        post.wait(4 * DAY_US)
    assert not post.is_suppressed()


def test_another_address_is_written_to_again():
    from journeyfold.profile.contact import address_digest

    post = Post()
    post.told("bounced", status="5.1.1", address=address_digest("ann@example.com"))
    assert post.is_suppressed()
    post.track("Identify", type_="identify", user="ann", traits={"email": "ann@other.example"})
    assert not post.is_suppressed()


def test_a_complaint_closes_the_channel_whatever_the_address():
    post = Post()
    post.told("complained", address="0" * 16)
    assert post.is_suppressed()


def test_nobody_outside_closes_a_channel():
    post = Post()
    post.track(
        "message.bounced", {"message": "1", "status": "5.1.1", "channel": "email"}, user="ann"
    )
    assert not post.is_suppressed()
