"""How a short text sounds, from -1 to 1, by a small lexicon: offline, and the same for ever.

The method is that of VADER (Hutto and Gilbert 2014): weights of words, turned by a negation and
changed by an intensifier within three words before, the part after `but` counting more, exclamation
marks a little. The list is our own (`lexicon.txt`), small, English and German. It knows no irony and
no context, so it serves for averages over many texts and not for the answer to one person.
"""

from __future__ import annotations

import math
import re
from functools import cache
from importlib import resources
from typing import NamedTuple

import msgspec

from journeyfold.core.event import Event, Json

PROVIDER = "journeyfold lexicon 1"
TEXT_MAX = 5_000  # characters that are looked at
_REACH = 3  # words before
_TURN, _MORE, _LESS = -0.74, 1.3, 0.7
_BUT = frozenset({"but", "however", "aber", "jedoch"})
_SPREAD = 15.0  # so that a few words do not reach the ends of the scale
_TOKEN = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*|[\u2600-\u27bf\U0001f300-\U0001faff]\ufe0f?")


class Lexicon(NamedTuple):
    weights: dict[str, int]
    turning: frozenset[str]
    stronger: frozenset[str]
    weaker: frozenset[str]


def sentiment(text: str) -> float | None:
    """None for a text without a word of the lexicon: silence is not the same as neutral."""
    lexicon, text = _lexicon(), text[:TEXT_MAX]
    words = [word.lower().replace("\u2019", "'") for word in _TOKEN.findall(text)]
    found = [
        (at, lexicon.weights[word] * _change(words[max(0, at - _REACH) : at], lexicon))
        for at, word in enumerate(words)
        if word in lexicon.weights
    ]
    if not found:
        return None
    turn = max((at for at, word in enumerate(words) if word in _BUT), default=None)
    if turn is not None:
        found = [(at, weight * (0.5 if at < turn else 1.5)) for at, weight in found]
    total = math.fsum(weight for _, weight in found)
    total += math.copysign(0.3 * min(text.count("!"), 3), total) if total else 0.0
    return round(total / math.sqrt(total * total + _SPREAD), 3)


def with_sentiment(event: Event) -> Event:
    """A mention whose table says nothing of how it sounds, with what its text says (issue 3)."""
    text = event.properties.get("text")
    if event.properties.get("sentiment") is not None or not isinstance(text, str):
        return event
    score = sentiment(text)
    if score is None:
        return event
    properties: dict[str, Json] = {**event.properties, "sentiment": score}
    context: dict[str, Json] = {**event.context, "derived": {"sentiment": PROVIDER}}
    return msgspec.structs.replace(event, properties=properties, context=context)


def _change(before: list[str], lexicon: Lexicon) -> float:
    factor = 1.0
    for word in before:
        if word in lexicon.turning:
            factor *= _TURN
        elif word in lexicon.stronger:
            factor *= _MORE
        elif word in lexicon.weaker:
            factor *= _LESS
    return factor


@cache
def _lexicon() -> Lexicon:
    text = resources.files("journeyfold.sources").joinpath("lexicon.txt").read_text("utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    weights = {word: int(line[0]) for line in lines[:-3] for word in line[1:]}
    turning, stronger, weaker = (frozenset(line) for line in lines[-3:])
    return Lexicon(weights, turning, stronger, weaker)
