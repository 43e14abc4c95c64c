"""A decision made inside the fold, for a step of a journey (journeys E42).

The same function as behind the API, on the profile in hand; the decision with its reasons and
propensity is a fact the fold emits. What has been emitted is a function of the log alone, so a
rebuild decides the same.
"""

from __future__ import annotations

import msgspec

from journeyfold.core.effect import Effect, Emit
from journeyfold.core.event import Json
from journeyfold.core.profile import Profile
from journeyfold.decide.call import Asked, Question
from journeyfold.decide.decide import decide
from journeyfold.project.compile import Compiled
from journeyfold.project.situation import Situated


def decided_in_fold(
    compiled: Compiled, profile: Profile, placement: str, key: str, now_us: int
) -> tuple[Json, list[Effect]]:
    """(what is saved of the first item, or None; the emitted decision)."""
    situated = Situated(compiled, profile, profile.person, {}, now_us, profile.seen)
    is_personal = situated.consents("personalization")
    if not is_personal:
        situated = situated.anonymous()
    asked = Asked(
        decision_id=key, questions=(Question(placement),), unit=situated.unit, now_us=now_us,
        profile_offset=profile.seen, context={}, is_personal=is_personal,
        is_traced=True,
    )  # fmt: skip
    decision = decide(asked, situated, situated, compiled.catalogue).decision
    told: Json = msgspec.to_builtins(decision)
    emit = Emit(
        f"decided/{key}", "journey.decided", profile.person, now_us,
        {"decision_id": key, "placement": placement, "decision": told},
    )  # fmt: skip
    items = decision.placements[0].items
    if not items:
        return None, [emit]
    first = items[0]
    return {"offer": first.offer, "variant": first.variant, "decision_id": key}, [emit]
