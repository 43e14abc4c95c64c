"""How the API says no: one body, stable codes, a status that a client can act on (trust 5).

`{"error": {"code", "message", "pointer", "index"}}`; the pointer is a JSON pointer into the
request, the index an item of it.
"""

from __future__ import annotations

import msgspec

STATUS = {
    "bad_request": 400,
    "invalid_json": 400,
    "too_deep": 400,
    "too_many_properties": 400,
    "key_too_long": 400,
    "number_out_of_range": 400,
    "bad_context": 400,
    "unknown_purpose": 400,
    "unauthorized": 401,
    "origin": 403,
    "scope": 403,
    "subject": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "timeout": 408,
    "conflict": 409,
    "not_manual": 409,
    "body_too_large": 413,
    "decompressed_too_large": 413,
    "unsupported_type": 415,
    "unsupported_encoding": 415,
    "rate_limited": 429,
    "busy": 503,
    "not_ready": 503,
}
"""Every code the API answers with; what the door answers is in `collect/reply.py`."""


class ErrorDetail(msgspec.Struct, frozen=True):
    code: str
    message: str
    pointer: str = ""
    index: int | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is not 2xx."""

    error: ErrorDetail


class ApiError(Exception):
    """Ends a request. `retry_after_s` goes with 429 and 503, `allow` with 405."""

    def __init__(
        self, code: str, message: str, pointer: str = "", *, retry_after_s: int = 0, allow: str = ""
    ) -> None:
        super().__init__(message)
        self.code, self.pointer = code, pointer
        self.retry_after_s, self.allow = retry_after_s, allow

    @property
    def status(self) -> int:
        return STATUS.get(self.code, 400)

    def body(self) -> bytes:
        return msgspec.json.encode(ErrorBody(ErrorDetail(self.code, str(self), self.pointer)))

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Retry-After is an integer from 1 to 60 (collect C36)."""
        found: list[tuple[bytes, bytes]] = []
        if self.status in {429, 503}:
            wait_s = max(1, min(60, self.retry_after_s))
            found.append((b"retry-after", str(wait_s).encode()))
        if self.allow:
            found.append((b"allow", self.allow.encode()))
        return found
