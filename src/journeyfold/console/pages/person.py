"""One person: what they did, who they are and since when, and why they are where they are.

Personal values are masked. A clear view asks for a reason, is written into the audit and holds
for one page (console C16, trust SEC-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from journeyfold.api.cards import Identity, SegmentCard
from journeyfold.api.desk import PeopleDesk
from journeyfold.api.mask import masked, masked_identifier, masked_json
from journeyfold.console import timeline, wording
from journeyfold.console.ask import Ask
from journeyfold.console.graph import identity_graph
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json, Record
from journeyfold.core.profile import Profile, Statement, Trait
from journeyfold.identity.explain import in_words
from journeyfold.profile.traits import HeldTrait

ROWS = 30
DECISIONS = 12
_SCAN = 400  # records looked through for one filtered page of the timeline


class TraitRow(msgspec.Struct, frozen=True):
    name: str
    value: str
    source: str
    at_us: int
    others: int = 0
    owner: str = ""  # the kind of identifier whose record said it
    event: str = ""
    sent: str = ""
    cleaned_by: str = ""


class ConsentRow(msgspec.Struct, frozen=True):
    """The most restrictive statement over the person's nodes (trust PRV-2)."""

    purpose: str
    state: str
    at_us: int
    source: str
    basis: str


class Shown(msgspec.Struct, frozen=True):
    """One placement of a decision: what was chosen, how likely that was, and the codes."""

    placement: str
    offer: str
    propensity: str
    because: str
    at_us: int
    id: str


def show(ask: Ask) -> Response:
    return _page(ask, clear=False)


def clear(ask: Ask) -> Response:
    """The same page unmasked, for this one answer, after a reason was given."""
    reason = ask.form.get("reason", "").strip()
    if len(reason) < 5:
        return _page(ask, clear=False, problem="The audit needs a reason of a few words.")
    person = ask.params["person"]
    ask.desk.keys.audit(ask.user.name, "person.clear_view", person, reason[:500])
    return _page(ask, clear=True)


def _page(ask: Ask, *, clear: bool, problem: str = "") -> Response:
    person, as_of = ask.params["person"], ask.whole("as_of", -1)
    people = _people(ask, person, as_of)
    profile = people.profile(person)
    if profile is None:
        ask.missing(f"Person {person}")
    if profile.person != person and as_of < 0:
        return ask.go(f"/people/{profile.person}", was=person)
    identity = people.identity(profile)
    owners = {node.node: node.kind for node in identity.nodes}
    identity = _masked(identity, clear=clear)
    group = ask.query.get("kind", "")
    records, older = _history(ask, people, profile, group)
    explained = _explained(ask) if as_of < 0 else []
    reasons = [ask.desk.segments.why(profile, card.id) for card in explained]
    return ask.page(
        "person.html",
        title=wording.short_person(profile.person),
        place="/people",
        profile=profile,
        name=_name(profile, clear=clear),
        lede=_sentence(ask, profile),
        identity=identity,
        in_words=in_words,
        graph=identity_graph(profile.person, identity, ask.dates),
        days=timeline.days(records, ask.dates),
        older=older,
        group=group,
        inside=[why for why in reasons if why.holds],
        outside=[why for why in reasons if not why.holds],
        traits=_traits(people.traits(profile), owners, clear=clear),
        features=people.features(profile),
        prepared=people.prepared(profile),
        consents=_consents(profile, ask.project.purposes),
        decisions=_decisions(people, profile),
        runs=ask.desk.journeys.runs(profile) if as_of < 0 else (),
        as_of=as_of,
        clear=clear,
        problem=problem,
        was=ask.query.get("was", "")[:64],
    )


def _people(ask: Ask, person: str, as_of: int) -> PeopleDesk:
    """Of now, or as they were at a record (identity X2)."""
    if as_of < 0:
        return ask.desk.people
    try:
        return ask.desk.audits.past(person, as_of)
    except UsageError:
        ask.missing(f"Record {as_of}")


def _history(
    ask: Ask, people: PeopleDesk, profile: Profile, group: str
) -> tuple[list[Record], int]:
    """A page of the timeline and the offset that continues it, 0 at the end."""
    before: int | None = ask.before() or None
    if not group:
        records = list(people.history(profile, before, ROWS + 1))
        return records[:ROWS], records[ROWS - 1].offset if len(records) > ROWS else 0
    scanned = people.history(profile, before, _SCAN)
    kept = [record for record in scanned if timeline.takes(record, group)][:ROWS]
    more = len(scanned) == _SCAN or len(kept) == ROWS
    last = kept[-1].offset if len(kept) == ROWS else scanned[-1].offset if scanned else 0
    return kept, last if more else 0


def _explained(ask: Ask) -> list[SegmentCard]:
    return [card for card in ask.desk.segments.segments() if card.size is not None]


def _name(profile: Profile, *, clear: bool) -> str:
    """A name to call the person by, if a trait gives one; masked unless asked for clear."""
    for key in ("name", "first_name", "firstName"):
        trait = profile.traits.get(key)
        if isinstance(trait, Trait) and isinstance(trait.value, str) and trait.value:
            return trait.value if clear else masked(trait.value)
    return ""


def _sentence(ask: Ask, profile: Profile) -> str:
    """Stage, segments and when they were last here, in one sentence."""
    parts = []
    for lifecycle, at in sorted(profile.stages.items()):
        parts.append(f"{at.stage} in lifecycle {lifecycle} since {ask.dates.date(at.since_us)}")
    count = len(profile.memberships)
    parts.append(f"in {wording.plural(count, 'segment')}" if count else "in no segment")
    parts.append(f"last seen {ask.dates.ago(profile.last_us)}")
    text = ", ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _traits(
    traits: Mapping[str, HeldTrait], owners: Mapping[str, str], *, clear: bool
) -> list[TraitRow]:
    """`owners`: hex node → kind."""
    rows = []
    for name, held in traits.items():
        shown = held.value if clear else masked_json(held.value, name, of_person=True)
        seen = held.seen
        text, sent = wording.plain(shown), ""
        if held.cleaned_by:
            raw = held.sent if clear else masked_json(held.sent, name, of_person=True)
            sent = wording.plain(raw)
        by = ", ".join(held.cleaned_by)
        owner = owners.get(seen.owner, "")
        rows.append(
            TraitRow(
                name, text, seen.source, seen.occurred_us, held.others, owner, seen.event, sent, by
            )
        )
    return rows


def _consents(profile: Profile, purposes: Sequence[str]) -> list[ConsentRow]:
    """What holds: a refusal of any identifier, else the latest grant; a contract is older than all."""
    standing: dict[str, Statement] = {}
    for by_purpose in profile.consents.values():
        for purpose, statement in by_purpose.items():
            held = standing.get(purpose)
            if held is None or _weight(statement) > _weight(held):
                standing[purpose] = statement
    names = sorted({*purposes, *standing})
    return [
        ConsentRow(name, said.state, max(said.occurred_us, 0), said.source, said.basis)
        if (said := standing.get(name))
        else ConsentRow(name, "unset", 0, "", "")
        for name in names
    ]


def _weight(statement: Statement) -> tuple[bool, int]:
    return statement.state == "denied", statement.occurred_us


def _decisions(people: PeopleDesk, profile: Profile) -> list[Shown]:
    rows: list[Shown] = []
    for record in people.history(profile, None, _SCAN):
        if record.kind == "decision":
            rows += _shown(record)
        if len(rows) >= DECISIONS:
            break
    return rows[:DECISIONS]


def _shown(record: Record) -> list[Shown]:
    rows = []
    for placement in wording.decided(record.event):
        items = placement.get("items")
        first = items[0] if isinstance(items, list) and items else {}
        chosen = first if isinstance(first, dict) else {}
        rows.append(
            Shown(
                placement=wording.shown(placement.get("id")),
                offer=wording.shown(chosen.get("offer")) if chosen else "nothing",
                propensity=_propensity(chosen.get("propensity")),
                because=_because(placement, chosen),
                at_us=record.event.occurred_us,
                id=record.event.id,
            )
        )
    return rows


def _propensity(value: Json) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else ""


def _because(placement: dict[str, Json], chosen: dict[str, Json]) -> str:
    """The policy, the fallback level if one was needed, and why the others fell out."""
    said = []
    if chosen.get("policy"):
        said.append(f"policy {wording.shown(chosen['policy'])}")
    level = placement.get("fallback_level")
    if isinstance(level, int) and level:
        said.append(f"fallback {level}")
    reasons = placement.get("reasons")
    for reason in reasons[:3] if isinstance(reasons, list) else []:
        if isinstance(reason, dict) and reason.get("code") != "selected":
            offer, code = wording.shown(reason.get("offer")), wording.shown(reason.get("code"))
            said.append(f"{offer} out: {code.replace('_', ' ')}")
    return "; ".join(said)


def _masked(identity: Identity, *, clear: bool) -> Identity:
    if clear:
        return identity
    replace = msgspec.structs.replace
    return Identity(
        nodes=tuple(replace(n, value=masked_identifier(n.kind, n.value)) for n in identity.nodes),
        refused=tuple(
            replace(r, value=masked_identifier(r.kind, r.value)) for r in identity.refused
        ),
        joined=tuple(replace(j, a=_masked_end(j.a), b=_masked_end(j.b)) for j in identity.joined),
    )


def _masked_end(end: tuple[str, str]) -> tuple[str, str]:
    return end[0], masked_identifier(*end)
