"""A condition tried on people: how many hold it now, line by line (segments B7).

The windows the project keeps are read from the profiles. What the condition asks for and nothing
keeps yet is folded from the records of fewer people, so that the count is true before publishing;
a decision's own context is nobody's, so such a condition is typed and not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import msgspec

from journeyfold.api.cards import Checked
from journeyfold.api.desks.people import records_of
from journeyfold.api.desks.snapshot import Snapshot
from journeyfold.core import condition
from journeyfold.core.aggregate_keys import AggregateKeys, keys_of
from journeyfold.core.condition import Parsed
from journeyfold.core.condition_compile import compile_conditions
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import BOOL
from journeyfold.core.condition_typed import Typed
from journeyfold.core.condition_types import check
from journeyfold.core.event import Json, is_bot
from journeyfold.core.ports import EventLog
from journeyfold.core.profile import Profile
from journeyfold.profile.aggregates import Aggregation
from journeyfold.project.people import decode_profile, sizes

SAMPLE = 10_000  # people a condition is tried on
READ_MAX = 20_000  # records read for windows that nobody keeps; about half a second
EXAMPLES = 5


def tried(
    look: Snapshot, log: EventLog, parsed: Parsed, now_us: int, *, in_decision: bool = False
) -> Checked:
    """The condition and its lines on a sample of people."""
    named = _typed_lines(look, parsed, in_decision=in_decision)
    told = Checked(
        text=condition.to_text(parsed.node),
        ast=msgspec.convert(condition.to_json(parsed.node), Json),
        problems=named[""].hints,
        people=sizes(look.reader).get("people", 0),
    )
    if in_decision:
        return told
    keys = _keys(look, named)
    evaluator = compile_conditions(named, keys)
    counts = dict.fromkeys(named, 0)
    examples: list[str] = []
    sampled = 0
    for profile in _complete(look, log, keys):
        sampled += 1
        for name, (value, _) in evaluator.evaluate(look.compiled.view(profile), now_us).items():
            counts[name] += value is True
        if counts[""] > len(examples) < EXAMPLES:
            examples.append(profile.person)
    return msgspec.structs.replace(
        told,
        sampled=sampled,
        matches=counts[""],
        lines=tuple(counts[str(index)] for index in range(len(named) - 1)),
        examples=tuple(examples),
    )


def profiles(look: Snapshot, start: bytes = b"") -> Iterator[Profile]:
    """Everybody, in the order of their ids."""
    for _, raw in look.reader.scan("profile", start):
        yield decode_profile(raw)


def _typed_lines(look: Snapshot, parsed: Parsed, *, in_decision: bool) -> dict[str, Typed]:
    """The whole under "", its lines under their numbers."""
    scope = look.compiled.bound.scope
    if in_decision:
        scope = msgspec.structs.replace(scope, place="contextual")
    node = parsed.node
    lines = node.of if isinstance(node, condition.All | condition.AnyOf) else (node,)
    texts = {str(index): condition.to_text(line) for index, line in enumerate(lines)}
    named = {name: check(parse(text), scope, BOOL) for name, text in texts.items()}
    return {"": check(parsed, scope, BOOL), **named}


def _keys(look: Snapshot, named: dict[str, Typed]) -> AggregateKeys:
    """The keys the project keeps its windows under, and those of windows it does not keep.

    Equal functions share the widest window: a week of what is kept for a year is read from there.
    """
    compiled = look.compiled
    kept = [*compiled.bound.exprs(), *(typed.expr for typed in compiled.decisions_typed.values())]
    return keys_of([*kept, *(typed.expr for typed in named.values())])


def _complete(look: Snapshot, log: EventLog, keys: AggregateKeys) -> Iterator[Profile]:
    """Profiles with every aggregate in them; as many people as can be read for."""
    missing = {key for key, _ in keys.entries()} - {key for key, _ in look.compiled.keys.entries()}
    everybody = islice(profiles(look), SAMPLE)
    if not missing:
        yield from everybody
        return
    zone = look.compiled.project.settings.time_zone
    aggregation = Aggregation(keys, zone, only=frozenset(missing))
    read = 0
    for profile in everybody:
        if read >= READ_MAX:
            return
        for record in records_of(look, log, profile.person):
            read += 1
            if not is_bot(record.event):
                aggregation.fold(profile, look.compiled.cleaning.cleaned(record).event)
        yield profile
