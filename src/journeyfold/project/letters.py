"""Messages of a project for one person: rendered, with their links, headers and way back.

A template is compiled once for each version of the project. What a person gets depends on the
committed profile, the definitions in force and an instant (journeys E55), so a message that is
written twice is the same message. Nothing is tracked without consent to `analytics` (A13).
"""

from __future__ import annotations

from typing import NamedTuple

from journeyfold.activate.compose import Composed, Written
from journeyfold.activate.destination import Mail
from journeyfold.activate.mail import address, domain_of
from journeyfold.activate.mjml import MarkupError
from journeyfold.activate.tracking import TokenKey, tracked, untracked
from journeyfold.core.effect import Deliver
from journeyfold.core.event import Json
from journeyfold.core.profile import Profile
from journeyfold.decide.template import TemplateError
from journeyfold.profile.contact import address_digest
from journeyfold.project.compile import Compiled
from journeyfold.project.journeying import ADDRESS
from journeyfold.project.model import Project
from journeyfold.project.standing_in import stands_for_vars

TRACKING = "analytics"  # the purpose under which openings and clicks are seen


class Letter(NamedTuple):
    """`told` is what the record of the sending says beside where it came from."""

    mail: Mail
    told: dict[str, Json]


class Letters:
    """Of one place: its key for tokens and the address its links lead to. Used from any thread."""

    def __init__(self, key: TokenKey, local_url: str) -> None:
        self._key, self._local_url = key, local_url
        self._written: dict[str, Written] = {}
        self._hash = ""

    def base(self, project: Project) -> str:
        return project.settings.server.public_url or self._local_url

    def write(
        self, compiled: Compiled, profile: Profile, deliver: Deliver, template: str, now_us: int
    ) -> Letter:
        """Raises TemplateError or ValueError for a message that cannot be written."""
        project, payload = compiled.project, deliver.payload
        channel = str(payload["channel"])
        page = f"{self.base(project)}/u/{self._key.token('u', deliver.key)}"
        values = self._values(compiled, profile, template, now_us)
        values |= {"vars": payload["vars"], "unsubscribe_url": page}
        composed = self.written(project, template).composed(values, str(values["locale"]), now_us)
        to = str(compiled.traits(profile).get(ADDRESS[channel]) or "")
        told: dict[str, Json] = {
            "template": template, "purpose": deliver.purpose, "address": address_digest(to),
        }  # fmt: skip
        if channel != "email":
            return Letter(Mail(to, "", composed.subject, composed.text), told)
        html = untracked(composed.html)
        if html and compiled.consents(profile, TRACKING):
            found = tracked(
                composed.html, effect=deliver.key, base=self.base(project), key=self._key,
                alone=page,
            )  # fmt: skip
            links: list[Json] = [*found.links]
            html, told["links"] = found.html, links
        mail = Mail(
            address(to), _sender(project, composed), composed.subject, composed.text, html,
            composed.reply_to, self._headers(project, deliver, composed, page),
            self._return_path(project, deliver),
        )  # fmt: skip
        return Letter(mail, told)

    def previewed(
        self, compiled: Compiled, profile: Profile, template: str, now_us: int, given: Json = None
    ) -> Mail:
        """As this person would get it now, with nothing that counts; `given` stands for `vars`, else
        their names do.
        """
        project = compiled.project
        values = self._values(compiled, profile, template, now_us)
        page = f"{self.base(project)}/u/preview"
        known = given if isinstance(given, dict) else stands_for_vars(project, template)
        values |= {"vars": known, "unsubscribe_url": page}
        composed = self.written(project, template).composed(values, str(values["locale"]), now_us)
        to = compiled.traits(profile).get(ADDRESS["email"])
        sender = composed.sender or project.settings.email.sender
        return Mail(
            str(to or ""), sender, composed.subject, composed.text, untracked(composed.html),
            composed.reply_to,
        )  # fmt: skip

    def written(self, project: Project, template: str) -> Written:
        """Compiled at its first use under a version of the project; TemplateError if it is gone."""
        if project.hash != self._hash:
            self._written, self._hash = {}, project.hash
        found = self._written.get(template)
        if found is None:
            found = self._written[template] = written(project, template)
        return found

    def _values(
        self, compiled: Compiled, profile: Profile, template: str, now_us: int
    ) -> dict[str, object]:
        project, traits = compiled.project, compiled.traits(profile)
        locale = traits.get("locale") or traits.get("language")
        reads_features = self.written(project, template).reads_features
        return {
            "traits": traits,
            "features": compiled.feature_values(profile, now_us) if reads_features else {},
            "locale": locale if isinstance(locale, str) else project.settings.locale,
        }

    def _headers(
        self, project: Project, deliver: Deliver, composed: Composed, page: str
    ) -> dict[str, str]:
        """Of marketing: two ways to unsubscribe, one of them with one click (RFC 8058)."""
        if deliver.payload.get("class") != "marketing":
            return {}
        bounces = project.settings.email.bounces
        to = (
            self._key.unsubscribe_address(deliver.key, bounces)
            if bounces
            else address(_plain(composed.reply_to or _sender(project, composed)))
        )
        return {
            "List-Unsubscribe": f"<{page}>, <mailto:{to}?subject=unsubscribe>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    def _return_path(self, project: Project, deliver: Deliver) -> str:
        bounces = project.settings.email.bounces
        return self._key.return_path(deliver.key, bounces) if bounces else ""


def written(project: Project, template: str) -> Written:
    """Raises TemplateError with what is wrong, by file and line."""
    found = project.messages.get(template)
    if found is None:
        raise TemplateError(f"there is no template '{template}' any more")
    try:
        return Written(found, bodies_of(project, template))
    except MarkupError as error:
        raise TemplateError(f"body: {error}") from error


def bodies_of(project: Project, template: str) -> dict[str, str]:
    """The bodies beside a `template.yaml`, by file name."""
    prefix = f"{template}/"
    return {
        path.removeprefix(prefix): text
        for path, text in project.bodies.items()
        if path.startswith(prefix)
    }


def _sender(project: Project, composed: Composed) -> str:
    sender = composed.sender or project.settings.email.sender
    if not domain_of(sender):
        raise TemplateError("the message has no `from`, and journeyfold.yaml no `email.from`")
    return sender


def _plain(sender: str) -> str:
    return sender.rpartition("<")[2].rstrip("> ")
