"""`POST /v1/decide`: an answer that is in the log before it is on the wire (decisions 7).

The id of a decision is a hash of the key and the request's own id, so a repeat finds the record and
gets the same bytes again, whatever happened to the profile since (A1). When the log cannot be
written the page still gets its defaults, marked `unlogged`; when the profile cannot be read,
marked `profile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from journeyfold.api.auth import READS_PEOPLE, Caller, subject_of
from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, Reply, reply
from journeyfold.api.ports import Services, Situation
from journeyfold.api.wire_decide import DecideRequest, PlacementAsked
from journeyfold.core.decision import CandidateReason, Decision, PlacementDecision
from journeyfold.core.errors import Busy, EngineError
from journeyfold.core.event import Event, Identifier, Json, Record
from journeyfold.core.instant import instant_us
from journeyfold.core.ports import Entry
from journeyfold.decide.assignment import ASSIGNED
from journeyfold.decide.call import Answer, Asked, Narrowed, Question
from journeyfold.decide.catalogue import Catalogue
from journeyfold.decide.context import BadContext, typed_context
from journeyfold.decide.decide import decide, defaults

SOURCE = "_decide"
NAME = "Decision Made"
PERSONALIZATION = "personalization"


class Prepared(msgspec.Struct, frozen=True):
    """A decision that is made but not yet in the log; `entry` None for a preview."""

    answer: Answer
    asked: Asked
    shown: str
    unit: str
    entry: Entry | None


async def answer_decide(call: Call) -> Answered:
    """One subject, up to 20 placements."""
    services, caller, body = call.services, call.known_caller, call.body
    catalogue = catalogue_of(services)
    _only_unknown(body.placements, catalogue)
    decision_id = decision_id_of(caller, body.request_id or services.door.fresh_id())
    if body.request_id is not None and (stored := services.log.find(SOURCE, decision_id)):
        return repeated(stored, call.fingerprint)
    degraded = await _awaited(services, body)
    prepared = prepare(services, caller, body, decision_id, call.fingerprint, degraded=degraded)
    if prepared.entry is None:
        return reply(shown(prepared.answer.decision, prepared.shown))
    return await _logged(services, prepared, call.fingerprint)


def prepare(
    services: Services,
    caller: Caller,
    body: DecideRequest,
    decision_id: str,
    fingerprint: int,
    *,
    degraded: tuple[str, ...] = (),
) -> Prepared:
    """Everything but the log: one clock read, one read of the state, one pure decision."""
    catalogue = catalogue_of(services)
    subject = subject_of(caller, body.subject)
    context = typed_context(body.context, catalogue.context)
    if isinstance(context, BadContext):
        raise ApiError("bad_context", f"expected a {context.expected}", f"/context/{context.name}")
    trace = _trace(caller, body)
    now_us = _instant(services, caller, body)
    asked = Asked(
        decision_id=decision_id,
        questions=tuple(_question(each) for each in body.placements),
        unit="",
        now_us=now_us,
        profile_offset=-1,
        context=context,
        mode=body.mode,
        is_traced=trace == "full",
        degraded=degraded,
        receipt_key=services.receipt_key,
    )
    try:
        situation = services.decisions.situate(subject, context, now_us, caller.source)
    except EngineError:
        lost = msgspec.structs.replace(asked, degraded=(*degraded, "profile"))
        answer, unit, person = defaults(lost, catalogue), "", ""
        subject = ()
    else:
        answer, is_personal = _decided(services, asked, situation, body.consent, catalogue)
        unit, person = (situation.unit, situation.person) if is_personal else ("", "")
        subject = subject if is_personal else ()
    entry = None
    if body.mode == "live":
        event = _event(answer, body, subject, person, trace, now_us, caller, fingerprint)
        entry = services.entry_of(event, "decision", fingerprint, caller.key_id)
    return Prepared(answer, asked, trace, unit, entry)


def _decided(
    services: Services,
    asked: Asked,
    situation: Situation,
    said: Mapping[str, bool],
    catalogue: Catalogue,
) -> tuple[Answer, bool]:
    """(the decision, was it personal): without the purpose the subject is nobody (A5)."""
    is_personal = said.get(PERSONALIZATION, True) and situation.consents(PERSONALIZATION)
    offset = situation.profile_offset
    if not is_personal:
        situation = situation.anonymous()
    asked = msgspec.structs.replace(
        asked,
        unit=situation.unit,
        profile_offset=offset,
        is_personal=is_personal,
        reserved=services.reservations.of(situation.unit, asked.now_us) if is_personal else (),
    )
    return decide(asked, Narrowed(situation, said), situation, catalogue), is_personal


async def _logged(services: Services, prepared: Prepared, fingerprint: int) -> Reply:
    """Durable first (A2); a page must never break because our disk did."""
    assert prepared.entry is not None, "a live decision has its record"
    event = prepared.entry.event
    try:
        (fate,) = await services.door.append([prepared.entry], [])
    except (Busy, EngineError):
        return reply(shown(unlogged(services, prepared), prepared.shown))
    if fate.fate != "appended":  # the same request came twice at once, and the other was first
        stored = services.log.find(SOURCE, event.id)
        assert stored is not None, "what is no duplicate was appended"
        return repeated(stored, fingerprint)
    keep(services, prepared)
    return reply(shown(prepared.answer.decision, prepared.shown))


def unlogged(services: Services, prepared: Prepared) -> Decision:
    """What the page gets when the log cannot be written: its defaults."""
    asked = prepared.asked
    asked = msgspec.structs.replace(asked, degraded=(*asked.degraded, "unlogged"))
    return defaults(asked, catalogue_of(services)).decision


def keep(services: Services, prepared: Prepared) -> None:
    """Its caps hold from now on, until exposures come in."""
    if prepared.unit and prepared.entry is not None:
        now_us = prepared.entry.event.occurred_us
        services.reservations.hold(prepared.unit, prepared.answer.reserved, now_us)


def repeated(record: Record, fingerprint: int) -> Reply:
    """The stored answer, byte for byte; another body under the same id is a conflict (A1)."""
    stored = record.event.properties
    if stored.get("request") != f"{fingerprint:016x}":
        raise ApiError("conflict", "this request_id was used with another body", "/request_id")
    return reply(shown(decision_in(record), str(stored.get("shown"))))


def decision_in(record: Record) -> Decision:
    """The decision of a decision record, with all its reasons."""
    return msgspec.convert(record.event.properties["decision"], Decision)


def decision_id_of(caller: Caller, request_id: str) -> str:
    digest = blake2b(digest_size=16)
    for part in (caller.key_id.encode(), request_id.encode()):
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.hexdigest()


def catalogue_of(services: Services) -> Catalogue:
    catalogue = services.decisions.catalogue()
    if catalogue is None:
        raise ApiError("not_ready", "no project is loaded yet", retry_after_s=1)
    return catalogue


def shown(decision: Decision, trace: str) -> Decision:
    """What the caller may see of the reasons: none, the codes, or all of it (A4)."""
    if trace == "full":
        return decision
    placements = tuple(
        msgspec.structs.replace(each, reasons=_codes(each) if trace == "codes" else msgspec.UNSET)
        for each in decision.placements
    )
    return msgspec.structs.replace(decision, placements=placements)


def _codes(placed: PlacementDecision) -> tuple[CandidateReason, ...]:
    if placed.reasons is msgspec.UNSET:
        return ()
    return tuple(CandidateReason(each.offer, each.stage, each.code) for each in placed.reasons)


def _event(
    answer: Answer,
    body: DecideRequest,
    subject: tuple[Identifier, ...],
    person: str,
    trace: str,
    now_us: int,
    caller: Caller,
    fingerprint: int,
) -> Event:
    """The record: what was answered, to whom, in which context, and why."""
    properties: dict[str, Json] = {
        "decision": msgspec.to_builtins(answer.decision),
        "request": f"{fingerprint:016x}",
        "shown": trace,
        "person": person,
        "context": body.context,
        "consent": dict(body.consent),
        "caller": caller.source,
    }
    if limits := {each.id: each.limit for each in body.placements if each.limit is not None}:
        properties["limits"] = dict(limits)
    if answer.assigned:
        properties[ASSIGNED] = msgspec.to_builtins(answer.assigned)
    return Event(
        id=answer.decision.decision_id,
        name=NAME,
        type="decision",
        source=SOURCE,
        identifiers=subject,
        occurred_us=now_us,
        received_us=now_us,
        properties=properties,
        context={"auth": caller.auth},
    )


def _trace(caller: Caller, body: DecideRequest) -> str:
    if not body.trace:
        return "none"
    return "full" if caller.may(READS_PEOPLE) and not caller.is_browser else "codes"


def _instant(services: Services, caller: Caller, body: DecideRequest) -> int:
    """The one clock read; a preview may ask for any instant, with the right to read people."""
    if body.mode == "live":
        if body.at is not None or any(each.force is not None for each in body.placements):
            raise ApiError("bad_request", "`at` and `force` are for mode: preview", "/mode")
        return services.door.now_us()
    if caller.is_browser or not caller.may(READS_PEOPLE):
        raise ApiError("scope", f"a preview needs the scope {READS_PEOPLE}", "/mode")
    if body.at is None:
        return services.door.now_us()
    at_us = instant_us(body.at)
    if at_us is None:
        raise ApiError("bad_request", "not an instant: 2026-11-22T12:00:00Z", "/at")
    return at_us


def _question(placement: PlacementAsked) -> Question:
    force = placement.force
    return Question(
        placement.id,
        placement.limit,
        force.offer if force is not None else None,
        force.variant if force is not None else None,
    )


async def _awaited(services: Services, body: DecideRequest) -> tuple[str, ...]:
    """Read your writes: wait for the fold, for at most half of the budget (A2)."""
    if body.after is None or body.after < 0:
        return ()
    is_folded = await services.wait_folded(body.after, body.timeout_ms / 2_000)
    return () if is_folded else ("stale",)


def _only_unknown(placements: tuple[PlacementAsked, ...], catalogue: Catalogue) -> None:
    """An unknown placement among others says so in its place; alone it is a 404 (section 11)."""
    if all(each.id not in catalogue.placements for each in placements):
        raise ApiError("not_found", "there is no such placement", "/placements/0/id")
