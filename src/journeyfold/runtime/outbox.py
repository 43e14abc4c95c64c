"""The outbox as it lies in the state: what the fold puts there and what records do to it.

Results and commands are records, and the fold applies them in the transaction in which it consumes
them. So what stands in the outbox after a crash, or after the state was built anew, is what the log
says became of it (journeys A1): a delivery whose result is known is not there, one that failed is
there as dead.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence

import msgspec

from journeyfold.activate.outbox import (
    KEPT_US,
    RESULTS,
    Filter,
    Row,
    State,
    again,
    decode_row,
    encode_row,
    ended,
    kind_of,
)
from journeyfold.core.effect import Deliver, Effect, effect_id
from journeyfold.core.event import Event, Json, Record
from journeyfold.core.ports import Entry, EventLog, StateReader, StateWriter
from journeyfold.identity.resolve import person_in
from journeyfold.project.compile import OWN_SOURCE
from journeyfold.project.model import Project
from journeyfold.runtime import outbox_index

SPACE = outbox_index.ROWS
DEVELOPMENT = "mailbox"
"""The destination of e-mail where none is configured."""
SYSTEM = "_system"
COMMANDS = ("outbox.retry", "outbox.resend", "outbox.drop")
DESTINATION = ("destination.paused", "destination.disabled", "destination.resumed")
KINDS = ("message", "webhook", "delivery")
_KEPT_AS: dict[str, State] = {"failed": "dead", "unknown": "unknown"}
_STATUS = {
    f"{kind}.{result}": result
    for kind in KINDS
    for result in ("sent", "failed", "skipped", "unknown")
}


class Closed(msgspec.Struct, frozen=True, array_like=True):
    """A destination that takes nothing until somebody has mended it; rows wait."""

    how: str  # paused | disabled | secret: it was not there
    reason: str
    since_us: int


def stage(writer: StateWriter, effects: Sequence[Effect]) -> list[Deliver]:
    """A row for each delivery; one that is there already stays as it is (journeys E71)."""
    delivers = [effect for effect in effects if isinstance(effect, Deliver)]
    for deliver in delivers:
        key = deliver.key.encode()
        if writer.get(SPACE, key) is None:
            row = Row(deliver, next_us=deliver.due_us)
            outbox_index.change(writer, None, row)
            writer.put(SPACE, key, encode_row(row))
    return delivers


def row_at(reader: StateReader, key: str) -> Row | None:
    raw = reader.get(SPACE, key.encode())
    return decode_row(raw) if raw else None


def put(writer: StateWriter, row: Row) -> None:
    outbox_index.change(writer, row_at(writer, row.key), row)
    writer.put(SPACE, row.key.encode(), encode_row(row))


def drop(writer: StateWriter, key: str) -> None:
    outbox_index.change(writer, row_at(writer, key), None)
    writer.delete(SPACE, key.encode())


def rows(reader: StateReader, asked: Filter | None = None) -> Iterator[Row]:
    """In the order of their keys."""
    for _, raw in reader.scan(SPACE):
        row = decode_row(raw)
        if asked is None or asked.holds(row):
            yield row


def forget(writer: StateWriter, people: Container[str]) -> None:
    """Nothing more is sent to people who are erased; what is under way finds nobody at its last
    look. That they are to be removed elsewhere is still to be said.
    """
    gone = [
        row.key
        for row in rows(writer)
        if row.deliver.person in people and kind_of(row.deliver) != "remove"
    ]
    for key in gone:
        drop(writer, key)


def closed_in(reader: StateReader) -> dict[str, Closed]:
    """Destination → why it is paused."""
    decode = msgspec.msgpack.decode
    return {
        key[12:].decode(): decode(raw, type=Closed)
        for key, raw in reader.scan("meta", b"destination/", b"destination0")
    }


def apply_records(writer: StateWriter, records: Iterable[Record]) -> bool:
    """What they say of deliveries and destinations; True if somebody asked for something, so that
    the dispatcher has to look again.
    """
    is_asked = False
    for record in records:
        event = record.event
        if event.name in _STATUS:
            if event.context.get("auth") == "system":
                _settle(writer, record, _STATUS[event.name])
        elif record.kind == "output" and event.source == SYSTEM:
            if event.name in COMMANDS:
                _obey(writer, event.name, record)
                is_asked = True
            elif event.name in DESTINATION:
                _close(writer, record)
                is_asked = True
    return is_asked


def _settle(writer: StateWriter, record: Record, status: str) -> None:
    """`sent` ends every round, anything else its own."""
    said = record.event.properties
    row = row_at(writer, str(said.get("message")))
    if row is None or (status != "sent" and said.get("round", 0) != row.round):
        return
    kept_as = _KEPT_AS.get(status)
    if kept_as is None:
        drop(writer, row.key)
    elif row.state != kept_as:
        put(writer, ended(row, kept_as, str(said.get("reason", "")), record.appended_us))


def _obey(writer: StateWriter, name: str, record: Record) -> None:
    """`retry` is for the dead, `resend` for the unknown, too; what is on its way is left alone."""
    asked = msgspec.convert(record.event.properties.get("filter", {}), Filter)
    found = [row for row in _chosen(writer, asked) if row.state != "leased"]
    for row in found:
        if name == "outbox.drop":
            drop(writer, row.key)
        elif row.state == "dead" or (name == "outbox.resend" and row.state == "unknown"):
            put(writer, again(row, record.appended_us))
        elif row.state == "pending":  # it need not wait for its next attempt
            put(writer, msgspec.structs.replace(row, next_us=record.appended_us))


def _chosen(reader: StateReader, asked: Filter) -> list[Row]:
    if asked.keys:
        found = (row_at(reader, key) for key in asked.keys)
        return [row for row in found if row is not None and asked.holds(row)]
    return list(rows(reader, asked))


def _close(writer: StateWriter, record: Record) -> None:
    said = record.event.properties
    key = f"destination/{said.get('destination')}".encode()
    if record.event.name == "destination.resumed":
        writer.delete("meta", key)
        return
    how = str(said.get("how") or record.event.name.rpartition(".")[2])
    told = Closed(how, str(said.get("reason", "")), record.appended_us)
    writer.put("meta", key, msgspec.msgpack.encode(told))


def as_known(row: Row, result: str, now_us: int) -> Row | None:
    """What becomes of a row whose result the log has; the fold will come to that record, too."""
    kept_as = _KEPT_AS.get(result)
    return ended(row, kept_as, row.reason, now_us) if kept_as is not None else None


def result_id(key: str, result: str, turn: int = 0) -> str:
    """Of the first round `<key>/<result>`; a round begins when somebody sends it again."""
    return f"{key}/{result}/{turn}" if turn else f"{key}/{result}"


def known_result(log: EventLog, row: Row) -> str:
    """What the log has of its round, or nothing."""
    for result in RESULTS:
        if log.find(OWN_SOURCE, result_id(row.key, result, row.round)) is not None:
            return result
    return ""


def anchor_of(person: str) -> bytes:
    """The node a person id is made of (identity P1): `p_` and 26 characters of base32."""
    return (int(person[2:].encode().translate(_DIGITS), 32) >> 2).to_bytes(16, "big")


_DIGITS = bytes.maketrans(b"abcdefghijklmnopqrstuvwxyz234567", b"0123456789abcdefghijklmnopqrstuv")
"""Base 32 as RFC 4648 writes it, and as Python reads a number: 26 digits, two bits too many."""


def now_of(reader: StateReader, person: str) -> str:
    """Who that person is now: themselves, or whom they have become part of."""
    if not person or reader.get("profile", person.encode()) is not None:
        return person
    return person_in(reader, anchor_of(person)) or person


def purge(writer: StateWriter, now_us: int) -> int:
    """Dead and unknown rows of more than 30 days go (A6)."""
    old = [
        row.key
        for row in rows(writer)
        if row.state in {"dead", "unknown"} and row.settled_us <= now_us - KEPT_US
    ]
    for key in old:
        drop(writer, key)
    return len(old)


def command(name: str, asked: dict[str, Json], at_us: int, key: str) -> Entry:
    """A command as a record; `work` carries it out with the fold of that record."""
    event = Event(
        id=effect_id(key), name=name, type="output", source=SYSTEM, identifiers=(),
        occurred_us=at_us, received_us=at_us, properties=asked, context={"auth": "system"},
    )  # fmt: skip
    return Entry(event=event, kind="output")


def destination_command(act: str, name: str, at_us: int, by: str, reason: str = "") -> Entry:
    """`paused`, `disabled` or `resumed`, by hand or by the platform."""
    told: dict[str, Json] = {"destination": name, "by": by, "reason": reason}
    return command(f"destination.{act}", told, at_us, f"destination/{name}/{act}/{at_us}")


def alerts(entries: Iterable[Entry]) -> Iterator[str]:
    """What somebody has to mend, with what to do then."""
    for event in (entry.event for entry in entries):
        if event.name in {"destination.paused", "destination.disabled"}:
            told = event.properties
            yield f"deliveries to {told['destination']} wait: {told['reason']}; {told['next']}"


def names_of(project: Project) -> Callable[[Deliver], str]:
    """Which destination takes a delivery: the one it names, or the first of its channel; e-mail
    without any goes to the mailbox of development.
    """
    by_channel = {
        destined.channel: name
        for name, destined in sorted(project.destinations.items(), reverse=True)
        if destined.channel
    }

    def name_of(deliver: Deliver) -> str:
        named = deliver.destination
        if named in project.destinations or kind_of(deliver) != "message":
            return named
        return by_channel.get(named, DEVELOPMENT if named == "email" else named)

    return name_of
