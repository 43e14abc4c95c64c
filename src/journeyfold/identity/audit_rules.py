"""`audit:` of identity.yaml: when who is who is looked over (identity X4)."""

from __future__ import annotations

import msgspec

from journeyfold.core.cron import read_cron

WEEKLY = "0 4 * * MON"


class AuditRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`schedule` is a crontab(5) in the project's zone; null: on demand only."""

    schedule: str | None = WEEKLY

    def __post_init__(self) -> None:
        if self.schedule is not None:
            read_cron(self.schedule)
