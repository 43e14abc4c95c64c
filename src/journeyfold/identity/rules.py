"""The rules of identity.yaml: which kinds name a person, how strong, and how many fit into one.

An `IdentityRules` that exists is consistent: kinds are known and unique, limits at least 1, patterns
compile. Rules are a pure input of resolution; a change means re-extraction and refold
(identity section 3). Compiled forms and memos hang on the value, so they end with it.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Literal, Protocol

import msgspec
import re2

from journeyfold.core.event import Identifier
from journeyfold.core.instant import duration_us
from journeyfold.identity.audit_rules import AuditRules
from journeyfold.identity.linkage import Linkage
from journeyfold.identity.review import ReviewRules

KindClass = Literal["account", "contact", "device"]

_KIND_NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}", re.ASCII)


class Pattern(Protocol):
    """A compiled pattern of a user: google-re2 only (SEC-16)."""

    def search(self, text: str) -> object | None: ...

    def fullmatch(self, text: str) -> object | None: ...


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `count` values within any `within`, and/or at most `ever` at all (identity R5)."""

    count: int | None = None
    within: str | None = None
    ever: int | None = None

    def __post_init__(self) -> None:
        if (self.count is None) != (self.within is None):
            raise ValueError("limit: `count` and `within` go together: {count: 5, within: 365d}")
        if self.count is None and self.ever is None:
            raise ValueError("limit: says nothing; write a number or {count: 5, within: 365d}")
        if self.within is not None and not duration_us(self.within):
            raise ValueError(f"limit: within {self.within!r} is no duration; write 365d")
        if min(1 if number is None else number for number in (self.count, self.ever)) < 1:
            raise ValueError("limit: must be at least 1")

    @property
    def within_us(self) -> int:
        """The window's width; 0 when there is none."""
        return duration_us(self.within) or 0 if self.within else 0


_DEFAULT_LIMIT: dict[str, Limit] = {
    "account": Limit(ever=1),
    "contact": Limit(count=5, within="365d"),
    "device": Limit(count=5, within="7d"),
}


class KindRule(msgspec.Struct, frozen=True, dict=True, forbid_unknown_fields=True):
    """One kind of identifier. Its place in the list is its strength (identity I1)."""

    name: str
    class_: KindClass = msgspec.field(name="class", default="contact")
    limit: int | Limit | None = None  # a number is `ever`; None: the class's default
    hub: int = 50  # more neighbours of one stronger kind than this: belongs to nobody (R2)
    case: Literal["keep", "lower"] = "keep"
    pattern: str | None = None  # full match, for kinds of your own
    plus_tag: Literal["keep", "strip"] = "keep"  # of e-mail addresses outside gmail.com (I4)

    def __post_init__(self) -> None:
        if not _KIND_NAME.fullmatch(self.name):
            raise ValueError(
                f"name: {self.name!r} is no kind; lower-case letters, digits, `_` and `.` only"
            )
        if isinstance(self.limit, int) and self.limit < 1:
            raise ValueError("limit: must be at least 1")
        if self.hub < 1:
            raise ValueError("hub: must be at least 1")
        if self.pattern is not None:
            compile_pattern(self.pattern, "pattern")

    @cached_property
    def bound(self) -> Limit:
        """The limit in force."""
        if isinstance(self.limit, int):
            return Limit(ever=self.limit)
        return self.limit or _DEFAULT_LIMIT[self.class_]

    @cached_property
    def full_match(self) -> Pattern | None:
        return compile_pattern(self.pattern, self.name) if self.pattern is not None else None


class BlockedPattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Normalised values of `kind` in which `pattern` is found name nobody (identity I6)."""

    kind: str
    pattern: str

    def __post_init__(self) -> None:
        compile_pattern(self.pattern, f"blocked {self.kind}")


Reason = Literal["invalid", "blocked", "unknown_kind", "client_may", "too_many"]


class Dropped(msgspec.Struct, frozen=True):
    """An identifier that names nobody; the event stays. `masked` shows its first character."""

    kind: str
    masked: str
    reason: Reason


Usable = tuple[tuple[Identifier, ...], tuple[Dropped, ...]]
"""What can be linked, strongest first, and what was dropped."""

_YEAR = Limit(count=5, within="365d")
DEFAULT_KINDS = (
    KindRule("user_id", "account", 1),
    KindRule("customer_id", "account", 1),
    KindRule("email", "contact", _YEAR),
    KindRule("phone", "contact", _YEAR),
    KindRule("ios.idfa", "device", _YEAR, case="lower"),
    KindRule("android.idfa", "device", _YEAR, case="lower"),
    KindRule("push_token", "device", _YEAR),
    KindRule("anonymous_id", "device", Limit(count=5, within="7d")),
)


class IdentityRules(msgspec.Struct, frozen=True, dict=True, forbid_unknown_fields=True):
    """identity.yaml as a value; absent keys have the defaults of identity section 2."""

    kinds: tuple[KindRule, ...] = DEFAULT_KINDS  # strongest first
    region: str | None = None  # of phone numbers written without `+`, when nothing else says
    blocked: tuple[BlockedPattern, ...] = ()
    unblock: tuple[str, ...] = ()  # default blocked values that are legal here
    client_may: tuple[str, ...] | None = None  # None: device kinds and user_id (identity E6)
    require_signed: bool = False
    max_nodes: int = 1_000  # identifiers of one person
    linkage: Linkage | None = None  # of records that share no identifier (identity 2.7)
    review: ReviewRules = ReviewRules()
    audit: AuditRules = AuditRules()

    def __post_init__(self) -> None:
        names = [kind.name for kind in self.kinds]
        if not names:
            raise ValueError("kinds: at least one is needed")
        for position, name in enumerate(names):
            if name in names[:position]:
                raise ValueError(f"kinds: {name} stands twice")
        mentioned = [("blocked", rule.kind) for rule in self.blocked]
        mentioned += [("client_may", name) for name in self.client_may or ()]
        for key, name in mentioned:
            if name not in names:
                raise ValueError(f"{key}: unknown kind {name!r}; known: {', '.join(names)}")
        if self.region is not None and not re.fullmatch(r"[A-Z]{2}", self.region):
            raise ValueError(f"region: {self.region!r} is no country; two capital letters, as DE")
        if self.max_nodes < 1:
            raise ValueError("max_nodes: must be at least 1")

    @cached_property
    def by_name(self) -> dict[str, KindRule]:
        return {kind.name: kind for kind in self.kinds}

    @cached_property
    def position(self) -> dict[str, int]:
        """Kind → strength; 0 is the strongest."""
        return {kind.name: place for place, kind in enumerate(self.kinds)}

    @cached_property
    def bounds(self) -> tuple[object, ...]:
        """What decides how many identifiers one person may have."""
        return (*((kind.bound, kind.hub) for kind in self.kinds), self.max_nodes)

    @cached_property
    def extraction(self) -> tuple[object, ...]:
        """What decides whom a record names, and which links it says."""
        kinds = tuple(
            (kind.name, kind.class_, kind.case, kind.pattern, kind.plus_tag) for kind in self.kinds
        )
        blocked = (
            frozenset((one.kind, one.pattern) for one in self.blocked),
            frozenset(self.unblock),
        )
        return (kinds, self.region, *blocked, self.client_kinds, self.require_signed)

    @cached_property
    def devices(self) -> frozenset[str]:
        return frozenset(kind.name for kind in self.kinds if kind.class_ == "device")

    @cached_property
    def client_kinds(self) -> frozenset[str]:
        """What an unsigned client may assert (identity E6, E8)."""
        if self.require_signed:
            return self.devices
        if self.client_may is not None:
            return frozenset(self.client_may)
        return self.devices | ({"user_id"} & self.by_name.keys())

    @cached_property
    def answers_max(self) -> int:
        """So many answers each memo below keeps; the older half goes first."""
        return 50_000

    def for_passing(self, answers_max: int) -> IdentityRules:
        """The same rules for people who come by once, as in a file: what is remembered of them is
        seldom asked for again, and a large memo costs more than it saves.
        """
        rules = msgspec.structs.replace(self)
        vars(rules)["answers_max"] = answers_max
        return rules

    @cached_property
    def usable_memo(self) -> dict[tuple[object, ...], Usable]:
        """Answers of `normalised`, bounded by it; they end with the rules they depend on."""
        return {}

    @cached_property
    def value_memo(self) -> dict[tuple[Identifier, str | None], Identifier | Reason]:
        """The same for one identifier at a time: (claim, region of a phone) → answer."""
        return {}

    @cached_property
    def blocked_patterns(self) -> dict[str, tuple[Pattern, ...]]:
        found: dict[str, list[Pattern]] = {}
        for rule in self.blocked:
            found.setdefault(rule.kind, []).append(compile_pattern(rule.pattern, rule.kind))
        return {kind: tuple(patterns) for kind, patterns in found.items()}


def compile_pattern(pattern: str, where: str) -> Pattern:
    """RE2, so that no pattern can be slow (SEC-16); a bad one is a ValueError that says where."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        compiled: Pattern = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{where}: bad pattern {pattern!r}: {text}") from None
    return compiled


DEFAULT_RULES = IdentityRules()
