"""API keys and the audit chain as the settings screen uses them."""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.adapters.admin_audit import By
from journeyfold.api.cards import KeyCard
from journeyfold.core.errors import UsageError
from journeyfold.core.keys import KeyKind
from journeyfold.runtime.platform import Platform

_KINDS: dict[str, KeyKind] = {"pub": "pub", "srv": "srv"}


class Keys:
    """`api.desk.KeyDesk`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def cards(self) -> Sequence[KeyCard]:
        now_us = self._platform.clock.now_us()
        return [
            KeyCard(
                id=key.id, prefix=f"jf_{key.kind}_{key.env}_{key.id}", kind=key.kind,
                source=key.source, created_us=key.created_us, used_us=key.last_used_us,
                revoked_us=key.revoked_us,
                expired_us=key.expires_us if key.expires_us <= now_us else 0,
            )
            for key in self._platform.admin.keys.keys()  # noqa: SIM118 - a store, no dict
        ]  # fmt: skip

    def create(self, kind: str, source: str, actor: str) -> str:
        known = self._platform.project.sources.get(source)
        if known is None or kind not in _KINDS:
            raise UsageError(f"there is no source {source}, or no kind of key {kind}")
        env = "live" if known.env == "live" else "dev"
        _, text = self._platform.admin.keys.create_key(_KINDS[kind], source, env, self._by(actor))
        return text

    def revoke(self, key_id: str, actor: str) -> bool:
        if self._platform.admin.keys.find_key(key_id) is None:
            return False
        self._platform.admin.keys.revoke_key(key_id, self._by(actor))
        return True

    def audit(self, actor: str, act: str, subject: str, reason: str = "") -> None:
        self._platform.admin.audit.add(self._by(actor), act, subject, after=reason)

    def _by(self, actor: str) -> By:
        return By(actor, "admin", self._platform.clock.now_us())
