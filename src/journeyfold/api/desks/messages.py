"""Templates as somebody would get them, with their figures; and the mailbox of development."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from journeyfold.activate.destinations.mailbox import FOLDER
from journeyfold.activate.template import BODY
from journeyfold.api.desks.snapshot import Snapshot, snapshot
from journeyfold.api.mail_file import headers_of, read_mail
from journeyfold.api.post_cards import MailCard, Mails, MailView, MessageCard, Preview
from journeyfold.core.errors import UsageError
from journeyfold.core.profile import Profile, Trait
from journeyfold.decide.template import TemplateError
from journeyfold.project.figures import MessageFigures, message_figures
from journeyfold.project.letters import bodies_of, written
from journeyfold.project.model import Project
from journeyfold.project.reports import MailTest
from journeyfold.project.sent import sent_of
from journeyfold.project.standing_in import templates_of
from journeyfold.runtime.mailing import letters_of
from journeyfold.runtime.platform import Platform
from journeyfold.runtime.rehearsing_mail import delivered_test

LOOKED_MAX = 2_000  # mails whose receiver and subject are read for one search
_KEY = re.compile(r"[0-9A-Za-z-]{1,80}", re.ASCII)
_MADE_UP = {
    "email": "ann@example.com", "first_name": "Ann", "name": "Ann", "language": "", "locale": "",
}  # fmt: skip


class Messages:
    """`api.desk_act.PostDesk`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._letters = letters_of(platform.keyring, platform.place)
        self._folder = platform.place.data / FOLDER

    def messages(self) -> Sequence[MessageCard]:
        with snapshot(self._platform) as look:
            project = look.compiled.project
            figures: dict[str, list[MessageFigures]] = {}
            for each in message_figures(look.reader):
                figures.setdefault(each.template, []).append(each)
        return [_card(project, name, figures.get(name, [])) for name in sorted(project.messages)]

    def preview(self, template: str, profile: Profile | None, locale: str) -> Preview:
        with snapshot(self._platform) as look:
            person = _in_language(profile or _made_up(), locale)
            now_us = self._platform.clock.now_us()
            try:
                mail = self._letters.previewed(look.compiled, person, template, now_us)
            except (TemplateError, ValueError) as error:
                return Preview(problem=str(error))
        return Preview(mail, html_bytes=len(mail.html.encode()))

    def send_test(self, template: str, profile: Profile | None, locale: str, to: str) -> MailTest:
        preview = self.preview(template, profile, locale)
        if preview.mail is None:
            raise UsageError(preview.problem)
        return delivered_test(
            self._platform.workspace, self._platform.project, preview.mail, to, ""
        )

    def mails(self, wanted: str, limit: int, older: str = "") -> Mails:
        if not self._folder.is_dir():
            return Mails()
        files = [(file.stat().st_mtime_ns, file) for file in self._folder.glob("*.eml")]
        files.sort(reverse=True)
        behind = [each for each in files if _place(each) < older] if older else files
        needle, cards, looked = wanted.strip().lower(), list[MailCard](), 0
        with snapshot(self._platform) as look:
            for at_ns, file in behind[:LOOKED_MAX]:
                looked += 1
                card = self._mail_card(look, file.stem, file.read_bytes(), at_ns // 1_000)
                if not needle or needle in f"{card.to} {card.subject} {card.journey}".lower():
                    cards.append(card)
                if len(cards) == limit:
                    break
        rest = _place(behind[looked - 1]) if looked < len(behind) else ""
        return Mails(tuple(cards), len(files), looked, rest)

    def mail(self, key: str) -> MailView | None:
        file = self._folder / f"{key}.eml"
        if not _KEY.fullmatch(key) or not file.is_file():
            return None
        raw = file.read_bytes()
        with snapshot(self._platform) as look:
            card = self._mail_card(look, key, raw, file.stat().st_mtime_ns // 1_000)
        read = read_mail(raw)
        return MailView(card, read.headers, read.text, read.html, read.links)

    def _mail_card(self, look: Snapshot, key: str, raw: bytes, at_us: int) -> MailCard:
        to, subject = headers_of(raw)
        sent = sent_of(look.reader, key)
        if sent is None:
            return MailCard(key, to, subject, at_us)
        node = look.node(sent.identifier)
        person = look.resolver.person_of(node) if node else None
        return MailCard(key, to, subject, sent.sent_us, sent.journey, sent.step, person or "")


def _place(found: tuple[int, Path]) -> str:
    """As text in the order of the pair; a mail that comes or goes moves no other."""
    return f"{found[0]:020d}-{found[1].stem}"


def _card(project: Project, name: str, figures: Sequence[MessageFigures]) -> MessageCard:
    bodies = bodies_of(project, name)
    locales = {match[1] for file in bodies if (match := BODY.fullmatch(file)) and match[1]}
    path = project.places["message", name].file
    problem = ""
    try:
        written(project, name)
    except TemplateError as error:
        problem = str(error)
    return MessageCard(
        id=name, template=project.messages[name],
        files={"template.yaml": project.files.get(path, ""), **bodies},
        locales=tuple(sorted(locales)), used_by=tuple(_users(project, name)),
        figures=tuple(figures), problem=problem,
    )  # fmt: skip


def _users(project: Project, template: str) -> list[tuple[str, str]]:
    return [
        (name, step.id)
        for name, journey in sorted(project.journeys.items())
        for step in journey.steps
        if step.send is not None and template in templates_of(step.send)
    ]


def _made_up() -> Profile:
    traits: dict[str, Trait | list[Trait]] = {
        name: Trait(value, 1, "console", "preview") for name, value in _MADE_UP.items() if value
    }
    return Profile(person="p_preview", traits=traits)


def _in_language(profile: Profile, locale: str) -> Profile:
    if not locale:
        return profile
    said = Trait(locale, 1, "console", "preview")
    return msgspec.structs.replace(profile, traits={**profile.traits, "locale": said})
