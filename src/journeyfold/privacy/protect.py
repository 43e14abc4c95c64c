"""What may be stored of an event: the consent gate before the log, quarantine included (C28, PRV-6).

Pure: signals and stored consents are arguments. An event costs two look-ups while none of its
fields asks for a purpose. What is taken away is counted by name and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Literal, Protocol

import msgspec

from journeyfold.core.event import Event, Json
from journeyfold.core.profile import Statement
from journeyfold.privacy.consent import (
    NECESSARY,
    PrivacySettings,
    Registers,
    basis_grants,
    effective_of,
    joined,
    region_of,
)
from journeyfold.sources.inventory import Source

_SENSITIVE = (
    "user.authorization.biometric", "user.biometric", "user.childrens", "user.criminal_history",
    "user.demographic.political_opinion", "user.demographic.race_ethnicity",
    "user.demographic.religious_belief", "user.demographic.sexual_orientation",
    "user.financial", "user.government_id", "user.health_and_medical", "user.location.precise",
)  # fmt: skip  # by prefix of the taxonomy's keys: a region's default grants none of them (PRV-3)


class Protected(msgspec.Struct, frozen=True):
    """The event as it may be stored, or None and the code; `dropped` are names of fields."""

    event: Event | None
    dropped: tuple[str, ...] = ()
    code: str = "consent"


class Stored(msgspec.Struct, frozen=True):
    """Last committed consents of one node. `binds`: the request's own statements are about it,
    which for an unsigned client means its device nodes only (PRV-2).
    """

    registers: Registers
    binds: bool = True


class FieldRule(msgspec.Struct, frozen=True):
    """A property that asks for purposes: one granted is enough to keep it."""

    path: tuple[str, ...]
    purposes: frozenset[str]
    sensitive: bool = False


class Described(Protocol):
    """A schema of the registry."""

    type: str
    name: str
    purposes: tuple[str, ...]
    document: dict[str, Json]


Asked = Literal["nothing", "granted", "denied"]
"""What an event's fields ask of somebody who has said nothing: no purpose at all, purposes that are
granted by default, or some that are not.
"""


class EventRule(msgspec.Struct, frozen=True):
    purposes: frozenset[str] = frozenset()
    fields: tuple[FieldRule, ...] = ()


class Protection(msgspec.Struct, frozen=True):
    """One source's rules under the project in force; build it with `protection_of`."""

    events: dict[tuple[str, str], EventRule] = {}
    traits: tuple[FieldRule, ...] = ()
    grants: dict[str, Statement] = {}
    settings: PrivacySettings = PrivacySettings()
    whole_ip: bool = False
    unstated: dict[str, _Permits] = {}  # by region: what holds of those who have said nothing
    asked: dict[tuple[str, str, bool, str], Asked] = {}  # what `asked_of` has worked out


NO_RULE = EventRule()
ASKED_MAX = 10_000  # names are anybody's text


def protection_of(
    schemas: Iterable[Described], source: Source, settings: PrivacySettings
) -> Protection:
    """Schemas come by version, oldest first: the newest of a name decides."""
    events: dict[tuple[str, str], EventRule] = {}
    traits: dict[tuple[str, ...], FieldRule] = {}
    for schema in schemas:
        fields = tuple(_fields(schema.document, frozenset(schema.purposes)))
        if schema.type == "identify":
            traits |= {rule.path: rule for rule in fields}
            fields = ()
        events[schema.type, schema.name] = EventRule(frozenset(schema.purposes), fields)
    return Protection(
        events, tuple(traits.values()), basis_grants(source), settings, source.ip == "full"
    )


def protect(
    event: Event, signals: Registers, stored: Sequence[Stored], plan: Protection
) -> Protected:
    """`signals` are the event's own statements (`consent.statements`); nothing is written here."""
    rule = plan.events.get((event.type, event.name), NO_RULE)
    asks = rule.purposes or rule.fields or (event.traits and plan.traits)
    dropped: list[str] = []
    if asks:
        permits = _permits(event, signals, stored, plan)
        if rule.purposes and not permits.any_of(rule.purposes):
            return Protected(None)
        properties = _without(event.properties, rule.fields, permits, dropped)
        traits = _without(event.traits, plan.traits, permits, dropped) if event.traits else {}
        if dropped:
            event = _stripped(event, properties, traits)
    return Protected(_cut(event, plan), tuple(dropped))


def asked_of(event: Event, plan: Protection) -> Asked:
    """What must be known of an event's people; few kinds of events exist, each is asked once."""
    region = region_of(_country(event))
    key = (event.type, event.name, bool(event.traits), region)
    found = plan.asked.get(key)
    if found is None:
        found = _asked(event, plan)
        if len(plan.asked) < ASKED_MAX:
            plan.asked[key] = found
    return found


def as_stored(event: Event, plan: Protection) -> Event:
    """An event from which no purpose takes anything away, without what no purpose keeps."""
    return _cut(event, plan) if "ip" in event.context else event


def _asked(event: Event, plan: Protection) -> Asked:
    rule = plan.events.get((event.type, event.name), NO_RULE)
    fields = (*rule.fields, *(plan.traits if event.traits else ()))
    if not rule.purposes and not fields:
        return "nothing"
    permits = _permits(event, {}, (), plan)
    is_granted = (not rule.purposes or permits.any_of(rule.purposes)) and all(
        permits.any_of(field.purposes, sensitive=field.sensitive) for field in fields
    )
    return "granted" if is_granted else "denied"


def _permits(
    event: Event, signals: Registers, stored: Sequence[Stored], plan: Protection
) -> _Permits:
    """Of people who have said nothing there are three kinds, by region: those are remembered."""
    country = _country(event)
    if signals or any(one.registers for one in stored):
        return _Permits(_registers(signals, stored, plan), plan.settings, country)
    region = region_of(country)
    found = plan.unstated.get(region)
    if found is None:
        found = _Permits(_registers({}, (), plan), plan.settings, country)
        plan.unstated[region] = found
    return found


def _country(event: Event) -> str | None:
    country = event.context.get("country")
    return country if isinstance(country, str) else None


def _registers(
    signals: Registers, stored: Sequence[Stored], plan: Protection
) -> list[Mapping[str, Statement]]:
    """Everything that was said of these nodes, then what the source grants by itself."""
    said: list[Mapping[str, Statement]] = [
        joined(one.registers, signals) if one.binds and signals else one.registers for one in stored
    ]
    if signals and not any(one.binds for one in stored):
        said.append(signals)
    if plan.grants:
        said.append(plan.grants)
    return said


class _Permits:
    """Which purposes are granted by some registers, each worked out once."""

    def __init__(
        self,
        registers: list[Mapping[str, Statement]],
        settings: PrivacySettings,
        country: str | None,
    ) -> None:
        self._registers, self._settings, self._country = registers, settings, country
        self._known: dict[tuple[str, bool], bool] = {}

    def any_of(self, purposes: Iterable[str], *, sensitive: bool = False) -> bool:
        return any(self._is_granted(purpose, sensitive) for purpose in purposes)

    def _is_granted(self, purpose: str, sensitive: bool) -> bool:  # noqa: FBT001 - a memo's key
        key = (purpose, sensitive)
        if key not in self._known:
            found = effective_of(self._registers, purpose)
            if found == "unset" and not (sensitive and purpose != NECESSARY):
                found = self._settings.default(purpose, self._country)
            self._known[key] = found == "granted"
        return self._known[key]


def _fields(
    document: Mapping[str, Json], inherited: frozenset[str], at: tuple[str, ...] = ()
) -> Iterable[FieldRule]:
    """Properties with purposes of their own; those of the schema were asked of the event (PRV-7)."""
    properties = document.get("properties")
    for name, described in properties.items() if isinstance(properties, dict) else ():
        if not isinstance(described, dict):
            continue
        own, tag = described.get("x-purposes"), described.get("x-tag")
        sensitive = isinstance(tag, str) and tag.startswith(_SENSITIVE)
        purposes = frozenset(map(str, own)) if isinstance(own, list) else inherited
        if purposes and (sensitive or (isinstance(own, list) and NECESSARY not in purposes)):
            yield FieldRule((*at, name), purposes, sensitive)
        yield from _fields(described, inherited, (*at, name))


def _without(
    members: dict[str, Json], rules: Iterable[FieldRule], permits: _Permits, dropped: list[str]
) -> dict[str, Json]:
    kept = members
    for rule in rules:
        if not _has(kept, rule.path) or permits.any_of(rule.purposes, sensitive=rule.sensitive):
            continue
        kept = _cut_out(kept, rule.path)
        dropped.append(".".join(rule.path))
    return kept


def _has(members: Mapping[str, Json], path: tuple[str, ...]) -> bool:
    inner = members.get(path[0])
    if len(path) == 1:
        return path[0] in members
    return isinstance(inner, dict) and _has(inner, path[1:])


def _cut_out(members: Mapping[str, Json], path: tuple[str, ...]) -> dict[str, Json]:
    """A copy without what stands at the path."""
    copy = dict(members)
    inner = copy[path[0]]
    if len(path) == 1:
        del copy[path[0]]
    elif isinstance(inner, dict):
        copy[path[0]] = _cut_out(inner, path[1:])
    return copy


def _stripped(event: Event, properties: dict[str, Json], traits: dict[str, Json]) -> Event:
    """An identifier that was read from a trait goes with it."""
    gone = event.traits.keys() - traits.keys()
    identifiers = tuple(one for one in event.identifiers if one.kind not in gone)
    return msgspec.structs.replace(
        event, properties=properties, traits=traits, identifiers=identifiers
    )


def _cut(event: Event, plan: Protection) -> Event:
    """The address down to its /24 or /48, unless the source has a purpose for all of it (C28)."""
    ip = event.context.get("ip")
    if ip is None or plan.whole_ip:
        return event
    network = network_of(ip) if isinstance(ip, str) else None
    if network == ip:
        return event
    context = {key: value for key, value in event.context.items() if key != "ip"}
    if network is not None:
        context["ip"] = network
    return msgspec.structs.replace(event, context=context)


@lru_cache(maxsize=20_000)
def network_of(ip: str) -> str | None:
    """The /24 or /48 that an address is in; None for what is no address."""
    try:
        address = ip_address(ip.strip())
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    host_bits = 8 if address.version == 4 else 80
    return str(type(address)(int(address) >> host_bits << host_bits))
