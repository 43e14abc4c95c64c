"""Consent: statements per identifier node and purpose, and what they permit (PRV-1 to PRV-4).

The latest statement of a (node, purpose) stands; a person has the most restrictive of their nodes.
Both are functions of the set of statements, so order, merges and splits cannot change them, and no
merge permits more than its parts did.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from journeyfold.core.event import Event, Json, Record
from journeyfold.core.profile import Profile, Statement
from journeyfold.sources.inventory import Basis, Source

State = Literal["granted", "denied"]
Effective = Literal["granted", "denied", "unset"]
Registers = dict[str, Statement]
"""purpose → the statement that stands, of one node."""

NECESSARY = "necessary"
PURPOSES = (
    NECESSARY, "functional", "analytics", "personalization", "marketing", "marketing_email",
    "marketing_sms", "ads_share", "profiling_automated", "fairness",
)  # fmt: skip
SIGNALLED_BY_GPC = "ads_share"
_STATEMENT_EVENT = "Consent Updated"
_BEFORE_ALL_US = -1
_OWN_MAX = 100  # purposes beside ours that one node can hold
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_EU = frozenset({
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE",
    "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
})  # fmt: skip
_LIKE_EU = frozenset({"IS", "LI", "NO", "GB", "UK", "CH"})


class PurposeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A purpose of the project's own, or another basis for one of ours."""

    basis: Basis = "consent"


class ConsentDefaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds where nobody has said anything (PRV-3)."""

    eu: Literal["deny", "allow"] = "deny"
    us: Literal["deny", "allow"] = "allow"
    unknown: Literal["deny", "allow"] = "deny"


class PrivacySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`privacy:` of journeyfold.yaml."""

    purposes: dict[str, PurposeRule] = {}
    defaults: ConsentDefaults = ConsentDefaults()

    @property
    def known(self) -> tuple[str, ...]:
        """Every purpose a statement may be about."""
        return (*PURPOSES, *(name for name in self.purposes if name not in PURPOSES))

    def default(self, purpose: str, country: str | None = None) -> State:
        """Necessary always; a basis other than consent grants; else the region's default."""
        rule = self.purposes.get(purpose)
        if purpose == NECESSARY or (rule is not None and rule.basis != "consent"):
            return "granted"
        region = region_of(country)
        allowed = {"eu": self.defaults.eu, "us": self.defaults.us}.get(
            region, self.defaults.unknown
        )
        return "granted" if allowed == "allow" else "denied"


def region_of(country: str | None) -> Literal["eu", "us", "unknown"]:
    """EU, EEA, UK and Switzerland are `eu`; a country not told is unknown."""
    code = country.upper() if country else ""
    if code in _EU or code in _LIKE_EU:
        return "eu"
    return "us" if code == "US" else "unknown"


def states_consent(event: Event) -> bool:
    """Whether an event can say anything about consent; cheap, for every event is asked."""
    context = event.context
    return event.name == _STATEMENT_EVENT or "consent" in context or "gpc" in context


def statements(event: Event) -> Registers:
    """What the event says of its nodes: purpose → statement.

    `Consent Updated` and `context.consent` carry maps of purposes. GPC denies sharing for
    advertising in a register of its own, which only a statement `despite_signal` lifts (PRV-4).
    """
    if not states_consent(event):
        return {}
    context = event.context
    given = context.get("consent")
    stated = event.name == _STATEMENT_EVENT
    said: Registers = {}
    if isinstance(given, dict):
        said |= _stated(given, event)
    if stated:
        said |= _stated(event.properties, event)
    if context.get("gpc") is True and signal_of(SIGNALLED_BY_GPC) not in said:
        said[signal_of(SIGNALLED_BY_GPC)] = _statement("denied", event, signal="gpc")
    return said


def fold_consent(profile: Profile, record: Record, nodes: Iterable[bytes]) -> tuple[str, ...]:
    """Write what the record states to the nodes it binds (PRV-2); the hex nodes written to."""
    said = statements(record.event)
    if not said:
        return ()
    written = tuple(node.hex() for node in nodes)
    for node in written:
        profile.consents[node] = joined(profile.consents.get(node, {}), said)
    return written


def basis_grants(source: Source) -> Registers:
    """Purposes that a source with another basis than consent has by default (PRV-3).

    Older than every statement, so whatever a person says stands before it.
    """
    if source.basis == "consent":
        return {}
    return {
        purpose: Statement("granted", _BEFORE_ALL_US, "", source.source, source.basis)
        for purpose in source.purposes
        if purpose != NECESSARY
    }


def fold_basis(profile: Profile, owner: bytes, grants: Mapping[str, Statement]) -> bool:
    """Note the grants of a record's source at its owner; True when that was new."""
    if not grants:
        return False
    node = owner.hex()
    known = profile.consents.get(node, {})
    if grants.keys() <= known.keys():
        return False
    profile.consents[node] = joined(known, grants)
    return True


def merge_consents(a: Mapping[str, Registers], b: Mapping[str, Registers]) -> dict[str, Registers]:
    """The union of two people's registers."""
    return {node: joined(a.get(node, {}), b.get(node, {})) for node in {**a, **b}}


def joined(a: Mapping[str, Statement], b: Mapping[str, Statement]) -> Registers:
    """Two registers of one node: the later statement of each purpose stands."""
    union = dict(a)
    for purpose, statement in b.items():
        known = union.get(purpose)
        if known is None or _order(statement) > _order(known):
            union[purpose] = statement
    return _bounded(union) if len(union) > _OWN_MAX else union


def effective_of(registers: Iterable[Mapping[str, Statement]], purpose: str) -> Effective:
    """Over a person's nodes: any denied → denied; else any granted → granted; else unset."""
    found: Effective = "unset"
    signalled = signal_of(purpose)
    for register in registers:
        signal = register.get(signalled)
        if signal is not None and signal.state == "denied":
            return "denied"
        statement = register.get(purpose)
        if statement is not None:
            if statement.state == "denied":
                return "denied"
            found = "granted"
    return found


def effective(profile: Profile, purpose: str) -> Effective:
    return effective_of(profile.consents.values(), purpose)


def is_granted(
    profile: Profile, purpose: str, settings: PrivacySettings, country: str | None
) -> bool:
    """After precedence (PRV-3): what was said, else the default of the region."""
    found = effective(profile, purpose)
    return (settings.default(purpose, country) if found == "unset" else found) == "granted"


_REGISTERS = msgspec.msgpack.Decoder(dict[str, Statement])
_ENCODE = msgspec.msgpack.Encoder(order="deterministic").encode


def encode_registers(registers: Registers) -> bytes:
    """The value of a node in the door's space `consent`."""
    return _ENCODE(registers)


def decode_registers(raw: bytes) -> Registers:
    return _REGISTERS.decode(raw)


def signal_of(purpose: str) -> str:
    """Where a node's register keeps what a signal says of a purpose."""
    return f"{purpose}/signal"


def _stated(about: Mapping[str, Json], event: Event) -> Registers:
    """The map of purposes in `about`, under the names that consent managers use for it."""
    purposes = about.get("purposes", about.get("categoryPreferences"))
    if not isinstance(purposes, dict):
        return {}
    version = about.get("policy_version")
    said: Registers = {}
    for purpose, value in purposes.items():
        state = _STATES.get(value) if isinstance(value, (str, bool)) else None
        if state is None or purpose == NECESSARY or not _NAME.fullmatch(purpose):
            continue
        said[purpose] = _statement(state, event, version if isinstance(version, str) else "")
        if about.get("despite_signal") is True:
            said[signal_of(purpose)] = said[purpose]
    return said


_STATES: dict[str | bool, State] = {
    True: "granted", False: "denied", "granted": "granted", "denied": "denied",
}  # fmt: skip


def _statement(state: State, event: Event, version: str = "", signal: str = "") -> Statement:
    """An instant of the future counts as that of the receipt (PRV-1)."""
    return Statement(
        state=state,
        occurred_us=min(event.occurred_us, event.received_us),
        event=event.id,
        source=event.source,
        policy_version=version,
        signal=signal,
    )


def _order(statement: Statement) -> tuple[int, str, str, str, bool, str]:
    """Latest by (occurred, event id); the rest only makes the order total, denial last."""
    return (
        statement.occurred_us, statement.event, statement.source, statement.basis,
        statement.state == "denied", statement.signal,
    )  # fmt: skip


def _bounded(register: Registers) -> Registers:
    """All of our purposes and the first of the sender's own by name: a node's register is small."""
    own = sorted(name for name in register if name.partition("/")[0] not in PURPOSES)
    dropped = frozenset(own[_OWN_MAX:])
    return {name: statement for name, statement in register.items() if name not in dropped}
