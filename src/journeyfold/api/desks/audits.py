"""Reports of the identity audit, decisions and the past, over a platform."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeyfold.api.audit_cards import DecisionRow
from journeyfold.api.desks.people import People
from journeyfold.api.desks.snapshot import Snapshot, snapshot
from journeyfold.core.errors import Busy
from journeyfold.core.event import Identifier
from journeyfold.core.instant import rfc3339
from journeyfold.identity import decisions
from journeyfold.identity.explain import Why, node_of_person
from journeyfold.project.identity_report import IdentityReport
from journeyfold.runtime import auditing
from journeyfold.runtime.as_of import Past, past_of
from journeyfold.runtime.platform import Platform


class Audits:
    """`api.audit_cards.AuditDesk`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def latest(self) -> IdentityReport | None:
        return auditing.latest(self._platform.log)

    def of_date(self, date: str) -> IdentityReport | None:
        return auditing.of_date(self._platform.log, date)

    def now(self) -> IdentityReport:
        log, now_us = self._platform.log, self._platform.clock.now_us()
        with snapshot(self._platform) as look:
            made = auditing.make(look.reader, log, look.compiled, self._platform.node_key, now_us)
        fates = log.append(auditing.entries(made, log, now_us), now_us=now_us)
        auditing.note(log.marks, made, fates[0].offset, now_us)
        return made

    def decisions(self, since: int, limit: int) -> Sequence[DecisionRow]:
        with snapshot(self._platform) as look:
            return [_row(*each) for each in decisions.since(look.reader, since, limit)]

    def last(self, limit: int, *, by_models: bool = True) -> Sequence[DecisionRow]:
        with snapshot(self._platform) as look:
            found = decisions.last(look.reader, look.offset, limit, by_models=by_models)
            return [_row(*each) for each in found]

    def why(self, a: Identifier, b: Identifier, as_of: int) -> Why:
        with snapshot(self._platform) as look:
            nodes = [look.node(one) for one in (a, b)]
            past = self._past(look, [node for node in nodes if node is not None], as_of)
        with snapshot(past) as then:
            one, other = then.node(a), then.node(b)
            if one is None or other is None:
                return Why(same=False, note="unknown")
            return then.resolver.why(one, other)

    def past(self, person: str, as_of: int) -> People:
        node = node_of_person(person)
        with snapshot(self._platform) as look:
            return People(self._past(look, [node] if node is not None else [], as_of))

    def _past(self, look: Snapshot, nodes: Iterable[bytes], as_of: int) -> Past:
        if as_of > look.offset and as_of <= self._platform.log.head()[0]:
            raise Busy(f"record {as_of} is not folded yet; ask again in a moment")
        rules, key = look.compiled.project.identity, self._platform.node_key
        named = look.resolver.indexed(nodes)
        return past_of(self._platform.log, look.reader, rules, key, named, as_of)


def _row(offset: int, number: int, row: decisions.Decision) -> DecisionRow:
    return DecisionRow(
        offset=offset, number=number, kind=row.kind, at=rfc3339(row.at_us), event=row.event,
        actor=row.actor, rule=row.rule, project=row.project, links=tuple(row.links),
        score=row.score, before=tuple(row.before), after=tuple(row.after), undo=row.undo,
    )  # fmt: skip
