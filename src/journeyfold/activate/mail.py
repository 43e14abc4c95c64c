"""A composed message as the bytes of an e-mail (RFC 5322, RFC 2045), with CRLF. Pure.

The Message-ID is the id of the effect: a message that is written twice is one message. Headers are
written here and not by `email.message`, which takes longer over them than everything else about a
message together; a test reads them back with it.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache

from journeyfold.activate.destination import Mail
from journeyfold.activate.header_line import one_line

LINE_MAX = 78  # characters, where a header may be folded (RFC 5322, 2.1.1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def mail_bytes(mail: Mail, *, key: str, domain: str, at_us: int) -> bytes:
    """`domain` is that of the Message-ID. ValueError for an address that is none."""
    headers = [
        ("From", _mailbox(mail.sender)),
        ("To", address(mail.to)),
        ("Subject", _text(mail.subject)),
        ("Date", format_datetime(_EPOCH + timedelta(microseconds=at_us))),
        ("Message-ID", f"<{key}@{domain}>"),
        ("MIME-Version", "1.0"),
    ]
    if mail.reply_to:
        headers.insert(2, ("Reply-To", _mailbox(mail.reply_to)))
    headers += [(name, one_line(value)) for name, value in mail.headers.items() if _is_name(name)]
    text = _part("plain", mail.text)
    if not mail.html:
        return _headers(headers) + text
    boundary = f"=_{key}".encode()
    headers.append(("Content-Type", f'multipart/alternative; boundary="=_{key}"'))
    between = b"--" + boundary + b"\r\n"
    return b"".join(
        (
            _headers(headers), b"\r\n", between, text, b"\r\n", between,
            _part("html", mail.html), b"\r\n--", boundary, b"--\r\n",
        )
    )  # fmt: skip


@lru_cache(maxsize=4_096)
def address(text: str) -> str:
    """An address as SMTP takes it: ASCII, the domain of any script in Punycode. ValueError."""
    local, at, domain = text.strip().rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            domain = ""
    is_one = at and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
    if not is_one or local[0] == "." or local[-1] == "." or ".." in text:
        raise ValueError(f"'{one_line(text)[:100]}' is no e-mail address")
    return f"{local}@{domain}"


def is_address(text: str) -> bool:
    try:
        address(text)
    except ValueError:
        return False
    return True


def envelope(mail: Mail) -> tuple[str, str]:
    """(who is told of bounces, who gets it) as SMTP is told. ValueError."""
    back = mail.return_path or parseaddr(mail.sender)[1]
    return address(back), address(mail.to)


def domain_of(sender: str) -> str:
    """Of `Shop <shop@example.com>`, empty where there is none."""
    return parseaddr(sender)[1].rpartition("@")[2].lower()


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


@lru_cache(maxsize=256)
def _mailbox(text: str) -> str:
    """`Shop <shop@example.com>` or an address alone."""
    name, found = parseaddr(one_line(text))
    return formataddr((name, address(found)), "utf-8")


def _text(value: str) -> str:
    told = one_line(value)
    return (
        told
        if told.isascii()
        else Header(told, "utf-8", header_name="Subject").encode(linesep="\r\n")
    )


def _headers(headers: list[tuple[str, str]]) -> bytes:
    return "".join(f"{_folded(f'{name}: {value}')}\r\n" for name, value in headers).encode("ascii")


def _folded(line: str) -> str:
    """Before a space, so that what is unfolded is the same text (RFC 5322, 2.2.3); not right after
    the name, where some readers see an empty field.
    """
    if len(line) <= LINE_MAX or "\r\n" in line:
        return line
    lines, begun = [], ""
    for word in re.split(r"(?= )", line):
        if begun and not begun.endswith(":") and len(begun) + len(word) > LINE_MAX:
            lines.append(begun)
            begun = word
        else:
            begun += word
    return "\r\n".join((*lines, begun))


def _part(subtype: str, text: str) -> bytes:
    """A part with its own headers; ASCII of short lines goes as it is."""
    raw = text.encode("utf-8", "replace")
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\0", b"").rstrip(b"\n")
    is_plain = text.isascii() and max(map(len, lines.split(b"\n"))) <= LINE_MAX
    body = lines if is_plain else b2a_qp(lines, istext=True)
    encoding = b"7bit" if is_plain else b"quoted-printable"
    head = b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: %s\r\n\r\n'
    return head % (subtype.encode(), encoding) + body.replace(b"\n", b"\r\n") + b"\r\n"
