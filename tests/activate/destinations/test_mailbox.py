"""mailbox: mail as files that any mail program reads; nobody is written to."""

import email
import email.policy

from destination_kit import opened, parcel, statuses

from journeyfold.activate.destination import Mail

MAIL = Mail("ann@example.com", "Shop <shop@example.com>", "Your cart", "Hello", "<p>Hello</p>")


def test_a_message_is_a_file_named_by_its_effect(tmp_path):
    with opened("type: mailbox\n", data=tmp_path) as destination:
        assert statuses(destination.deliver([parcel("message", mail=MAIL)])) == ["sent"]
    (file,) = (tmp_path / "mailbox").iterdir()
    read = email.message_from_bytes(file.read_bytes(), policy=email.policy.SMTP)
    assert file.name == f"{parcel().key}.eml"
    assert (read["To"], read["Subject"]) == ("ann@example.com", "Your cart")


def test_writing_it_again_changes_nothing(tmp_path):
    with opened("type: mailbox\n", data=tmp_path) as destination:
        for _ in range(2):
            destination.deliver([parcel("message", mail=MAIL)])
    assert len(list((tmp_path / "mailbox").iterdir())) == 1


def test_what_is_no_address_is_dead(tmp_path):
    with opened("type: mailbox\n", data=tmp_path) as destination:
        wrong = Mail("ann", "Shop <shop@example.com>", "s", "t")
        assert statuses(destination.deliver([parcel("message", mail=wrong)])) == ["dead"]


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path):
    (tmp_path / "mailbox").write_text("in the way")
    with opened("type: mailbox\n", data=tmp_path) as destination:
        assert statuses(destination.deliver([parcel("message", mail=MAIL)])) == ["retry"]
