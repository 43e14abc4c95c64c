"""`api.post.PostRoom` over the platform."""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.activate.tracking import TokenKey
from journeyfold.api.desks.snapshot import snapshot
from journeyfold.api.ports import Services
from journeyfold.core.event import Event, Kind
from journeyfold.project.compile import OWN_SOURCE
from journeyfold.project.model import Project
from journeyfold.project.people import profile_of
from journeyfold.project.sent import Sent, sent_in, sent_of
from journeyfold.runtime.mailing import token_key
from journeyfold.runtime.outbox import result_id
from journeyfold.runtime.platform import Platform

FOLD_S = 5.0  # a withdrawal is in force before it is confirmed, unless the fold is far behind


class Post:
    def __init__(self, platform: Platform, services: Services) -> None:
        self._platform, self._services = platform, services
        self._key = token_key(platform.keyring)

    @property
    def key(self) -> TokenKey:
        return self._key

    @property
    def project(self) -> Project:
        return self._platform.project

    def now_us(self) -> int:
        return self._platform.clock.now_us()

    def find(self, effect: str) -> Sent | None:
        with snapshot(self._platform) as look:
            found = sent_of(look.reader, effect)
        if found is not None:
            return found
        for result in ("sent", "unknown"):
            record = self._platform.log.find(OWN_SOURCE, result_id(effect, result))
            if record is not None and record.event.name == f"message.{result}":
                return sent_in(record.event)
        return None

    def granted(self, sent: Sent, purposes: Sequence[str]) -> dict[str, bool]:
        with snapshot(self._platform) as look:
            node = look.node(sent.identifier)
            person = look.resolver.person_of(node) if node else None
            profile = profile_of(look.reader, person) if person else None
            if profile is None:
                return dict.fromkeys(purposes, False)
            return {purpose: look.compiled.consents(profile, purpose) for purpose in purposes}

    async def append(self, records: Sequence[tuple[Event, Kind]], *, folded: bool = False) -> None:
        services = self._services
        entries = [services.entry_of(event, kind, 0, "") for event, kind in records]
        fates = await services.door.append(entries, [])
        if folded and fates:
            await services.wait_folded(max(fate.offset for fate in fates), FOLD_S)
