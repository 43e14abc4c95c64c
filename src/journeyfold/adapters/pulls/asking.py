"""Requests to an API that may be slow, busy or down: at its pace, as who we are, again where it helps.

What an answer means is what it means for deliveries (`activate.retry`). A wait is jittered in full, or
as long as the server asks for; longer than `patience` it is left to the next run.
"""

from __future__ import annotations

import time
from base64 import b64encode
from typing import TypeAlias
from urllib.parse import quote

import msgspec

from journeyfold.activate.again import wait_us
from journeyfold.activate.bucket import Bucket
from journeyfold.activate.destination import Answer, Call, Http
from journeyfold.activate.masked import masked
from journeyfold.activate.rest import Granted, Held, NoToken
from journeyfold.activate.retry import judged
from journeyfold.collect.line import NoAnswer
from journeyfold.core.event import Json
from journeyfold.core.instant import duration_us, human_duration
from journeyfold.sources.pull import Auth, OAuth2
from journeyfold.sources.pull import Http as Settings
from journeyfold.sources.size import size_bytes

Token: TypeAlias = Held | Granted
_SHOWN = 160


class Refused(Exception):  # noqa: N818 - an answer of the server
    """A request that is wrong in itself: `status` 4xx."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Asking:
    """`ask` answers JSON and headers, or raises NoAnswer or Refused with one sentence."""

    def __init__(self, settings: Settings, http: Http) -> None:
        self._settings, self._http = settings, http
        self._timeout_s = (duration_us(settings.timeout) or 0) / 1e6
        self._patience_us = duration_us(settings.patience) or 0
        self._size_max = size_bytes(settings.page_max) or 0
        self._bucket = Bucket(settings.rate.requests_per_s, 1)
        self._headers, self._token = _who(settings.auth, self._paced)

    def ask(self, url: str, body: dict[str, Json] | None) -> tuple[Json, dict[str, str]]:
        """A token that has run out is renewed once; one that is refused anew is the answer."""
        is_renewed = False
        for attempt in range(1, self._settings.attempts + 1):
            try:
                answer = self._once(url, body)
                if answer.status == 401 and self._may_renew() and not is_renewed:
                    is_renewed = True
                    answer = self._once(url, body, is_refused=True)
            except NoToken as refused:
                answer, what = refused.answer, "the token endpoint"
            else:
                what = "the API"
                if 200 <= answer.status < 300:
                    return self._value(answer), answer.headers
            self._wait_or_raise(answer, what, url, attempt)
        raise AssertionError("the last attempt raises")

    def _once(self, url: str, body: dict[str, Json] | None, *, is_refused: bool = False) -> Answer:
        headers = {"accept": "application/json", **self._settings.headers, **self._headers}
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token.token(is_refused=is_refused)}"
        raw = b""
        if self._settings.method == "POST":
            headers.setdefault("content-type", "application/json")
            raw = msgspec.json.encode(body or {})
        return self._paced(Call(self._settings.method, url, headers, raw, self._timeout_s))

    def _may_renew(self) -> bool:
        return self._token is not None and self._token.may_renew

    def _paced(self, call: Call) -> Answer:
        while not self._bucket.room(_now_us(), 1):
            time.sleep(max(0, self._bucket.next_us(_now_us()) - _now_us()) / 1e6)
        self._bucket.take(_now_us())
        return self._http(call)

    def _wait_or_raise(self, answer: Answer, what: str, url: str, attempt: int) -> None:
        outcome = judged(answer, _now_us())
        said = f"{what} {_said(answer)}"
        if outcome.status != "retry":
            if 400 <= answer.status < 500 and what == "the API":
                raise Refused(answer.status, said)
            raise NoAnswer(said)
        if outcome.after_us > self._patience_us:
            asked = human_duration(outcome.after_us)
            raise NoAnswer(f"{said}; it asks to wait for {asked}, longer than `patience`")
        if attempt == self._settings.attempts:
            raise NoAnswer(f"{said}, {attempt} times in a row")
        time.sleep(max(wait_us("api", url, attempt), outcome.after_us) / 1e6)

    def _value(self, answer: Answer) -> Json:
        if answer.status == 204:
            return None
        if len(answer.body) > self._size_max:
            raise NoAnswer(f"a page is larger than `page_max` ({self._settings.page_max})")
        if not answer.body.strip():
            raise NoAnswer("the API answered nothing where JSON was expected")
        try:
            value: Json = msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NoAnswer(f"the API did not answer JSON ({error}): {_shown(answer)}") from None
        return value


def _who(auth: Auth | None, http: Http) -> tuple[dict[str, str], Token | None]:
    match auth:
        case Auth(bearer=str(token)):
            return {}, Held(token)
        case Auth(basic=basic) if basic is not None:
            return {"authorization": _basic(basic.user, basic.password)}, None
        case Auth(header=header) if header is not None:
            return {header.name: header.secret}, None
        case Auth(oauth2=OAuth2() as oauth2):
            return {}, _granted(oauth2, http)
        case _:
            return {}, None


def _granted(oauth2: OAuth2, http: Http) -> Granted:
    """RFC 6749, 4.4; who we are stands in the header, form-encoded first (2.3.1), or in the body."""
    form = {"grant_type": "client_credentials"}
    form |= {"scope": oauth2.scope} if oauth2.scope else {}
    form |= {"audience": oauth2.audience} if oauth2.audience else {}
    headers: dict[str, str] = {}
    if oauth2.client == "header":
        who = (quote(each, safe="") for each in (oauth2.client_id, oauth2.client_secret))
        headers["authorization"] = _basic(*who)
    else:
        form |= {"client_id": oauth2.client_id, "client_secret": oauth2.client_secret}
    return Granted(http, oauth2.token_url, form, _now_us, headers)


def _basic(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def _said(answer: Answer) -> str:
    if not answer.status:
        return f"does not answer: {answer.problem}"
    told = f"answered {answer.status}"
    if 300 <= answer.status < 400:
        return f"{told}; redirects are not followed, write {answer.headers.get('location', 'its target')}"
    shown = _shown(answer)
    return f"{told}: {shown}" if shown else told


def _shown(answer: Answer) -> str:
    return masked(" ".join(answer.body[:4_096].decode("utf-8", "replace").split()))[:_SHOWN]


def _now_us() -> int:
    return time.time_ns() // 1_000
