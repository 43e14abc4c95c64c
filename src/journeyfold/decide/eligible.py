"""Who stays in the race: the stages of decisions D1 from consent to caps, in their fixed order.

An offer leaves at its first failing stage, with that stage and a code; which leaf of a condition
failed and on which value is worked out for a trace only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from journeyfold.core.decision import CandidateReason
from journeyfold.core.event import Json
from journeyfold.core.instant import human_duration, rfc3339
from journeyfold.decide.caps import Caps, ContactCounts
from journeyfold.decide.catalogue import Answerable, Candidate, Catalogue


class Conditions(Protocol):
    """The compiled conditions of the project, bound to one person, context and instant."""

    def holds(self, condition: str) -> bool:
        """By id (`decide.definition.gate_id` …); null is false at the top (decisions D2)."""
        ...

    def because(self, condition: str) -> tuple[str, Json]:
        """The deciding leaf as text and its operand's value, from the reference evaluator."""
        ...


def eligible(
    answerable: Answerable,
    catalogue: Catalogue,
    conditions: Conditions,
    counts: ContactCounts,
    is_consented: Callable[[str], bool],
    now_us: int,
    *,
    trace: bool,
) -> tuple[list[Candidate], list[CandidateReason]]:
    """(those who stay, why each other one left)."""
    staying: list[Candidate] = []
    left: list[CandidateReason] = []
    consents = {purpose: is_consented(purpose) for purpose in answerable.purposes}
    caps = Caps(counts, answerable, catalogue, now_us)
    holds, can_hit = conditions.holds, caps.can_hit
    for candidate in answerable.candidates:
        if not consents[candidate.purpose]:
            left.append(_unconsented(candidate))
        elif not candidate.since_us <= now_us < candidate.until_us:
            left.append(_invalid(candidate, now_us))
        else:
            for gate in candidate.gates:
                if not holds(gate.condition):  # those after it are not asked
                    leaf, operand = conditions.because(gate.condition) if trace else ("", None)
                    reason = CandidateReason(candidate.id, gate.stage, gate.code, leaf, operand)
                    left.append(reason)
                    break
            else:
                found = caps.hit(candidate) if can_hit else None
                if found is None:
                    staying.append(candidate)
                else:
                    left.append(CandidateReason(candidate.id, "caps", "capped", *found))
    return staying, left


def _unconsented(candidate: Candidate) -> CandidateReason:
    return CandidateReason(
        candidate.id, "consent", "no_consent", f'consent("{candidate.purpose}")', False
    )


def _invalid(candidate: Candidate, now_us: int) -> CandidateReason:
    border = candidate.since_us if now_us < candidate.since_us else candidate.until_us
    word = "from" if now_us < candidate.since_us else "until"
    away = human_duration(abs(now_us - border))
    return CandidateReason(
        candidate.id, "validity", "not_valid", f"valid {word} {rfc3339(border)}", away
    )
