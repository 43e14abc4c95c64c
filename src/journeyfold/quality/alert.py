"""When somebody is told: one alert a rule and source, until it recovers (quality Q37). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Literal

import msgspec

from journeyfold.quality.result import Found, OpenAlert

Key = tuple[str, str, str]
"""(ruleset, rule, source)."""


class AlertMail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`destination` is one that sends mail; without it the letters lie in the mailbox."""

    to: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    destination: str = ""


class Alerts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who hears of a rule that fails. `calendar`: holidays, on which alerts are muted, not hidden.

    `webhook` names a destination of type webhook: its address, its secret, its headers.
    """

    webhook: str = ""
    mail: AlertMail | None = None
    calendar: tuple[Annotated[str, msgspec.Meta(examples=["2026-12-25"])], ...] = ()

    def __post_init__(self) -> None:
        for day in self.calendar:
            try:
                date.fromisoformat(day)
            except ValueError:
                raise ValueError(f"calendar: '{day}' is no day; write 2026-12-25") from None

    def is_muted(self, day: str) -> bool:
        return day in self.calendar


class Change(msgspec.Struct, frozen=True):
    """What to do about one rule and source; `found` is None of a rule that is gone."""

    what: Literal["alert", "unmute", "recover"]
    alert: OpenAlert
    found: Found | None


def newest(found: Iterable[Found], today: str, partial: frozenset[str]) -> dict[Key, Found]:
    """Of each rule and source the newest day that says something. Of `partial` rulesets today is
    not over, so it says nothing yet; only what is about the whole stands under it.
    """
    latest: dict[Key, Found] = {}
    for each in found:
        counts = each.n and each.status != "error"
        if not counts or (each.day >= today and each.ruleset in partial and not _of_now(each)):
            continue
        key = (each.ruleset, each.rule, each.source)
        if key not in latest or latest[key].day < each.day:
            latest[key] = each
    return latest


def _of_now(found: Found) -> bool:
    return found.dimension in {"freshness", "reconciliation"} or not found.source


def changes(
    standing: Iterable[OpenAlert], latest: dict[Key, Found], known: frozenset[tuple[str, str]],
    alerts: Alerts, now_us: int,
) -> Iterator[Change]:  # fmt: skip
    """`known` are the (ruleset, rule) of the project. A muted alert is told when the holiday is over
    and it still fails.
    """
    is_open = {(each.ruleset, each.rule, each.source): each for each in standing}
    for key, alert in is_open.items():
        found = latest.get(key)
        if key[:2] not in known:
            yield Change("recover", alert, None)
        elif found is not None and found.status != "fail":
            yield Change("recover", alert, found)
        elif found is not None and alert.muted and not alerts.is_muted(found.day):
            yield Change("unmute", msgspec.structs.replace(alert, muted=False), found)
    for key, found in latest.items():
        if found.status == "fail" and key not in is_open and key[:2] in known:
            muted = alerts.is_muted(found.day)
            yield Change("alert", OpenAlert(*key, now_us, found.day, muted), found)
