"""The whole desk over a platform, and the services of the JSON API beside it."""

from __future__ import annotations

from journeyfold.api.cards import Health
from journeyfold.api.desks.audits import Audits
from journeyfold.api.desks.intake import Log, QuarantineRoom
from journeyfold.api.desks.journeys import Journeys
from journeyfold.api.desks.keys import Keys
from journeyfold.api.desks.messages import Messages
from journeyfold.api.desks.outbox import OutboxRoom
from journeyfold.api.desks.outbox_acts import OutboxActs
from journeyfold.api.desks.people import People
from journeyfold.api.desks.project import Projects
from journeyfold.api.desks.quality import Quality
from journeyfold.api.desks.reviews import Reviews
from journeyfold.api.desks.schemas import Schemas
from journeyfold.api.desks.segments import Segments
from journeyfold.api.desks.situation import LiveDecisions
from journeyfold.api.desks.snapshot import snapshot
from journeyfold.api.hub import Hub
from journeyfold.api.ports import EntryOf, Services
from journeyfold.core.event import Event, Identifier, Kind
from journeyfold.core.instant import DAY_US, duration_us
from journeyfold.core.ports import Clock, Entry
from journeyfold.decide.reservations import Reservations
from journeyfold.identity.explain import Why
from journeyfold.project.cleaned import Tally, misses, tallies
from journeyfold.project.reports import SyncRow
from journeyfold.project.taxonomies import Missed, reviewed
from journeyfold.runtime.gates import node_reader
from journeyfold.runtime.platform import Platform
from journeyfold.runtime.sync_desk import rows_of
from journeyfold.runtime.worker import Push

_MINUTE_US = 60_000_000


class PlatformDesk:
    """`api.desk.Desk`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.clock: Clock = platform.clock
        self.log = Log(platform)
        self.quarantine = QuarantineRoom(platform)
        self.people = People(platform)
        self.audits = Audits(platform)
        self.reviews = Reviews(platform)
        self.segments = Segments(platform, self.people)
        self.journeys = Journeys(platform, self.people)
        self.outbox = OutboxActs(platform)
        self.post = Messages(platform)
        self.quality = Quality(platform)
        self.project = Projects(platform)
        self.schemas = Schemas(platform)
        self.keys = Keys(platform)

    def health(self) -> Health:
        platform = self._platform
        since = (platform.clock.now_us() - DAY_US) // _MINUTE_US
        decided = [row for row in platform.log.marks.tallies(since) if row.source == "_decide"]
        state = platform.place.data / "state.lmdb" / "data.mdb"
        with snapshot(platform) as look:
            parked = sum(1 for _ in look.reader.scan("parked"))
        return Health(
            ingest_p95_us=platform.telemetry.quantile_us("ingest_seconds", 0.95),
            decide_p99_us=platform.telemetry.quantile_us("decision_seconds", 0.99),
            decisions_day=sum(row.appended for row in decided),
            log_bytes=platform.place.log.stat().st_size,
            state_bytes=state.stat().st_size if state.exists() else None,
            parked=parked,
        )


def services_of(platform: Platform, desk: PlatformDesk) -> Services:
    """Everything `api.app` needs."""
    return Services(
        door=platform.door,
        desk=desk,
        log=platform.log,
        decisions=LiveDecisions(platform),
        entry_of=_entry_of(platform),
        receipt_key=platform.keyring.derive("link"),
        wait_folded=platform.wait_folded,
        node_of=lambda claim: _node_of(platform, claim),
        why=lambda a, b: _why(platform, a, b),
        purposes=lambda: frozenset(platform.project.settings.privacy.known),
        hub=Hub(),
        reservations=Reservations(),
        outbox=OutboxRoom(platform),
        journeys=lambda: platform.project.journeys,
        syncs=lambda: _syncs(platform),
        cleaned=lambda: _cleaned(platform),
        misses=lambda: _misses(platform),
    )


def publish(platform: Platform, hub: Hub, push: Push) -> None:
    """A trigger from the fold, on to the pages of that person (decisions W4)."""
    compiled = platform.compiled
    placement = compiled.project.placements.get(push.placement) if compiled else None
    if placement is None:
        return
    with snapshot(platform) as look:
        nodes = look.resolver.nodes_of(push.person)
    hub.publish(
        nodes, push.placement, push.entered_us,
        now_us=platform.clock.now_us(), max_age_us=duration_us(placement.max_age) or 0,
    )  # fmt: skip


def _entry_of(platform: Platform) -> EntryOf:
    """The reader of nodes remembers them, so one serves until the rules change."""
    rules = platform.project.identity
    nodes_of = node_reader(rules, platform.node_key)

    def entry(event: Event, kind: Kind, fingerprint: int, key_id: str) -> Entry:
        nonlocal rules, nodes_of
        if platform.project.identity is not rules:
            rules = platform.project.identity
            nodes_of = node_reader(rules, platform.node_key)
        return Entry(event, kind, fingerprint, nodes_of(event)[0], key_id)

    return entry


def _node_of(platform: Platform, claim: Identifier) -> bytes | None:
    with snapshot(platform) as look:
        return look.node(claim)


def _why(platform: Platform, a: Identifier, b: Identifier) -> Why:
    with snapshot(platform) as look:
        one, other = look.node(a), look.node(b)
        if one is None or other is None:
            return Why(same=False, note="unknown")
        return look.resolver.why(one, other)


def _syncs(platform: Platform) -> list[SyncRow]:
    """None of them has run while there is no state."""
    state = platform.state()
    if state is None:
        return []
    with state.read() as reader:
        return rows_of(platform.project, reader)


def _cleaned(platform: Platform) -> list[Tally]:
    with snapshot(platform) as look:
        return tallies(look.reader)


def _misses(platform: Platform) -> list[Missed]:
    with snapshot(platform) as look:
        return reviewed(look.compiled.project, misses(look.reader))
