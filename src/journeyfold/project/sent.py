"""What was sent to whom, and what came of it: the state's space `sent` (journeys A13, E80).

A row a message, under the id of its effect, written when `message.sent` or `message.unknown` is
folded and marked by the records of feedback, so a rebuild gives the same bytes. It is what links in
mail lead to, and why a second opening is not counted as one more. Rows are kept for 400 days of log
time after sending; beside them stands an index by that instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

import msgspec

from journeyfold.core.event import Event, Identifier, Json, Record
from journeyfold.core.instant import DAY_US
from journeyfold.core.ports import StateReader, StateWriter
from journeyfold.core.profile import Profile
from journeyfold.journey.line import arms_of
from journeyfold.project.counting import Counting, MessageLine

KEEP_US = 400 * DAY_US
HANDED_OVER = frozenset({"message.sent", "message.unknown"})
FEEDBACK = frozenset(
    {
        "message.delivered", "message.opened", "message.clicked", "message.bounced",
        "message.complained", "message.unsubscribed", "message.converted",
    }
)  # fmt: skip
_SPACE = "sent"
_BY_TIME = b"\0"  # ids are printable: the index stands before every row
_INSTANT_BYTES = 8


class Sent(msgspec.Struct, array_like=True):
    """One message. `marks` say when what was first seen of it: `opened`, `clicked`, `bounced`, …,
    and `machine_opened`, `machine_clicked` for what no person did.
    """

    identifier: Identifier  # whom the record of the sending named
    sent_us: int
    journey: str = ""
    version: str = ""
    instance: str = ""
    step: str = ""
    channel: str = ""
    template: str = ""
    purpose: str = ""
    arm: str = ""  # of every split so far: `STEP=ARM`, by comma
    address: str = ""  # a digest: whether the address has changed since
    links: list[str] = []
    marks: dict[str, int] = {}

    def line(self) -> MessageLine:
        return MessageLine(
            self.journey, self.version, self.step, self.channel, self.template, self.arm
        )

    def whence(self) -> dict[str, Json]:
        """What every record about it says of where it came from."""
        return {
            "journey": self.journey, "version": self.version, "instance": self.instance,
            "step": self.step, "channel": self.channel, "template": self.template,
        }  # fmt: skip


_DECODE = msgspec.msgpack.Decoder(Sent).decode
_ENCODE = msgspec.msgpack.Encoder(order="deterministic").encode


def sent_of(reader: StateReader, message: str) -> Sent | None:
    raw = reader.get(_SPACE, message.encode())
    return _DECODE(raw) if raw else None


def line_of(reader: StateReader, message: str) -> MessageLine | None:
    """What a message is counted by; None of one that was not sent by a journey."""
    row = sent_of(reader, message)
    return row.line() if row is not None and row.journey else None


def sent_rows(reader: StateReader) -> Iterator[tuple[str, Sent]]:
    """(id of the effect, its row), in order of ids."""
    for key, raw in reader.scan(_SPACE, b"\1"):
        yield key.decode(), _DECODE(raw)


def sent_in(event: Event) -> Sent | None:
    """The row that the record of a sending makes; None of one that names nobody."""
    if not event.identifiers:
        return None
    told = event.properties

    def text(name: str) -> str:
        return str(told.get(name) or "")

    links = told.get("links")
    return Sent(
        event.identifiers[0], event.occurred_us, text("journey"), text("version"),
        text("instance"), text("step"), text("channel"), text("template"), text("purpose"),
        address=text("address"),
        links=[str(each) for each in links] if isinstance(links, list) else [],
    )  # fmt: skip


def fold_sent(writer: StateWriter, record: Record, profile: Profile, counting: Counting) -> None:
    """A record of the platform's own about a message; others change nothing here."""
    name = record.event.name
    if name in HANDED_OVER:
        _hand_over(writer, record, profile, counting)
    elif name in FEEDBACK:
        _mark(writer, record.event, counting)


def forget_message(writer: StateWriter, sending: Record) -> None:
    """Drop the row that the record of a sending made, its links with it: somebody is erased."""
    message = _message(sending.event).encode()
    if message:
        writer.delete(_SPACE, message)
        writer.delete(_SPACE, _at(sending.appended_us) + message)


def _hand_over(writer: StateWriter, record: Record, profile: Profile, counting: Counting) -> None:
    """A message that was unknown and is sent after all keeps what was seen of it meanwhile."""
    event = record.event
    message, row = _message(event), sent_in(event)
    if not message or row is None:
        return
    known = sent_of(writer, message)
    row.arm = _arm(profile, row)
    if known is not None:
        row.marks, row.arm = known.marks, row.arm or known.arm
        row.links = row.links or known.links
    what = event.name.removeprefix("message.")
    if row.journey and what not in row.marks:
        counting.message(row.line(), what)
    row.marks[what] = min(row.marks.get(what, event.occurred_us), event.occurred_us)
    writer.put(_SPACE, message.encode(), _ENCODE(row))
    writer.put(_SPACE, _at(record.appended_us) + message.encode(), b"")
    _prune(writer, record.appended_us - KEEP_US)


def _mark(writer: StateWriter, event: Event, counting: Counting) -> None:
    """Counted once a message; an opening or a click by a machine apart from a person's."""
    message = _message(event)
    row = sent_of(writer, message) if message else None
    if row is None:
        return
    what = event.name.removeprefix("message.")
    if event.properties.get("machine") is True:
        what = f"machine_{what}"
    if row.journey and what not in row.marks:
        counting.message(row.line(), what)
    row.marks[what] = min(row.marks.get(what, event.occurred_us), event.occurred_us)
    writer.put(_SPACE, message.encode(), _ENCODE(row))


def _prune(writer: StateWriter, before_us: int) -> None:
    """What is older than we remember, by the log's time: the same in every rebuild."""
    if before_us <= 0:
        return
    old = [key for key, _ in takewhile(lambda pair: pair[0] < _at(before_us), _by_time(writer))]
    for key in old:
        writer.delete(_SPACE, key)
        writer.delete(_SPACE, key[len(_BY_TIME) + _INSTANT_BYTES :])


def _by_time(reader: StateReader) -> Iterator[tuple[bytes, bytes]]:
    return reader.scan(_SPACE, _BY_TIME, b"\1")


def _at(instant_us: int) -> bytes:
    return _BY_TIME + instant_us.to_bytes(_INSTANT_BYTES, "big")


def _message(event: Event) -> str:
    message = event.properties.get("message")
    return message if isinstance(message, str) and message.isprintable() else ""


def _arm(profile: Profile, row: Sent) -> str:
    """As it was when the run came to the send: a split that comes after it is not of it."""
    run = next((run for run in profile.journeys if run.id == row.instance), None)
    if run is None:
        return ""
    return run.lines[row.step][2] if row.step in run.lines else arms_of(run)
