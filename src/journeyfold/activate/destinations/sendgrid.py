"""SendGrid: mail by HTTP, one call a message.

The id of the effect goes along as the custom argument `message` and comes back with every event of
their webhook (`preset: sendgrid` of a source). Their own tracking is off: ours is in the message.
https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.activate.destination import Call, Destined, Mail, Outcome, Parcel, Tools
from journeyfold.activate.posting import addressed, judged_post, split
from journeyfold.core.event import Json


class Sendgrid(Destined, frozen=True, kw_only=True, tag="sendgrid"):
    """`secret` is an API key that may send mail; `sandbox` has them check and send nothing."""

    takes = frozenset({"message"})
    channel = "email"

    secret: str
    url: str = "https://api.sendgrid.com"
    categories: tuple[str, ...] = ()
    ip_pool: str = ""
    sandbox: bool = False

    def open(self, tools: Tools) -> Sending:
        return Sending(self, tools, tools.secret(self.secret))


class Sending:
    def __init__(self, settings: Sendgrid, tools: Tools, token: str) -> None:
        self._settings, self._tools = settings, tools
        self._url = f"{settings.url.rstrip('/')}/v3/mail/send"
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return [self._sent(parcel) for parcel in parcels]

    def _sent(self, parcel: Parcel) -> Outcome:
        assert parcel.mail is not None, "messages by e-mail are written"
        try:
            body = self._body(parcel.key, parcel.mail)
        except ValueError as error:
            return Outcome("dead", str(error))
        call = Call("POST", self._url, self._headers, msgspec.json.encode(body))
        return judged_post(self._tools.http(call), self._tools.now_us())

    def _body(self, key: str, mail: Mail) -> dict[str, Json]:
        (name, sender), to = addressed(mail)
        content: list[Json] = [{"type": "text/plain", "value": mail.text or " "}]
        if mail.html:
            content.append({"type": "text/html", "value": mail.html})
        off: dict[str, Json] = {"enable": False}
        body: dict[str, Json] = {
            "personalizations": [{"to": [{"email": to}], "custom_args": {"message": key}}],
            "from": _mailbox(name, sender),
            "subject": mail.subject,
            "content": content,
            "tracking_settings": {
                "click_tracking": {"enable": False, "enable_text": False},
                "open_tracking": off, "subscription_tracking": off,
            },
        }  # fmt: skip
        if mail.headers:
            body["headers"] = dict(mail.headers)
        if mail.reply_to:
            body["reply_to"] = _mailbox(*split(mail.reply_to))
        settings = self._settings
        if settings.categories:
            body["categories"] = list(settings.categories)
        if settings.ip_pool:
            body["ip_pool_name"] = settings.ip_pool
        if settings.sandbox:
            body["mail_settings"] = {"sandbox_mode": {"enable": True}}
        return body

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""


def _mailbox(name: str, email: str) -> dict[str, Json]:
    return {"email": email, "name": name} if name else {"email": email}
