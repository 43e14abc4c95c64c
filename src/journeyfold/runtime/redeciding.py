"""A recorded decision, decided again by the real pipeline at its place in history (decisions O4).

The same id gives the same chance, the same instant the same windows, and what the call itself
narrowed stays narrowed. What other calls had reserved in the minute before is counted when the
decisions are decided again in the order of the log, so caps are met as they were.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from journeyfold.core.decision import Decision
from journeyfold.core.event import Json, Record
from journeyfold.core.profile import Profile
from journeyfold.decide.call import Asked, Narrowed, Question
from journeyfold.decide.context import BadContext, typed_context
from journeyfold.decide.decide import decide
from journeyfold.decide.reservations import Reservations
from journeyfold.project.compile import Compiled
from journeyfold.project.situation import Situated

_PERSONAL = "personalization"


def recorded_decision(record: Record) -> Decision | None:
    """The decision of a decision record; None for any other."""
    told = record.event.properties.get("decision")
    if record.kind != "decision" or not isinstance(told, dict):
        return None
    return msgspec.convert(told, Decision)


def decided_again(
    compiled: Compiled,
    record: Record,
    profile: Profile | None,
    reservations: Reservations,
    *,
    is_traced: bool = False,
) -> Decision:
    """What `compiled` answers to the recorded question, for this profile."""
    event, recorded = record.event, recorded_decision(record)
    assert recorded is not None, "only decisions are decided again"
    context, said = _context(event.properties, compiled), _said(event.properties)
    unit = profile.person if profile else str(event.properties.get("person") or "")
    # A decision that names nobody was made for nobody, whatever the basis of its source.
    caller = str(event.properties.get("caller")) if event.identifiers else ""
    grants = compiled.grants.get(caller)
    situated = Situated(compiled, profile, unit, context, event.occurred_us, -1, grants)
    is_personal = said.get(_PERSONAL, True) and situated.consents(_PERSONAL)
    if not is_personal:
        situated = situated.anonymous()
    asked = Asked(
        decision_id=event.id,
        questions=tuple(Question(each.id, _limit(event.properties, each.id))
                        for each in recorded.placements),
        unit=situated.unit, now_us=event.occurred_us, profile_offset=recorded.profile_offset,
        context=context, is_personal=is_personal, is_traced=is_traced,
        reserved=reservations.of(situated.unit, event.occurred_us) if is_personal else (),
    )  # fmt: skip
    answer = decide(asked, Narrowed(situated, said), situated, compiled.catalogue)
    if is_personal and situated.unit:
        reservations.hold(situated.unit, answer.reserved, event.occurred_us)
    return answer.decision


def _context(properties: Mapping[str, Json], compiled: Compiled) -> dict[str, Json]:
    """As the call was typed; what a changed schema cannot read is as if it had not been sent."""
    raw = dict(_object(properties.get("context")))
    while isinstance(typed := typed_context(raw, compiled.catalogue.context), BadContext):
        del raw[typed.name]
    return typed


def _said(properties: Mapping[str, Json]) -> dict[str, bool]:
    return {
        purpose: is_granted
        for purpose, is_granted in _object(properties.get("consent")).items()
        if isinstance(is_granted, bool)
    }


def _limit(properties: Mapping[str, Json], placement: str) -> int | None:
    limit = _object(properties.get("limits")).get(placement)
    return limit if isinstance(limit, int) else None


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
