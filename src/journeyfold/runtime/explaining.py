"""`why`: memberships, decisions and merges, explained from records and rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from journeyfold.adapters.memory import MemoryState
from journeyfold.core.condition_eval import evaluate
from journeyfold.core.decision import CandidateReason, Decision, Item
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json, Record
from journeyfold.core.instant import rfc3339
from journeyfold.core.ports import StateReader
from journeyfold.core.profile import Profile
from journeyfold.decide.reservations import Reservations
from journeyfold.identity.explain import LinkSeen, in_words, node_of_person
from journeyfold.identity.normalise import identifier as normalised_identifier
from journeyfold.identity.resolve import Resolver
from journeyfold.project.compile import Compiled, compile_project
from journeyfold.project.definitions import files_at, standing_of
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.people import profile_of
from journeyfold.project.reports import Explanation, Reason
from journeyfold.project.standing import standing
from journeyfold.runtime.as_of import Past, past_of
from journeyfold.runtime.redeciding import decided_again, recorded_decision
from journeyfold.runtime.workspace import Workspace

_PIECE = 1_000


class Look:
    """The state at one offset, with the definitions in force there."""

    def __init__(
        self, reader: StateReader, compiled: Compiled, node_key: bytes, now_us: int
    ) -> None:
        self.reader, self.compiled, self.now_us = reader, compiled, now_us
        self.offset = standing(reader).offset
        self.resolver = Resolver(compiled.project.identity, node_key, reader)

    def named(self, who: str) -> bytes | None:
        """The node of `p_…` or `kind:value`, whether or not anybody has it."""
        kind, _, value = who.partition(":")
        if who.startswith("p_"):
            return node_of_person(who)
        rules = self.compiled.project.identity
        usable = normalised_identifier(kind, value, rules) if value else None
        if usable is None:
            kinds = [each.name for each in rules.kinds]
            if value and kind in kinds:
                raise UsageError(f"{who} names nobody: '{value}' is no usable {kind}")
            raise UsageError(
                f"{who} names nobody: write an id (p_…) or kind:value; {did_you_mean(kind, kinds)}"
            )
        return self.resolver.node(usable)

    def node(self, who: str) -> bytes:
        """Of somebody known; else UsageError."""
        node = self.named(who)
        if node is None or self.resolver.person_of(node) is None:
            raise UsageError(f"nobody is known as {who}")
        return node

    def profile(self, who: str) -> Profile:
        person = self.resolver.person_of(self.node(who))
        profile = profile_of(self.reader, person) if person else None
        if profile is None:
            raise UsageError(f"nobody is known as {who}")
        return profile


@contextmanager
def look_at(workspace: Workspace, as_of: int | None, of: Sequence[str] = ()) -> Iterator[Look]:
    """The live state, or what replaying the log up to an offset gives.

    `of` are the people who are asked for (`p_…` or `kind:value`): then no more than what may concern
    them is replayed.
    """
    if as_of is None:
        state = workspace.read_state()
        try:
            with state.read() as reader:
                defined = standing_of(reader)
                if defined.offset < 0:
                    raise UsageError("nothing has been folded yet; start the platform once")
                compiled = compile_project(load(files_at(workspace.log, defined.offset)))
                compiled.use_cuts(defined.cuts, defined.fits)
                yield Look(reader, compiled, workspace.node_key, workspace.clock.now_us())
        finally:
            state.close()
        return
    head, _ = workspace.log.head()
    if as_of > head:
        raise UsageError(f"--as-of: the log ends at record {head}")
    past = _past_of(workspace, as_of, of) if of else None
    if past is not None:
        with past.state().read() as reader:
            yield Look(reader, past.compiled, workspace.node_key, past.clock.now_us())
        return
    state_then, engine, now_us = _replayed(workspace, as_of)
    with state_then.read() as reader:
        yield Look(reader, engine.compiled, workspace.node_key, now_us)


def _past_of(workspace: Workspace, as_of: int, of: Sequence[str]) -> Past | None:
    """None where there is no state to find verdicts in, or it is behind the record."""
    state = workspace.read_state()
    try:
        with state.read() as reader:
            defined = standing_of(reader)
            if defined.offset < 0 or standing(reader).offset < as_of:
                return None
            compiled = compile_project(load(files_at(workspace.log, defined.offset)))
            look = Look(reader, compiled, workspace.node_key, workspace.clock.now_us())
            nodes = [node for who in of if (node := look.named(who)) is not None]
            named, rules = look.resolver.indexed(nodes), compiled.project.identity
            return past_of(workspace.log, reader, rules, workspace.node_key, named, as_of)
    finally:
        state.close()


def why_membership(look: Look, who: str, segment: str) -> Explanation:
    compiled, profile = look.compiled, look.profile(who)
    definition = compiled.project.segments.get(segment)
    if definition is None:
        guess = did_you_mean(segment, compiled.project.segments)
        raise UsageError(f"there is no segment '{segment}'; {guess}")
    held = profile.memberships.get(segment)
    typed = compiled.bound.segments.get(segment) or compiled.bound.contextual.get(segment)
    reasons: list[Reason] = []
    if typed is not None:
        _, _, leaves = evaluate(typed, compiled.view(profile), look.now_us)
        for leaf in leaves:
            met = ", ".join(f"{one.text} = {_shown(one.value)}" for one in leaf.operands)
            holds = {True: "holds", False: "does not hold", None: "is unknown"}[leaf.value]
            reasons.append(Reason(f"{leaf.text} {holds}" + (f": {met}" if met else "")))
    if held is None:
        answer = f"{profile.person} is not in {segment}"
    else:
        answer = f"{profile.person} is in {segment} since {rfc3339(held.since_us)} ({held.cause})"
    return Explanation(answer, tuple(reasons), look.offset)


def why_same_person(look: Look, a: str, b: str) -> Explanation:
    one, other = look.node(a), look.node(b)
    why = look.resolver.why(one, other)
    if why.same:
        person = look.resolver.person_of(one)
        answer = f"{a} and {b} are one person, {person}"
        links = why.path
    else:
        answer = f"{a} and {b} are two people" + (f": {_apart(why.note)}" if why.note else "")
        links = why.suppressed
    return Explanation(answer, tuple(_link(link) for link in links), look.offset)


def why_decision(workspace: Workspace, decision: str) -> Explanation:
    """What was recorded; which leaf of a condition failed, and on what, is worked out again from
    the state the decision was made on.
    """
    record = workspace.log.find("_decide", decision)
    if record is None:
        raise UsageError(f"there is no decision {decision}")
    told = recorded_decision(record)
    assert told is not None, "a decision record carries its decision"
    leaves = _leaves(workspace, record, told)
    reasons: list[Reason] = []
    for placed in told.placements:
        reasons += [_chosen(placed.id, item) for item in placed.items]
        reasons += [
            _left(placed.id, leaves.get((placed.id, each.offer, each.code), each))
            for each in placed.reasons or ()
            if each.code != "selected"  # said above, with score and chance
        ]
    person = record.event.properties.get("person") or "nobody known"
    answer = f"decision {decision} for {person} under version {told.config_version}"
    return Explanation(answer, tuple(reasons), record.offset)


_EXPLAINED = frozenset({"not_eligible", "not_applicable", "not_suitable", "capped"})
"""Codes whose leaf and operand are recorded for a trace only."""


def _leaves(
    workspace: Workspace, record: Record, told: Decision
) -> dict[tuple[str, str, str], CandidateReason]:
    """(placement, offer, code) → the reason with its leaf; empty if the record has them all."""
    is_whole = all(
        each.leaf or each.code not in _EXPLAINED
        for placed in told.placements
        for each in placed.reasons or ()
    )
    if is_whole or told.profile_offset < 0:
        return {}
    state, engine, _ = _replayed(workspace, told.profile_offset)
    with state.write() as writer:
        engine.fold(writer, [])
        again = decided_again(
            engine.compiled, record, engine.known(record), Reservations(), is_traced=True
        )
    return {
        (placed.id, each.offer, each.code): each
        for placed in again.placements
        for each in placed.reasons or ()
        if each.leaf
    }


def _chosen(placement: str, item: Item) -> Reason:
    score = "" if item.score is None else f", score {item.score:.6g}"
    chance = "unknown" if item.propensity is None else f"{item.propensity:.6g}"
    return Reason(
        f"{placement}: {item.offer}/{item.variant} was chosen at rank {item.rank} by "
        f"{item.policy}{score}, chance {chance}"
    )


def _left(placement: str, reason: CandidateReason) -> Reason:
    if reason.code == "fallback":
        return Reason(f"{placement}: {reason.offer} is the default, nothing else was left")
    leaf = f": {reason.leaf}" if reason.leaf else ""
    operand = f" (met {_shown(reason.operand)})" if reason.leaf else ""
    return Reason(
        f"{placement}: {reason.offer} left at {reason.stage}, {reason.code}{leaf}{operand}"
    )


def _link(link: LinkSeen) -> Reason:
    ends = f"{link.a[0]} {link.a[1]} and {link.b[0]} {link.b[1]}"
    if link.method == "review":
        made = f"{ends} were said to be one person (review, event {link.event})"
    elif link.method == "linkage":
        made = f"{ends} were found alike (linkage, event {link.event})"
    else:
        made = f"{ends} stood in one record of {link.source} ({link.method}, event {link.event})"
    text = f"refused ({_apart(link.reason)}): {made}" if link.reason else made
    return Reason(text, link.occurred_us, link.offset)


def _apart(reason: str) -> str:
    """In words, and with what takes a verdict back."""
    said = in_words(reason)
    return said if said == reason else f"{said}, evidence {reason.rpartition(' ')[2]}"


def _replayed(workspace: Workspace, upto: int) -> tuple[MemoryState, Engine, int]:
    state, after, now_us = MemoryState(), -1, 0
    engine = Engine(
        workspace.log, workspace.node_key, lambda files: compile_project(load(files)),
        complete_builds=True,
    )  # fmt: skip
    while after < upto:
        records = workspace.log.read(after, min(_PIECE, upto - after))
        with state.write() as writer:
            engine.fold(writer, records)
        after, now_us = records[-1].offset, records[-1].appended_us
    return state, engine, now_us


def _shown(value: Json) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value > 10**14:
        return rfc3339(value)
    return "nothing" if value is None else str(value)[:200]
