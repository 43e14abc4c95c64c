"""Where one HTTP/1 request ends and the next begins, judged strictly (SEC-4, collect C12).

Sans-io: bytes in, bytes that may go on to the parser out, or a fault. Whatever two parsers could
read differently is refused: a second Host or length, both length and chunks, folded lines, bare
line ends, control characters, chunk lines with anything but a size. Cost is linear in the bytes,
also when they come one by one.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

HEAD_MAX, HEADERS_MAX, URL_MAX = 16 * 1024, 100, 8 * 1024
CHUNK_LINE_MAX = 256

_STRAY = re.compile(rb"(?<!\r)\n|\r(?=[^\n])|\x00")
_REQUEST_LINE = re.compile(rb"([!-~]{1,32}) ([!-~]+) HTTP/(1\.[01])")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
_HOST = re.compile(rb"(?:[0-9A-Za-z._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;" + _TOKEN + rb"(?:=" + _TOKEN + rb")?){0,8}")
METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_ENCODED = re.compile(rb"%(?:2f|5c|00)", re.IGNORECASE)

State = Literal["head", "fixed", "size", "chunk", "chunk_end", "last", "done"]


class Fault(msgspec.Struct, frozen=True):
    """A request that is refused and whose connection ends."""

    status: int
    code: str
    message: str


class Framing:
    """One connection's requests, in order. After a fault nothing more may be fed."""

    def __init__(self) -> None:
        self.state: State = "head"
        self._held = bytearray()  # an incomplete head or chunk line
        self._remaining = 0  # of a body or a chunk
        self._closes = False

    @property
    def is_idle(self) -> bool:
        """Between two requests, with nothing begun."""
        return self.state in {"head", "done"} and not self._held

    @property
    def in_body(self) -> bool:
        return self.state not in {"head", "done"}

    def feed(self, data: bytes) -> tuple[bytes, Fault | None]:
        """(bytes found good, in order, for the parser; why the rest is not)."""
        good: list[bytes] = []
        at = 0
        while at < len(data):
            match self.state:
                case "head":
                    at, fault = self._head(data, at, good)
                case "fixed" | "chunk":
                    at, fault = self._counted(data, at, good)
                case "done":
                    return b"".join(good), None  # after `Connection: close` nothing is read
                case _:
                    at, fault = self._line(data, at, good)
            if fault is not None:
                return b"".join(good), fault
        return b"".join(good), None

    def _head(self, data: bytes, at: int, good: list[bytes]) -> tuple[int, Fault | None]:
        held = self._held
        if at == 0 and not held and (end := data.find(b"\r\n\r\n", 0, HEAD_MAX + 4)) > 0:
            return self._head_at_once(data, end, good)
        seen = len(held)
        held += data[at : at + HEAD_MAX + 4 - seen]
        taken = len(held) - seen
        if held[:2] == b"\r\n":  # an empty line before a request is nothing (RFC 9112, 2.2)
            del held[:2]
            seen = 0
        end = held.find(b"\r\n\r\n", max(0, seen - 3))
        stop = end + 4 if end >= 0 else len(held)
        if _STRAY.search(held, max(0, seen - 1), stop):
            return at, _bad("a bare CR, LF or NUL in the head")
        if end < 0:
            if len(held) > HEAD_MAX:
                return at, Fault(431, "headers_too_large", f"the head is above {HEAD_MAX} bytes")
            return at + taken, None
        head = bytes(held[: end + 2])
        excess = len(held) - (end + 4)
        held.clear()
        if (fault := self._begin(head)) is not None:
            return at, fault
        good.append(head + b"\r\n")
        return at + taken - excess, None

    def _head_at_once(self, data: bytes, end: int, good: list[bytes]) -> tuple[int, Fault | None]:
        """A head that is complete in the data it begins: nothing has to be held."""
        if _STRAY.search(data, 0, end + 4):
            self._held += data[: end + 4]  # something was begun
            return 0, _bad("a bare CR, LF or NUL in the head")
        start = 2 if data.startswith(b"\r\n") else 0  # an empty line (RFC 9112, 2.2)
        if (fault := self._begin(data[start : end + 2])) is not None:
            return 0, fault
        good.append(data[start : end + 4])
        return end + 4, None

    def _begin(self, head: bytes) -> Fault | None:
        """A complete head: how its body is delimited, or why it is refused."""
        first, *lines = head[:-2].split(b"\r\n")
        parsed = _REQUEST_LINE.fullmatch(first)
        if parsed is None:
            return _bad("not a request line of HTTP/1.0 or 1.1")
        if (fault := _of_target(parsed[1], parsed[2])) is not None:
            return fault
        if len(lines) > HEADERS_MAX:
            return Fault(431, "headers_too_many", f"above {HEADERS_MAX} headers")
        fields: dict[bytes, list[bytes]] = {}
        for line in lines:
            header = _HEADER.fullmatch(line)
            if header is None:
                return _bad("a header that is no `name: value`")
            fields.setdefault(header[1].lower(), []).append(header[2].rstrip(b" \t"))
        hosts = fields.get(b"host", [])
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            return _bad("exactly one Host is needed")
        connection = b",".join(fields.get(b"connection", [])).lower()
        is_old = parsed[3] == b"1.0"
        self._closes = b"close" in connection or (is_old and b"keep-alive" not in connection)
        return self._delimit(
            fields.get(b"content-length", []), fields.get(b"transfer-encoding", []), is_old=is_old
        )

    def _delimit(
        self, lengths: list[bytes], encodings: list[bytes], *, is_old: bool
    ) -> Fault | None:
        if encodings:
            if is_old or lengths or len(encodings) > 1 or encodings[0].lower() != b"chunked":
                return _bad("Transfer-Encoding must be `chunked`, alone, in HTTP/1.1")
            self.state = "size"
            return None
        if not lengths:
            self._finish()
            return None
        if len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > 15:
            return _bad("Content-Length must be one decimal number")
        self._remaining = int(lengths[0])
        self.state = "fixed"
        if self._remaining == 0:
            self._finish()
        return None

    def _counted(self, data: bytes, at: int, good: list[bytes]) -> tuple[int, Fault | None]:
        piece = data[at : at + self._remaining] if at or len(data) > self._remaining else data
        good.append(piece)
        self._remaining -= len(piece)
        if self._remaining == 0:
            if self.state == "chunk":
                self.state = "chunk_end"
            else:
                self._finish()
        return at + len(piece), None

    def _line(self, data: bytes, at: int, good: list[bytes]) -> tuple[int, Fault | None]:
        """A line between chunks: a size, the end of a chunk, or the end of the body."""
        held = self._held
        seen = len(held)
        most = CHUNK_LINE_MAX if self.state == "size" else 2
        held += data[at : at + most + 2 - seen]
        end = held.find(b"\r\n")
        if end < 0:
            if len(held) >= most or _STRAY.search(held):
                return at, _bad("a chunk that is not delimited")
            return at + len(held) - seen, None
        line = bytes(held[:end])
        held.clear()
        good.append(line + b"\r\n")
        at += end + 2 - seen
        match self.state:
            case "size":
                size = _CHUNK_LINE.fullmatch(line)
                if size is None:
                    return at, _bad("a chunk size that is no hexadecimal number")
                self._remaining = int(size[1], 16)
                self.state = "chunk" if self._remaining else "last"
            case "chunk_end" if not line:
                self.state = "size"
            case "last" if not line:  # trailers are refused: nothing of ours reads them
                self._finish()
            case _:
                return at, _bad("bytes after a chunk")
        return at, None

    def _finish(self) -> None:
        self.state = "done" if self._closes else "head"


def _of_target(method: bytes, target: bytes) -> Fault | None:
    if method not in METHODS:  # CONNECT, TRACE and what nobody has heard of
        return Fault(405, "method_not_allowed", "not a method of ours")
    if len(target) > URL_MAX:
        return Fault(414, "url_too_long", f"the target is above {URL_MAX} bytes")
    if target[:1] != b"/" or b"#" in target:
        return _bad("the target must be a path")
    if _ENCODED.search(target.partition(b"?")[0]):
        return _bad("an encoded slash or NUL in the path")
    return None


def _bad(message: str) -> Fault:
    return Fault(400, "bad_request", message)
