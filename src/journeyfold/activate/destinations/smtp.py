"""Mail over SMTP: one kept connection a thread, signed with DKIM (journeys A2, A11).

SMTP has no idempotency. A connection that is lost before the message's bytes are out is tried
again; one that is lost after them leaves it unknown, and the outbox decides by the send's
`delivery` whether it goes again. Connections are used for a while and then made anew, since servers
drop those that rest.
"""

from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, Literal

import msgspec

from journeyfold.activate.destination import Destined, Outcome, Parcel, Rate, Tools
from journeyfold.activate.dkim import Signer, signed
from journeyfold.activate.mail import domain_of, envelope, mail_bytes
from journeyfold.activate.smtp_answer import refused

IDLE_US = 20_000_000  # servers may hang up after five minutes (RFC 5321, 4.5.3.2); many do sooner
MESSAGES_MAX = 500  # over one connection
OK, FORWARDED, GO_ON = 250, 251, 354
LOST = "lost"  # the reply of a connection that ended before the message was out
PORTS = {"none": 25, "starttls": 587, "implicit": 465}


class Dkim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`domain` is that of the sender where it is not given; `second_key` signs beside (Ed25519)."""

    selector: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$")]
    key: str
    domain: str = ""
    second_key: str = ""
    second_selector: str = ""

    def __post_init__(self) -> None:
        if bool(self.second_key) != bool(self.second_selector):
            raise ValueError("second_key: it has a selector of its own, `second_selector`")


class Smtp(Destined, frozen=True, kw_only=True, tag="smtp"):
    """`user` and `password` log in where the server wants it; secrets are references."""

    takes = frozenset({"message"})
    channel = "email"
    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: str = ""
    password: str = ""
    helo: str = ""  # the name we go by; the machine's where none is given
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=300)] = 30.0
    dkim: Dkim | None = None
    rate: Rate = Rate(concurrency=8)  # connections: each holds one message that must not go twice

    def __post_init__(self) -> None:
        if self.tls == "none" and self.password and self.host not in _HERE:
            raise ValueError("tls: a password does not go over a connection that anybody may read")
        if bool(self.user) != bool(self.password):
            raise ValueError("user: `user` and `password` come together")

    def open(self, tools: Tools) -> Post:
        keys: list[tuple[str, str]] = []
        if self.dkim is not None:
            keys.append((self.dkim.selector, tools.secret(self.dkim.key)))
            if self.dkim.second_key:
                keys.append((self.dkim.second_selector, tools.secret(self.dkim.second_key)))
        login = None
        if self.user:
            login = tools.secret(self.user), tools.secret(self.password)
        signing = Signing(self.dkim.domain if self.dkim else "", keys)
        return Post(self, login, signing, tools.now_us)


_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


class Signing:
    """The signers of a sender's domain; a key is read once."""

    def __init__(self, domain: str, keys: Sequence[tuple[str, str]]) -> None:
        self._domain, self._keys = domain, keys
        self._signers: dict[str, list[Signer]] = {}
        if keys:
            self.of(domain or "localhost")  # a key that is none is found before the first message

    def of(self, sender_domain: str) -> list[Signer]:
        domain = self._domain or sender_domain
        found = self._signers.get(domain)
        if found is None:
            found = [Signer(domain, selector, pem) for selector, pem in self._keys]
            self._signers[domain] = found
        return found


class Post:
    """`deliver` from several threads, each over its own connection."""

    def __init__(
        self,
        smtp: Smtp,
        login: tuple[str, str] | None,
        signing: Signing,
        now_us: Callable[[], int],
    ) -> None:
        self._smtp, self._login, self._signing, self._now_us = smtp, login, signing, now_us
        self._held = threading.local()
        self._lines: list[Line] = []
        self._lock = threading.Lock()

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return [self._sent(parcel) for parcel in parcels]

    def close(self) -> None:
        with self._lock:
            for line in self._lines:
                line.hang_up()
            self._lines.clear()

    def _sent(self, parcel: Parcel) -> Outcome:
        mail = parcel.mail
        assert mail is not None, "messages by e-mail are written"
        domain = domain_of(mail.sender)
        try:
            raw = mail_bytes(mail, key=parcel.key, domain=domain, at_us=parcel.at_us)
            sender, to = envelope(mail)
        except ValueError as error:
            return Outcome("dead", str(error))
        return self._line().send(sender, to, signed(raw, self._signing.of(domain), parcel.at_us))

    def _line(self) -> Line:
        line: Line | None = getattr(self._held, "line", None)
        if line is None:
            line = self._held.line = Line(self._smtp, self._login, self._now_us)
            with self._lock:
                self._lines.append(line)
        return line


class Line:
    """One connection, made when it is needed. Used by one thread."""

    def __init__(
        self, smtp: Smtp, login: tuple[str, str] | None, now_us: Callable[[], int]
    ) -> None:
        self._smtp, self._login, self._now_us = smtp, login, now_us
        self._server: smtplib.SMTP | None = None
        self._used_us = 0
        self._messages = 0

    def send(self, sender: str, to: str, raw: bytes) -> Outcome:
        """A kept connection that the server has meanwhile ended is made anew, once."""
        was_kept = self._server is not None
        outcome = self._tried(sender, to, raw)
        is_stale = was_kept and self._server is None and outcome.reply == LOST
        return self._tried(sender, to, raw) if is_stale else outcome

    def _tried(self, sender: str, to: str, raw: bytes) -> Outcome:
        server = self._connected()
        if isinstance(server, Outcome):
            return server
        is_out = False
        try:
            answer = _asked(server, sender, to)
            if answer is None:
                is_out = True  # from here on the server may have it, whatever we hear
                server.send(_stuffed(raw))
                code, said = server.getreply()
                answer = _taken(code, _text(said))
        except (smtplib.SMTPException, OSError) as error:
            self.hang_up()
            what = f"the connection was lost: {error}"
            return Outcome("unknown", what) if is_out else Outcome("retry", what, reply=LOST)
        self._messages += 1
        self._used_us = self._now_us()
        if answer.status != "sent":
            self._begin_anew(server)
        return answer

    def _begin_anew(self, server: smtplib.SMTP) -> None:
        """After a refusal the next message is nothing of this one's."""
        try:
            server.rset()
        except (smtplib.SMTPException, OSError):
            self.hang_up()

    def hang_up(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()

    def _connected(self) -> smtplib.SMTP | Outcome:
        server = self._server
        is_old = self._messages >= MESSAGES_MAX or self._now_us() - self._used_us > IDLE_US
        if server is not None and is_old:
            self.hang_up()
            server = None
        if server is None:
            try:
                server = self._opened()
            except smtplib.SMTPAuthenticationError as error:
                why = f"the server refused our login: {error.smtp_code} {_text(error.smtp_error)}"
                return Outcome("paused", why)
            except smtplib.SMTPConnectError as error:
                return refused(error.smtp_code, _text(error.smtp_error), at="the connection")
            except (smtplib.SMTPException, OSError) as error:
                why = f"{self._smtp.host} is not reached: {error}"
                return Outcome("retry", why, is_unreached=True)
            self._server, self._messages = server, 0
            self._used_us = self._now_us()
        return server

    def _opened(self) -> smtplib.SMTP:
        smtp = self._smtp
        port = smtp.port or PORTS[smtp.tls]
        name = smtp.helo or None
        if smtp.tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                smtp.host, port, name, timeout=smtp.timeout_s, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(smtp.host, port, name, timeout=smtp.timeout_s)
        try:
            server.ehlo_or_helo_if_needed()
            if smtp.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if self._login is not None:
                server.login(*self._login)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
        return server


def _asked(server: smtplib.SMTP, sender: str, to: str) -> Outcome | None:
    """MAIL, RCPT and DATA; None where the server wants the message."""
    code, said = server.mail(sender)
    if code != OK:
        return refused(code, _text(said), at="MAIL")
    code, said = server.rcpt(to)
    if code not in {OK, FORWARDED}:
        return refused(code, _text(said), at="RCPT")
    code, said = server.docmd("DATA")
    return None if code == GO_ON else refused(code, _text(said), at="DATA")


def _taken(code: int, text: str) -> Outcome:
    if code == OK:
        return Outcome("sent", response=f"{code} {text}")
    return refused(code, text, at="the message")


def _stuffed(raw: bytes) -> bytes:
    """With a dot before each line that begins with one, and the line that ends it (RFC 5321)."""
    lines = raw.replace(b"\r\n.", b"\r\n..")
    return b"".join((b"." if raw[:1] == b"." else b"", lines, b".\r\n"))


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:500]
