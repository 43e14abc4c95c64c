"""The report of an identity audit: what somebody who must vouch for it looks at (identity X4, X5).

A pure reading of the committed state and of the log; the same state gives the same report.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from journeyfold.core.instant import rfc3339
from journeyfold.core.ports import EventLog, StateReader
from journeyfold.identity import review
from journeyfold.identity.audit import Audit, audit
from journeyfold.identity.churn import Churn, Since, churn, since
from journeyfold.identity.evidence import Link
from journeyfold.identity.graph import Graph
from journeyfold.identity.marks import Marks
from journeyfold.identity.normalise import person_id
from journeyfold.identity.resolve import Resolver
from journeyfold.identity.rules import IdentityRules
from journeyfold.identity.sample import Estimate, Sample
from journeyfold.identity.scoring import agreement_of
from journeyfold.project.disagreeing import Disagreements, disagreements
from journeyfold.project.standing import standing

OLD_REVIEW_DAYS = 14
REVIEWS_COMPARED = 10_000
_FORGOTTEN = 2_000


class Queue(msgspec.Struct, frozen=True):
    """Pairs that wait for somebody; `oldest_days` 0 where none does. `kappa` is Cohen's, of the
    first two who judged the same pair, None below two such pairs.
    """

    open: int
    unlisted: int
    oldest_days: float
    kappa: float | None


class Alert(msgspec.Struct, frozen=True):
    """`name` is for machines, `text` one sentence with what to do."""

    name: str
    text: str


class IdentityReport(msgspec.Struct, frozen=True):
    """`offset` is of the last record the state holds; `since` compares with the report before."""

    date: str
    offset: int
    at: str
    project: str
    audit: Audit
    churn: Churn
    since: Since | None
    disagreements: Disagreements
    sample: Estimate
    to_judge: tuple[tuple[str, str, str], ...]  # people at both ends by themselves, stratum
    queue: Queue
    alerts: tuple[Alert, ...] = ()


def report(
    reader: StateReader, log: EventLog, resolver: Resolver, version: str, now_us: int, last: int
) -> IdentityReport:
    """`last` is the offset that the report before was made at, -1 without one."""
    rules = resolver.rules
    sample, several = _walked(reader, rules)
    marks = Marks(Graph(reader).marks())
    said = _verdicts(reader, marks)
    unjudged = tuple(
        (person_id(link.a), person_id(link.b), name)
        for name, links in sample.drawn().items()
        for link in links
        if _pair(link) not in said
    )
    made = IdentityReport(
        date=rfc3339(now_us)[:10], offset=standing(reader).offset, at=rfc3339(now_us),
        project=version, audit=audit(reader, rules), churn=churn(reader, now_us),
        since=since(reader, last) if last >= 0 else None,
        disagreements=disagreements(several, log, resolver),
        sample=sample.estimate(lambda link: said.get(_pair(link))),
        to_judge=unjudged, queue=_queue(reader, now_us),
    )  # fmt: skip
    return msgspec.structs.replace(made, alerts=tuple(alerts(made)))


def alerts(made: IdentityReport) -> Iterator[Alert]:
    """What somebody should look at now."""
    if made.audit.conflicts:
        yield Alert(
            "limit_conflicts",
            f"{_count(len(made.audit.conflicts), 'person has', 'people have')} more values of a "
            "kind than its limit; this must never be: run `journeyfold identity verify` and report "
            "it",
        )
    for name, days in (("merges", made.churn.merges), ("splits", made.churn.splits)):
        if days.unusual:
            yield Alert(
                f"unusual_{name}",
                f"{days.counts[-1]} {name} in the last day, which is unlike the days before "
                f"(z {days.z:.1f}); look at what came in and at new verdicts",
            )
    if made.audit.bridges:
        yield Alert(
            "bridges",
            f"{_count(made.audit.bridges, 'link alone holds', 'links alone hold')} two accounts "
            "together; look at them, and part those who are two people",
        )
    if made.disagreements.found:
        yield Alert(
            "disagreements",
            f"{_count(len(made.disagreements.found), 'person contradicts', 'people contradict')} "
            "what is known of them in birth date, sex or country; a link may be wrong",
        )
    if made.queue.oldest_days > OLD_REVIEW_DAYS:
        yield Alert(
            "old_reviews",
            f"a pair has waited for {made.queue.oldest_days:.0f} days; open the review queue",
        )


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _walked(reader: StateReader, rules: IdentityRules) -> tuple[Sample, dict[str, list[bytes]]]:
    """Every accepted link for the sample, and people of two accounts or contacts and more."""
    sample, several = Sample(), dict[str, list[bytes]]()
    graph = Graph(reader)
    devices = rules.devices
    for seen, (_, row) in enumerate(graph.components()):
        if seen % _FORGOTTEN == 0:
            graph = Graph(reader)
        refused = {id_ for id_, _ in row.suppressed}
        for id_ in row.links:
            if id_ not in refused:
                sample.add(graph.stored(id_))
        people: dict[bytes, list[bytes]] = {}
        for node in row.nodes:
            people.setdefault(row.anchor_of(node), []).append(node)
        for anchor, nodes in people.items():
            known = sum(graph.named(node).kind not in devices for node in nodes)
            if known > 1:
                several[person_id(anchor)] = nodes
    return sample, several


def _verdicts(reader: StateReader, marks: Marks) -> dict[tuple[bytes, bytes], bool]:
    """What people have said of pairs, in the queue or outside it, and not taken back."""
    said = {(mark.a, mark.b): False for mark in marks.living_cannot()}
    for link in Graph(reader).links():
        if link.method == "review" and not marks.kills(link):
            said[link.a, link.b] = True
    return said


def _pair(link: Link) -> tuple[bytes, bytes]:
    return link.a, link.b


def _queue(reader: StateReader, now_us: int) -> Queue:
    tally = review.tally(reader)
    oldest = min((row.proposed_us for _, row in review.open_reviews(reader)), default=now_us)
    twice = [
        (row.said[0].answer, row.said[1].answer)
        for row in review.decided_reviews(reader, REVIEWS_COMPARED)
        if len(row.said) > 1
    ]
    return Queue(tally.open, tally.unlisted, (now_us - oldest) / 86_400e6, agreement_of(twice))
