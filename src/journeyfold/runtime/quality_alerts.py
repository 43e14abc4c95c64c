"""Alerts: a record in the log, then whoever is to hear of it (quality Q37).

The row of the store comes first and the record's id is made of it, so an alert that a crash
interrupts is said afterwards, and once. What is to be delivered is a row of the store until it has arrived or is given up, by
the schedule of webhooks; the other side knows it by the record's id at every attempt.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from journeyfold.activate.again import next_us
from journeyfold.activate.destination import Destination, Destined, Outcome, Parcel, Tools
from journeyfold.activate.destinations.mailbox import MAILBOX
from journeyfold.activate.reach import Reach
from journeyfold.adapters.outgoing import Outgoing
from journeyfold.adapters.quality_store import QualityStore, Sending
from journeyfold.core.chance import draw_64
from journeyfold.core.effect import effect_id
from journeyfold.core.errors import JourneyfoldError
from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US, rfc3339
from journeyfold.project.model import Project
from journeyfold.project.quality import PROFILES
from journeyfold.project.substitute import substitute
from journeyfold.quality.alert import Change, Key, changes, newest
from journeyfold.quality.result import Found, OpenAlert
from journeyfold.runtime.outbox import SYSTEM
from journeyfold.runtime.quality_letter import letter
from journeyfold.runtime.results import record_of_nobody
from journeyfold.runtime.workspace import Workspace

ALERT, RECOVERED = "quality.alert", "quality.recovered"
LOOK_BACK_US = 28 * DAY_US
SENDER = "journeyfold <journeyfold@localhost>"
_STALE = frozenset({"dead", "disabled", "paused"})


class Alerting:
    """`judge` after a run, `deliver` whenever something may be due."""

    def __init__(
        self, workspace: Workspace, store: QualityStore, report: Callable[[str], None]
    ) -> None:
        self._workspace, self._store, self._report = workspace, store, report
        self._http: Outgoing | None = None

    def judge_stored(self, project: Project) -> int:
        """By what the store holds of the last four weeks: enough to know how a rule stands."""
        since_us = max(0, self._workspace.clock.now_us() - LOOK_BACK_US)
        return self.judge(project, self._store.results(since=rfc3339(since_us)[:10]))

    def judge(self, project: Project, found: Iterable[Found]) -> int:
        """How many alerts were opened or closed."""
        now_us = self._workspace.clock.now_us()
        known = frozenset(
            (path, rule.id) for path, each in project.quality.items() for rule in each.rules
        )
        partial = frozenset(
            path
            for path, each in project.quality.items()
            if each.dataset != PROFILES and each.dataset not in each.tables
        )
        latest = newest(found, rfc3339(now_us)[:10], partial)
        alerts = project.settings.alerts
        standing = self._store.alerts()
        done = [self._unsaid(alert, latest) for alert in standing if not self._is_said(alert)]
        done += changes(standing, latest, known, alerts, now_us)
        for change in done:
            self._follow(project, change, now_us)
        return len(done)

    def _is_said(self, alert: OpenAlert) -> bool:
        return self._workspace.log.find(SYSTEM, _id(Change("alert", alert, None))) is not None

    def _unsaid(self, alert: OpenAlert, latest: dict[Key, Found]) -> Change:
        return Change("alert", alert, latest.get((alert.ruleset, alert.rule, alert.source)))

    def _follow(self, project: Project, change: Change, now_us: int) -> None:
        alert, found = change.alert, change.found
        if change.what != "recover":
            self._store.open_alert(alert)
        if change.what != "unmute":
            name = ALERT if change.what == "alert" else RECOVERED
            said = _said(project, change)
            entry = record_of_nobody(name, _id(change), said, now_us)
            self._workspace.log.append([entry], now_us=now_us)
        if not alert.muted:
            self._queue(project, change, now_us)
        if change.what == "recover":
            self._store.close_alert(alert)
        where = f"{alert.rule} of {alert.source or alert.ruleset}"
        status = "recovered" if change.what == "recover" else "fails"
        muted = " (muted: a holiday)" if alert.muted else ""
        self._report(
            f"quality: {where} {status}{muted}{f': {found.detail}' if found and found.detail else ''}"
        )

    def _queue(self, project: Project, change: Change, now_us: int) -> None:
        alerts, key = project.settings.alerts, _id(change)
        said = _said(project, change)
        said["event"] = RECOVERED if change.what == "recover" else ALERT
        if alerts.webhook:
            self._store.queue(Sending(f"{key}-w", alerts.webhook, "webhook", now_us, said))
        if alerts.mail is not None:
            for at, to in enumerate(alerts.mail.to):  # a letter each: an envelope has one address
                one = f"{key}-m{at or ''}"
                addressed: dict[str, Json] = {**said, "to": to}
                self._store.queue(Sending(one, alerts.mail.destination, "mail", now_us, addressed))

    def deliver(self, project: Project) -> None:
        """What is due; an alert is given up after the attempts of webhooks, and says so."""
        now_us = self._workspace.clock.now_us()
        for sending in self._store.due(now_us):
            outcome = self._tried(project, sending, now_us)
            attempt = sending.attempt + 1
            again = next_us(
                "webhook", sending.key, attempt, first_us=sending.at_us, now_us=now_us,
                after_us=outcome.after_us,
            )  # fmt: skip
            if outcome.status == "sent":
                self._store.sent(sending.key)
            elif outcome.status in _STALE or again is None:
                self._report(f"quality: an alert could not be delivered: {outcome.reason}")
                self._store.sent(sending.key)
            else:
                self._store.again(sending.key, attempt, again)

    def _tried(self, project: Project, sending: Sending, now_us: int) -> Outcome:
        destined = project.destinations.get(sending.destination)
        if destined is None and sending.channel == "mail" and not sending.destination:
            destined = MAILBOX
        if destined is None:
            return Outcome("dead", f"there is no destination '{sending.destination}'")
        try:
            opened = self._open(project, sending.destination, destined)
        except JourneyfoldError as error:
            return Outcome("retry", str(error))
        try:
            (outcome,) = opened.deliver([_parcel(project, sending, now_us)])
            return outcome
        finally:
            opened.close()

    def _open(self, project: Project, name: str, destined: Destined) -> Destination:
        if self._http is None:
            self._http = Outgoing(Reach(project.settings.server.outgoing.allow))
        place = self._workspace.place

        def secret(text: str) -> str:
            return substitute(text, os.environ, lambda file: (place.directory / file).read_text())

        return destined.open(
            Tools(
                name, self._http, place.data, secret, self._workspace.clock.now_us,
                lambda what: draw_64("jitter", name, what), place.directory,
            )
        )  # fmt: skip

    def close(self) -> None:
        if self._http is not None:
            self._http.close()


def _id(change: Change) -> str:
    """The same for the same alert, whenever it is said."""
    alert = change.alert
    return effect_id(
        f"quality/{change.what}/{alert.ruleset}/{alert.rule}/{alert.source}/{alert.since_us}"
    )


def _said(project: Project, change: Change) -> dict[str, Json]:
    alert, found = change.alert, change.found
    ruleset = project.quality.get(alert.ruleset)
    rules = ruleset.rules if ruleset is not None else ()
    rule = next((each for each in rules if each.id == alert.rule), None)
    said: dict[str, Json] = {
        "dataset": ruleset.dataset if ruleset is not None else "", "ruleset": alert.ruleset,
        "rule": alert.rule, "source": alert.source, "since": rfc3339(alert.since_us),
        "muted": alert.muted,
    }  # fmt: skip
    if rule is not None:
        said |= {"severity": rule.severity, "owner": rule.owner, "dimension": rule.dimension}
    if found is not None:
        said |= {
            "day": found.day, "status": found.status, "n": found.n, "bad": found.bad,
            "value": float(found.value) if found.value is not None else None,
            "detail": found.detail,
        }  # fmt: skip
    return said


def _parcel(project: Project, sending: Sending, now_us: int) -> Parcel:
    if sending.channel == "webhook":
        return Parcel(
            sending.key, "event", "", sending.at_us, sending.said, attempt=sending.attempt + 1
        )
    said = dict(sending.said)
    to, sender = str(said.pop("to", "")), project.settings.email.sender or SENDER
    what = "recovered" if said["event"] == RECOVERED else "fails"
    return Parcel(sending.key, "message", "", now_us, mail=letter(project, said, to, sender, what))
