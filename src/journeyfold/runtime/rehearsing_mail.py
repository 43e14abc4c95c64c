"""Messages from the command line: as a person would get one, a test to an address, mail that came
back (journeys 6, A14).
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from journeyfold.activate.bounce import reports_in
from journeyfold.activate.destination import Destined, Mail, Parcel, Tools
from journeyfold.activate.destinations.mailbox import MAILBOX
from journeyfold.activate.mail import address
from journeyfold.activate.reach import Reach
from journeyfold.activate.tracking import dashed
from journeyfold.adapters.outgoing import Outgoing
from journeyfold.core.chance import draw_64
from journeyfold.core.effect import effect_id
from journeyfold.core.errors import UsageError
from journeyfold.core.ports import Entry
from journeyfold.decide.template import TemplateError
from journeyfold.identity.normalise import node_of, normalised
from journeyfold.project.compile import OWN_SOURCE
from journeyfold.project.hearing import heard
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.reports import MailHeard, MailTest
from journeyfold.project.sent import sent_in, sent_of
from journeyfold.project.substitute import substitute
from journeyfold.runtime.explaining import look_at
from journeyfold.runtime.mailing import letters_of, token_key
from journeyfold.runtime.outbox import result_id
from journeyfold.runtime.workspace import Workspace

CHANNEL = "email"


def previewed(workspace: Workspace, template: str, who: str) -> Mail:
    """As this person would get it now. UsageError with what is wrong and where."""
    letters = letters_of(workspace.keyring, workspace.place)
    with look_at(workspace, None) as look:
        _require(look.compiled.project, template)
        profile = look.profile(who)
        try:
            return letters.previewed(look.compiled, profile, template, look.now_us)
        except (TemplateError, ValueError) as error:
            raise UsageError(f"templates/{template}: {error}") from error


def sent_to(workspace: Workspace, template: str, who: str, to: str, destination: str) -> MailTest:
    """One message, over a real destination, that counts for nobody."""
    mail = previewed(workspace, template, who)
    return delivered_test(workspace, workspace.project_in_force(), mail, to, destination)


def delivered_test(
    workspace: Workspace, project: Project, mail: Mail, to: str, destination: str
) -> MailTest:
    """A message that is written already, to an address."""
    name, destined = _destination(project, destination)
    now_us = workspace.clock.now_us()
    key = dashed(effect_id(f"test/{mail.subject}/{to}/{now_us}"))
    try:
        mail = msgspec.structs.replace(mail, to=address(to), subject=f"[Test] {mail.subject}")
    except ValueError as error:
        raise UsageError(f"--to: {error}") from error
    opened = destined.open(_tools(workspace, project, name))
    try:
        (outcome,) = opened.deliver([Parcel(key, "message", "", now_us, {}, mail)])
    finally:
        opened.close()
    return MailTest(name, mail.to, mail.subject, outcome.status, outcome.reason)


def hear_returned(workspace: Workspace, raw: bytes) -> MailHeard:
    """What a mail that came back says of messages of ours, written down."""
    reports = reports_in(raw, token_key(workspace.keyring))
    project, now_us = workspace.project_in_force(), workspace.clock.now_us()
    told: list[str] = []
    entries: list[Entry] = []
    for report in reports:
        state = workspace.read_state()
        try:
            with state.read() as reader:
                sent = sent_of(reader, report.effect)
        finally:
            state.close()
        record = workspace.log.find(OWN_SOURCE, result_id(report.effect, "sent"))
        sent = sent or (sent_in(record.event) if record is not None else None)
        if sent is None:
            continue
        told.append(f"{report.effect} {report.what} {report.status}".rstrip())
        for event, kind in heard(report, sent, project, now_us, how="returned"):
            usable = normalised(event, project.identity)[0]
            nodes = tuple(node_of(each, workspace.node_key) for each in usable)
            entries.append(Entry(event=event, kind=kind, nodes=nodes))
    if entries:
        workspace.log.append(entries, now_us=now_us)
    return MailHeard(tuple(told))


def _require(project: Project, template: str) -> None:
    if template not in project.messages:
        hint = did_you_mean(template, project.messages) or "templates/ has none"
        raise UsageError(f"there is no message '{template}'; {hint}")


def _destination(project: Project, named: str) -> tuple[str, Destined]:
    """The one named, else the first of e-mail, else the mailbox of development."""
    carry = {name: each for name, each in project.destinations.items() if each.channel == CHANNEL}
    if named:
        if named not in carry:
            hint = did_you_mean(named, carry) or "none carries e-mail"
            raise UsageError(f"there is no destination '{named}' for e-mail; {hint}")
        return named, carry[named]
    return (min(carry), carry[min(carry)]) if carry else ("mailbox", MAILBOX)


def _tools(workspace: Workspace, project: Project, name: str) -> Tools:
    place = workspace.place
    allowed: Sequence[str] = project.settings.server.outgoing.allow

    def secret(text: str) -> str:
        return substitute(text, os.environ, lambda file: (place.directory / file).read_text())

    return Tools(
        name, Outgoing(Reach(allowed)), place.data, secret, workspace.clock.now_us,
        lambda what: draw_64("jitter", name, what),
    )  # fmt: skip
