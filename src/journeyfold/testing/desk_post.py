"""A sample outbox, templates and a mailbox, as screens see them; commands are kept in memory."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.activate.destination import Mail
from journeyfold.activate.outbox import STATES, Filter, State
from journeyfold.activate.template import MessageTemplate
from journeyfold.api.mail_file import links_of
from journeyfold.api.post_cards import MailCard, Mails, MailView, MessageCard, Preview
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import HOUR_US, MINUTE_US
from journeyfold.core.profile import Profile
from journeyfold.journey.report import Side, lift
from journeyfold.project.figures import MessageFigures
from journeyfold.project.reports import MailTest
from journeyfold.runtime.outbox_view import (
    Act,
    AttemptCard,
    DestinationAct,
    DestinationCard,
    Outbox,
    RowCard,
)

HTML = (
    "<html><body style='font-family:Arial;margin:0;padding:24px;background:#f4f4f4'>"
    "<div style='max-width:560px;margin:auto;background:#fff;padding:24px'>"
    "<h1 style='font-size:20px'>{hello}</h1><p>Your boots are still in the cart.</p>"
    "<p><a href='https://shop.example/cart' style='background:#0b5f76;color:#fff;padding:10px 16px'>"
    "Back to the cart</a></p><p><a href='https://shop.example/u/t'>Unsubscribe</a></p>"
    "<img src='http://127.0.0.1/t/o/x.gif' alt=''></div></body></html>"
)
_YAML = "subject: 'Still thinking, {{ traits.first_name }}?'\npreheader: Your cart waits\nfrom: Shop <hello@shop.example>\n"


class SampleOutbox:
    def __init__(self, now_us: int, *, is_empty: bool) -> None:
        self._now_us = now_us
        self.acts: list[tuple[str, Filter, str]] = []
        self.paused: dict[str, str] = {}
        self.rows = [] if is_empty else [_row(now_us, at) for at in range(64)]

    def filter(
        self, keys: Sequence[str] = (), *, destination: str = "", state: str = "",
        journey: str = "", kind: str = "", reason: str = "",
    ) -> Filter:  # fmt: skip
        if state and state not in STATES:
            raise UsageError(f"there is no state '{state}'")
        return Filter(
            keys=tuple(keys), destinations=(destination,) if destination else (),
            state=state, journey=journey, kind=kind, reason=reason,
        )  # fmt: skip

    def page(self, asked: Filter, after: str = "", limit: int = 100) -> Outbox:
        held = [row for row in self.rows if _holds(asked, row)]
        counts: dict[str, int] = {}
        for row in held:
            counts[row.state] = counts.get(row.state, 0) + 1
        behind = [row for row in held if row.key > after]
        more = behind[limit - 1].key if len(behind) > limit else None
        return Outbox(tuple(behind[:limit]), counts, more)

    def matching(self, act: Act, asked: Filter) -> int:
        taken = {"retry": ("dead", "pending"), "resend": ("dead", "pending", "unknown"),
                 "drop": ("dead", "pending", "unknown")}[act]  # fmt: skip
        return sum(row.state in taken for row in self.rows if _holds(asked, row))

    def destinations(self) -> Sequence[DestinationCard]:
        if not self.rows:
            return []
        now_us = self._now_us
        cards = [
            DestinationCard(
                "crm-with-a-long-name-eu", "salesforce", "paused", "401: the session has expired",
                now_us - HOUR_US, rows={"pending": 1_000_000, "dead": 2},
                oldest_due_us=now_us - 26 * HOUR_US, attempts={"sent": 812, "paused": 1},
            ),
            DestinationCard(
                "mailbox", "mailbox", "open", rows={"pending": 3}, oldest_due_us=now_us,
                attempts={"sent": 5_680},
            ),
            DestinationCard(
                "shop-hook", "webhook", "open", breaker="open",
                breaker_until_us=now_us + 4 * MINUTE_US, rows={"pending": 21, "dead": 9, "unknown": 4},
                oldest_due_us=now_us - 9 * MINUTE_US, attempts={"sent": 40, "retry": 33, "dead": 9},
            ),
            DestinationCard("slack", "slack", "open", attempts={"sent": 12}),
        ]  # fmt: skip
        return [
            msgspec.structs.replace(card, status="paused", reason=f"by {self.paused[card.id]}")
            if card.id in self.paused
            else card
            for card in cards
        ]

    def act(self, act: Act, asked: Filter, actor: str) -> None:
        self.acts.append((act, asked, actor))

    def steer(self, act: DestinationAct, name: str, actor: str) -> None:
        if act == "pause":
            self.paused[name] = actor
        else:
            self.paused.pop(name, None)


_STATES: tuple[State, ...] = ("pending", "dead", "unknown", "leased")


def _row(now_us: int, at: int) -> RowCard:
    state: State = _STATES[0 if at % 3 else 1 + at % 2 if at % 5 else 0]
    attempts = tuple(
        AttemptCard(now_us - (9 - number) * MINUTE_US, 84_000, "retry", "503: try again later")
        for number in range(3 if state != "pending" else at % 3)
    )
    return RowCard(
        key=f"8b1f2f2e-{at:04d}-5000-8000-000000000001", kind="message" if at % 2 else "webhook",
        destination="shop-hook" if at % 2 else "crm-with-a-long-name-eu", person="p_" + "a" * 26,
        state=state, purpose="marketing_email", due_us=now_us - at * MINUTE_US,
        next_us=now_us + at * MINUTE_US, attempt=len(attempts),
        reason="503: try again later" if attempts else "",
        settled_us=now_us - at * MINUTE_US if state in ("dead", "unknown") else 0,
        journey="cart-abandoned", step="mail", channel="email" if at % 2 else "",
        attempts=attempts, request='{"email": "a•••@example.com"}' if attempts else "",
        response="<html>Service Unavailable</html>" if attempts else "",
    )  # fmt: skip


def _holds(asked: Filter, row: RowCard) -> bool:
    return (
        (not asked.keys or row.key in asked.keys)
        and (not asked.destinations or row.destination in asked.destinations)
        and (not asked.state or row.state == asked.state)
        and (not asked.journey or row.journey == asked.journey)
        and (not asked.reason or asked.reason in row.reason)
    )


class SamplePost:
    def __init__(self, now_us: int, *, is_empty: bool) -> None:
        self._now_us = now_us
        self.texts = () if is_empty else ("cart", "welcome", "broken-template-with-a-long-name")
        self.sent = 0 if is_empty else 70
        self.tests: list[tuple[str, str]] = []

    def messages(self) -> Sequence[MessageCard]:
        return [self._card(name) for name in self.texts]

    def preview(self, template: str, profile: Profile | None, locale: str) -> Preview:
        if template.startswith("broken"):
            return Preview(problem="body.html: line 3: 'traits.size' is not there")
        name = "Ann" if profile is None else profile.person[:6]
        hello = f"Hallo {name}!" if locale == "de" else f"Hello {name}!"
        html = HTML.format(hello=hello)
        mail = Mail(
            "ann@example.com", "Shop <hello@shop.example>", f"Still thinking, {name}?",
            f"{hello}\nYour boots are still in the cart.\nhttps://shop.example/cart\n", html,
        )  # fmt: skip
        return Preview(mail, html_bytes=len(html))

    def send_test(self, template: str, profile: Profile | None, locale: str, to: str) -> MailTest:
        del profile, locale
        if "@" not in to:
            raise UsageError(f"'{to}' is no address")
        self.tests.append((template, to))
        return MailTest("mailbox", to, "[Test] Still thinking?", "sent")

    def mails(self, wanted: str, limit: int, older: str = "") -> Mails:
        every = [self._mail(at) for at in range(self.sent)]
        needle = wanted.lower()
        cards = [
            card for card in every if needle in f"{card.to} {card.subject} {card.journey}".lower()
        ]
        first = int(older) if older.isdecimal() else 0
        rest = str(first + limit) if first + limit < len(cards) else ""
        return Mails(tuple(cards[first : first + limit]), len(every), len(every), rest)

    def mail(self, key: str) -> MailView | None:
        card = next((one for at in range(self.sent) if (one := self._mail(at)).key == key), None)
        if card is None:
            return None
        html = HTML.format(hello="Hello")
        headers = (("From", "Shop <hello@shop.example>"), ("To", card.to),
                   ("Subject", card.subject), ("Message-ID", f"<{key}@shop.example>"),
                   ("List-Unsubscribe", "<https://shop.example/u/" + "t" * 120 + ">"))  # fmt: skip
        return MailView(card, headers, "Hello\nYour boots wait.", html, links_of(html))

    def _card(self, name: str) -> MessageCard:
        is_broken = name.startswith("broken")
        sides = Side(5_112, 1_196), Side(568, 102)
        figures = () if is_broken else (
            MessageFigures(
                "cart-abandoned", "", "mail", "email", name, "", sent=5_680, delivered=5_609,
                opened=1_893, opened_by_machine=631, clicked=405, bounced=71, unsubscribed=14,
                goals=1_136, value_micros=69_296_000_000, lift=lift(*sides),
            ),
        )  # fmt: skip
        return MessageCard(
            id=name,
            template=MessageTemplate(name, "Still thinking?", "Shop <hello@shop.example>"),
            files={"template.yaml": _YAML, "body.html": "<h1>Hello</h1>\n"},
            locales=("de",) if name == "cart" else (),
            used_by=(("cart-abandoned", "mail"),) if name == "cart" else (),
            figures=figures,
            problem="body.html: line 3: 'traits.size' is not there" if is_broken else "",
        )

    def _mail(self, at: int) -> MailCard:
        return MailCard(
            f"8b1f2f2e-{at:04d}-5000-8000-000000000001", f"jonna.{at}@example.com",
            "Still thinking?" if at % 3 else "A subject that is much longer than a list has room for, "
            "so that it has to be cut somewhere", self._now_us - at * 7 * MINUTE_US,
            "cart-abandoned" if at % 4 else "", "mail" if at % 4 else "",
        )  # fmt: skip
