"""Values that name nobody although a field says they do: `null`, `guest`, `0` (identity I6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeyfold.identity.rules import Pattern

ANY_CASE = frozenset(
    {
        "anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated",
        "email", "undefined", "true", "false",
    }
)  # fmt: skip
EXACT = frozenset({"[object Object]", "NaN", "None", "none", "null", "0", "-1"})
ZEROS = "^[0-]*$"  # a value of zeros and dashes only, as of an unset UUID
TEST_ADDRESS = "test@test.com"
BLOCKED = ANY_CASE | EXACT | {ZEROS, TEST_ADDRESS}
"""What `unblock` may name."""
_QUOTES = "\"'"
_BEGINNINGS = frozenset(
    {each for word in ANY_CASE | {TEST_ADDRESS} for each in (word[0], word[0].upper())}
    | {word[0] for word in EXACT} | {*_QUOTES, "0", "-"}
)  # fmt: skip


def is_blocked_by_default(value: str, kind: str, unblock: Iterable[str]) -> bool:
    """`value` after I2; one pair of surrounding quotes is ignored."""
    if value[:1] not in _BEGINNINGS:
        return not value and ZEROS not in unblock
    bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] in _QUOTES else value
    lowered = bare.lower()
    if lowered in ANY_CASE:
        reason = lowered
    elif bare in EXACT:
        reason = bare
    elif not bare.strip("0-"):
        reason = ZEROS
    elif kind == "email" and lowered == TEST_ADDRESS:
        reason = TEST_ADDRESS
    else:
        return False
    return reason not in unblock


def matches(key: str, patterns: Sequence[Pattern]) -> bool:
    return bool(patterns) and any(pattern.search(key) for pattern in patterns)
