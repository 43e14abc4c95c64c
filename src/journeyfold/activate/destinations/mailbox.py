"""The mailbox of development: nobody is written to, the console shows what would have gone out.

E-mail comes here where no destination of the channel is configured. A message is one file, named
by the id of its effect, so writing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from journeyfold.activate.destination import Destined, Outcome, Parcel, Tools
from journeyfold.activate.mail import domain_of, mail_bytes

FOLDER = "mailbox"


class Mailbox(Destined, frozen=True, kw_only=True, tag="mailbox"):
    """Takes messages by e-mail."""

    takes = frozenset({"message"})
    channel = "email"

    def open(self, tools: Tools) -> Folder:
        return Folder(tools.data / FOLDER)


MAILBOX = Mailbox()


class Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return [self._write(parcel) for parcel in parcels]

    def close(self) -> None:
        """Nothing is kept open."""

    def _write(self, parcel: Parcel) -> Outcome:
        mail = parcel.mail
        assert mail is not None, "messages by e-mail are written"
        try:
            raw = mail_bytes(
                mail, key=parcel.key, domain=domain_of(mail.sender), at_us=parcel.at_us
            )
        except ValueError as error:
            return Outcome("dead", str(error))
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            beside = self._folder / f".{parcel.key}.new"
            beside.write_bytes(raw)
            beside.replace(self._folder / f"{parcel.key}.eml")
        except OSError as error:
            return Outcome("retry", f"{self._folder} cannot be written: {error.strerror}")
        return Outcome("sent")
