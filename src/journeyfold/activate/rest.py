"""A platform's JSON interface: its address, its headers, and the token that opens it.

A token is the secret itself, or is granted for one (OAuth 2.0) and asked for anew when it runs out
or is refused; a refusal of a token that is fresh is the platform's answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import quote, urlencode

import msgspec

from journeyfold.activate.destination import Answer, Call, Http, Outcome
from journeyfold.activate.retry import judged
from journeyfold.core.event import Json

EARLY_US = 60_000_000  # before a token runs out
_JSON = "application/json"
NowUs: TypeAlias = Callable[[], int]


class NoToken(Exception):  # noqa: N818 - an answer of the platform
    """No token was granted; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.problem)
        self.answer = answer


class Held:
    """A token that is the secret itself."""

    may_renew = False

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, *, is_refused: bool = False) -> str:
        del is_refused  # there is no other
        return self._token


class Granted:
    """A token granted for `form` at `url` (RFC 6749), kept until it runs out."""

    may_renew = True

    def __init__(
        self,
        http: Http,
        url: str,
        form: Mapping[str, str],
        now_us: NowUs,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`headers` may say who asks (2.3.1)."""
        self._http, self._url, self._form, self._now_us = http, url, dict(form), now_us
        self._headers = dict(headers or {})
        self._lock = threading.Lock()
        self._token, self._until_us = "", 0

    def token(self, *, is_refused: bool = False) -> str:
        """Raises NoToken. One thread asks while the others wait."""
        with self._lock:
            if is_refused or self._now_us() >= self._until_us:
                self._ask()
            return self._token

    def _ask(self) -> None:
        headers = {
            "content-type": "application/x-www-form-urlencoded", "accept": _JSON, **self._headers,
        }  # fmt: skip
        answer = self._http(Call("POST", self._url, headers, urlencode(self._form).encode()))
        told = value_of(answer)
        token = told.get("access_token") if isinstance(told, dict) else None
        if answer.status != 200 or not isinstance(told, dict) or not isinstance(token, str):
            raise NoToken(answer)
        lasts = told.get("expires_in")
        lasts_us = int(lasts) * 1_000_000 if isinstance(lasts, int | float) else 3_600_000_000
        self._token, self._until_us = token, self._now_us() + max(lasts_us - EARLY_US, 0)


class Rest:
    """Requests below one address. `bearer` None: the headers say who asks."""

    def __init__(
        self,
        http: Http,
        base: str,
        headers: Mapping[str, str] | None = None,
        bearer: Held | Granted | None = None,
    ) -> None:
        self._http, self._base = http, base.rstrip("/")
        self._headers, self._bearer = dict(headers or {}), bearer

    def __call__(
        self,
        method: str,
        path: str,
        value: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """`value` goes as JSON; None sends no body."""
        if self._bearer is None:
            return self._asked(method, path, value, headers, "")
        try:
            answer = self._asked(method, path, value, headers, self._bearer.token())
            if answer.status == 401 and self._bearer.may_renew:
                token = self._bearer.token(is_refused=True)
                answer = self._asked(method, path, value, headers, token)
        except NoToken as refused:
            return _as_refusal(refused.answer)
        return answer

    def _asked(
        self, method: str, path: str, value: object, more: Mapping[str, str] | None, token: str
    ) -> Answer:
        headers = {"accept": _JSON, **self._headers, **(more or {})}
        if token:
            headers["authorization"] = f"Bearer {token}"
        body = b""
        if value is not None:
            headers.setdefault("content-type", _JSON)
            body = msgspec.json.encode(value)
        return self._http(Call(method, self._base + path, headers, body))


def quoted(part: str) -> str:
    """A value as one segment of a path."""
    return quote(part, safe="")


def value_of(answer: Answer) -> Json:
    """The answer's JSON; None where it is none."""
    try:
        found: Json = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found


def listed(value: Json, *path: str) -> list[dict[str, Json]]:
    """The objects of a list inside an answer; empty where it is not there."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def told(answer: Answer, now_us: int, message: Json = None) -> Outcome:
    """As `judged`, with the platform's own words as the reason."""
    outcome = judged(answer, now_us)
    if outcome.status == "sent" or not isinstance(message, str) or not message:
        return outcome
    return msgspec.structs.replace(outcome, reason=f"{outcome.reason}: {message[:500]}")


def _as_refusal(answer: Answer) -> Answer:
    """Who is refused a token (RFC 6749, 5.2: 400) has a secret to mend, not a record."""
    if answer.status in {400, 401, 403}:
        return msgspec.structs.replace(answer, status=401)
    return answer
