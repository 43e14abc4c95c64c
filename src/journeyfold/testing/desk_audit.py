"""A sample report of the identity audit, as the screen sees it; a new one is kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from journeyfold.api.audit_cards import DecisionRow
from journeyfold.core.event import Identifier
from journeyfold.core.instant import HOUR_US, rfc3339
from journeyfold.identity.audit import Audit, Bridge, Hub
from journeyfold.identity.churn import Churn, Days, Since
from journeyfold.identity.explain import Why
from journeyfold.identity.sample import Stratum, estimated
from journeyfold.project.disagreeing import Disagreement, Disagreements
from journeyfold.project.identity_report import IdentityReport, Queue, alerts

if TYPE_CHECKING:
    from journeyfold.api.desk import PeopleDesk

_MERGES = (4, 6, 5, 3, 8, 7, 5, 4, 6, 6, 5, 9, 4, 3, 6, 7, 5, 4, 6, 8, 5, 6, 4, 7, 5, 6, 3, 5, 61)


class SampleAudits:
    def __init__(self, now_us: int, people: Sequence[str], desk: PeopleDesk) -> None:
        self._now_us, self._people, self._desk = now_us, people, desk
        self._report = _sample(now_us, people) if people else None
        self.made = 0

    def latest(self) -> IdentityReport | None:
        return self._report

    def of_date(self, date: str) -> IdentityReport | None:
        return self._report if self._report and self._report.date == date else None

    def now(self) -> IdentityReport:
        self.made += 1
        self._report = _sample(self._now_us, self._people)
        return self._report

    def decisions(self, since: int, limit: int) -> Sequence[DecisionRow]:
        rows = [row for row in reversed(self.last(100)) if row.offset >= since]
        return rows[: limit or None]

    def last(self, limit: int, *, by_models: bool = True) -> Sequence[DecisionRow]:
        rows = [_row(self._now_us, at, self._people) for at in range(min(limit, len(self._people)))]
        return [row for row in rows if by_models or row.actor != "_linkage"]

    def why(self, a: Identifier, b: Identifier, as_of: int) -> Why:
        return Why(same=False, note=f"no evidence of {a.kind} and {b.kind} at {as_of}")

    def past(self, person: str, as_of: int) -> PeopleDesk:
        del person, as_of
        return self._desk


def _sample(now_us: int, people: Sequence[str]) -> IdentityReport:
    quiet = Days((1,) * 29, 0.0, unusual=False)
    made = IdentityReport(
        date=rfc3339(now_us)[:10], offset=10_421, at=rfc3339(now_us), project="3f0c9a51d2be",
        audit=Audit(
            people=1_840, identifiers=4_102, links=2_262,
            sizes={"1": 602, "2": 640, "3": 402, "4": 120, "5": 71, "10": 5}, size_p99=6,
            size_max=14, largest=people[0], density=0.81, conflicts=(), bridges=1,
            bridged=(Bridge(people[1 % len(people)], "aa" * 16, "alias", "shop_server", 812),),
            on_one_link=3, hubs=1, top_hubs=(Hub("anonymous_id", "k…", 212),),
            suppressed={"cannot_link": 2, "limit user_id 2>1": 38, "hub user_id>50": 212},
        ),
        churn=Churn(Days(_MERGES, 18.9, unusual=True), quiet, Days(_MERGES, 1.2, unusual=False), 4),
        since=Since(9_002, 1_790, 42, 3, 1_745, 0.983),
        disagreements=Disagreements(312, 312, (Disagreement(people[-1], "birth date", 2),)),
        sample=estimated([
            Stratum("event", 2_060, 50, 20, 20), Stratum("linkage 0.95", 180, 50, 30, 27),
            Stratum("review", 22, 22, 22, 22),
        ]),
        to_judge=tuple((people[at % len(people)], people[0], "event") for at in range(5)),
        queue=Queue(12, 0, 17.2, 0.81),
    )  # fmt: skip
    return msgspec.structs.replace(made, alerts=tuple(alerts(made)))


def _row(now_us: int, at: int, people: Sequence[str]) -> DecisionRow:
    told = (("merge", "event"), ("suppress", "limit user_id 2>1"), ("link", "linkage.proposed"))
    kind, rule = told[at % 3]
    return DecisionRow(
        offset=10_400 - at, number=0, kind=kind, at=rfc3339(now_us - at * HOUR_US),  # type: ignore[arg-type]  # one of its words
        event=f"e{at}", actor="_linkage" if kind == "link" else "shop_server", rule=rule,
        project="3f0c9a51d2be", links=("ab" * 16,), score=0.971 if kind == "link" else None,
        before=(people[at],), after=(people[at],), undo=f"retract {'ab' * 16}",
    )  # fmt: skip
