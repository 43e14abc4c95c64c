"""Mailchimp Transactional (Mandrill): mail by HTTP, one call a message.

The answer names each recipient: what they refuse for an address is a bounce like any other. The id
of the effect goes along as metadata and comes back with their webhook (`preset: mandrill`).
https://mailchimp.com/developer/transactional/api/messages/send-new-message/
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.activate.destination import Call, Destined, Mail, Outcome, Parcel, Tools
from journeyfold.activate.posting import addressed, judged_post
from journeyfold.core.event import Json

TAKEN = frozenset({"sent", "queued", "scheduled"})
BOUNCES = {"hard-bounce": "5.1.1", "invalid": "5.1.1", "soft-bounce": "4.2.0"}
"""Their reasons for refusing an address → the status code of RFC 3463."""
_MEND = frozenset({"Invalid_Key", "PaymentRequired", "Unknown_Subaccount"})
_AGAIN = frozenset({"GeneralError", "ServiceUnavailable", "Throttled"})


class Mandrill(Destined, frozen=True, kw_only=True, tag="mandrill"):
    """`secret` is an API key; `subaccount` is one of theirs."""

    takes = frozenset({"message"})
    channel = "email"

    secret: str
    url: str = "https://mandrillapp.com"
    subaccount: str = ""
    tags: tuple[str, ...] = ()

    def open(self, tools: Tools) -> Sending:
        return Sending(self, tools, tools.secret(self.secret))


class Sending:
    def __init__(self, settings: Mandrill, tools: Tools, token: str) -> None:
        self._settings, self._tools, self._token = settings, tools, token
        self._url = f"{settings.url.rstrip('/')}/api/1.0/messages/send.json"

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return [self._sent(parcel) for parcel in parcels]

    def _sent(self, parcel: Parcel) -> Outcome:
        assert parcel.mail is not None, "messages by e-mail are written"
        try:
            body = self._body(parcel.key, parcel.mail)
            _, to = addressed(parcel.mail)
        except ValueError as error:
            return Outcome("dead", str(error))
        call = Call(
            "POST", self._url, {"content-type": "application/json"}, msgspec.json.encode(body)
        )
        answer = self._tools.http(call)
        outcome = judged_post(answer, self._tools.now_us())
        if outcome.status == "sent":
            return _settled(outcome, to)
        return _explained(outcome)

    def _body(self, key: str, mail: Mail) -> dict[str, Json]:
        (name, sender), to = addressed(mail)
        headers = dict(mail.headers)
        if mail.reply_to:
            headers["Reply-To"] = mail.reply_to
        message: dict[str, Json] = {
            "from_email": sender, "from_name": name, "to": [{"email": to, "type": "to"}],
            "subject": mail.subject, "text": mail.text, "headers": {**headers},
            "metadata": {"message": key}, "track_opens": False, "track_clicks": False,
            "auto_text": False, "preserve_recipients": False,
        }  # fmt: skip
        if mail.html:
            message["html"] = mail.html
        if self._settings.subaccount:
            message["subaccount"] = self._settings.subaccount
        if self._settings.tags:
            message["tags"] = list(self._settings.tags)
        return {"key": self._token, "message": message, "async": False}

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""


def _settled(outcome: Outcome, to: str) -> Outcome:
    """What they say of the one recipient there is."""
    told = outcome.reply if isinstance(outcome.reply, list) else []
    of_one = [each for each in told if isinstance(each, dict)]
    if len(of_one) != 1:
        return Outcome("unknown", "the answer names no recipient", response=outcome.response)
    status = str(of_one[0].get("status"))
    if status in TAKEN:
        return outcome
    why = str(of_one[0].get("reject_reason") or status)
    return Outcome(
        "dead", f"{to} was refused: {why}", response=outcome.response,
        bounce=BOUNCES.get(why, "5.1.1" if status == "invalid" else ""),
    )  # fmt: skip


def _explained(outcome: Outcome) -> Outcome:
    """Their errors come as 500 whatever they are; the name in the body says which."""
    try:
        told = msgspec.json.decode(outcome.response or "{}")
    except msgspec.DecodeError:
        return outcome
    name = str(told.get("name")) if isinstance(told, dict) else ""
    if not name or name == "None":
        return outcome
    reason = f"{outcome.reason}: {name}: {told.get('message', '')}"[:500]
    if name in _MEND:
        return Outcome("paused", reason, response=outcome.response)
    if name in _AGAIN:
        return Outcome("retry", reason, outcome.after_us, outcome.response)
    return Outcome("dead", reason, response=outcome.response)
