"""Which roles may do which acts (trust SEC-11).

A button a role lacks is absent, not disabled (console C16); a page asked for all the same says who
may.
"""

from __future__ import annotations

ROLES = ("admin", "privacy officer", "developer", "marketer", "analyst", "viewer")
_ALL = frozenset(ROLES)
ALLOWED: dict[str, frozenset[str]] = {
    "look": _ALL,
    "read people": _ALL,
    "clear view": frozenset(("admin", "privacy officer")),
    "look at pairs": _ALL - {"viewer"},
    "review identity": frozenset(("admin", "developer")),
    "change segments": frozenset(("admin", "developer", "marketer")),
    "draft segments": frozenset(("admin", "developer", "marketer", "analyst")),
    "draft journeys": frozenset(("admin", "developer", "marketer", "analyst")),
    "change journeys": frozenset(("admin", "developer", "marketer")),
    "control journeys": frozenset(("admin", "developer", "marketer")),
    "send again": frozenset(("admin", "developer", "marketer")),
    "steer destinations": frozenset(("admin", "developer")),
    "send tests": frozenset(("admin", "developer", "marketer")),
    "read mails": frozenset(("admin", "privacy officer", "developer", "marketer")),
    "run rules": frozenset(("admin", "developer", "analyst")),
    "replay quarantine": frozenset(("admin", "developer")),
    "keys": frozenset(("admin",)),
}


def may(role: str, act: str) -> bool:
    return role in ALLOWED[act]
