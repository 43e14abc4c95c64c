"""Events to play a draft with: invented from its own entry, or recorded ones without who it was.

Pure. What is invented lets one person in as far as the entry's condition can be guessed; it is a
text to be changed by hand.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from ruamel.yaml import YAML

from journeyfold.core.event import Json
from journeyfold.core.instant import HOUR_US, rfc3339
from journeyfold.journey.definition import Journey

_ASKED = re.compile(r"properties\.(\w+)\s*(>=|>|==)\s*(\"[^\"]*\"|'[^']*'|-?\d+(?:\.\d+)?)")
_KEY = re.compile(r"properties\.(\w+)")
_WHO = ("email", "phone", "first_name", "last_name", "name", "address", "birthday")
_PERSON = "ann"


def invented(journey: Journey, now_us: int, purposes: Sequence[str] = (), source: str = "") -> str:
    """One person with an address and consent to everything, who does what the entry asks for.

    `source` is one of a server, whose word on who somebody is and agreed to is taken.
    """
    start_us = now_us - now_us % HOUR_US
    granted = dict.fromkeys([*purposes, *filter(None, [journey.policy.purpose])], True)
    told: dict[str, Json] = {
        "at": rfc3339(start_us), "type": "identify", "user_id": _PERSON,
        "traits": {"email": f"{_PERSON}@example.com"},
    }  # fmt: skip
    by = {"source": source} if source else {}
    told |= by
    lines: list[dict[str, Json]] = [told]
    if granted:
        consent: dict[str, Json] = dict(granted)
        lines.append({"at": "+0s", "user_id": _PERSON, **by, "consent": consent})
    entry = journey.entry[0]
    if entry.event is not None:
        done: dict[str, Json] = {"at": "+1m", "event": entry.event, "user_id": _PERSON}
        properties = _properties(entry.where or "", entry.key or "")
        if properties:
            done["properties"] = properties
        lines.append(done)
    return "".join(f"- {_one_line(line)}\n" for line in lines)


def veiled(events: str) -> str:
    """Recorded events with one made-up identifier and without what tells who it was."""
    held = YAML(typ="safe", pure=True).load(events) or []
    return "".join(f"- {_one_line(_without_who(one))}\n" for one in held if isinstance(one, dict))


def _without_who(given: dict[str, Any]) -> dict[str, Json]:
    kept: dict[str, Json] = {
        key: given[key] for key in ("at", "event", "type") if given.get(key) is not None
    }
    kept["at"] = str(kept.get("at", "+0s"))
    kept["user_id"] = _PERSON
    for part in ("properties", "traits"):
        values = given.get(part)
        if isinstance(values, dict) and values:
            kept[part] = {key: _veil(key, value) for key, value in values.items()}
    return kept


def _veil(key: str, value: Json) -> Json:
    if key == "email":
        return f"{_PERSON}@example.com"
    return f"some {key}" if key in _WHO and isinstance(value, str) else value


def _properties(where: str, key: str) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, operator, raw in _ASKED.findall(where):
        value: Json = raw[1:-1] if raw[0] in "\"'" else float(raw) if "." in raw else int(raw)
        if operator == ">" and isinstance(value, int | float):
            value += 1
        found[name] = value
    named = _KEY.fullmatch(key)
    if named is not None:
        found.setdefault(named[1], "k-1")
    return found


def _one_line(value: Json) -> str:
    """JSON is YAML."""
    return msgspec.json.encode(value).decode()
