"""Who sends: the values of `sources/*.yaml`, one `Source` a file (collect 3, quality Q38).

A `Source` that exists is well formed: keys, alternatives and cross-key rules are checked when it is
built. Durations and sizes stay the text the user wrote; `_us` and `_bytes` properties read them.
Expressions stay text too, because only the project knows their types.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from journeyfold.core.event import Json
from journeyfold.sources.pull import Sql
from journeyfold.sources.recipe import Branch, Cursor, Fields, Read, require_duration
from journeyfold.sources.size import size_bytes
from journeyfold.sources.timetable import read_timetable

Origin = Literal["browser", "server", "mobile", "webhook", "import", "cdc", "stream"]
Environment = Literal["development", "live"]
Basis = Literal["consent", "contract", "legitimate_interest", "legal"]
FieldOrigin = Literal["explicit", "implicit"]
"""Explicit: the person stated it. Implicit: observed, bought or inferred (quality Q38)."""
DataKind = Literal[
    "crm", "transactions", "web", "mobile", "support", "social", "demographics", "intent",
    "context", "survey",
]  # fmt: skip
Enrichment = Literal["user_agent", "geo", "campaign", "language", "local_time", "weather"]
OnUnknownEvent = Literal["allow", "flag", "quarantine", "reject"]
OnUnknownProperty = Literal["allow", "strip", "flag", "quarantine"]
OnInvalid = Literal["quarantine", "flag", "reject"]
Preset = Literal[
    "wire", "orders", "contacts", "hubspot_contacts", "salesforce_contacts", "tickets", "mentions",
    "demographics", "intent", "situation", "surveys", "reviews", "products", "sendgrid", "mandrill", "mailgun",
    "bounces",
]  # fmt: skip
MAIL_PRESETS: tuple[Preset, ...] = ("sendgrid", "mandrill", "mailgun", "bounces")
"""Of hooks that say what became of messages."""
Signature = Literal[
    "standard", "stripe", "shopify", "github", "meta", "slack", "twilio", "mailgun", "sendgrid",
    "mandrill", "hubspot", "zendesk", "hmac", "basic", "bearer",
]  # fmt: skip


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the tracking plan does with a message that does not fit; None means by `env` (C29)."""

    unknown_event: OnUnknownEvent | None = None
    unknown_property: OnUnknownProperty | None = None
    invalid: OnInvalid | None = None


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of one source (collect C11, C14, C36); None means the default of its kind."""

    events_per_s: int = 1000
    burst: int = 5000
    max_event: str | None = None  # 32KiB; imports and streams 256KiB
    max_body: str = "512KiB"  # decoded; at most 4MiB
    max_batch: int = 2500
    max_members: int | None = None  # 1,000; imports and streams 20,000
    max_depth: int = 32
    event_names: int = 2000
    trait_keys: int = 500
    property_keys: int = 2000

    def __post_init__(self) -> None:
        for key in ("max_event", "max_body"):
            text = getattr(self, key)
            if text is not None and size_bytes(text) is None:
                raise ValueError(f"{key}: {text!r} is no size; write 32KiB or 1MiB")
        if self.max_body_bytes > 4 * 1024 * 1024:
            raise ValueError(f"max_body: {self.max_body} is above 4MiB")
        for key in ("events_per_s", "burst", "max_batch", "event_names", "property_keys"):
            if getattr(self, key) < 1:
                raise ValueError(f"{key}: must be at least 1")

    @property
    def max_body_bytes(self) -> int:
        return size_bytes(self.max_body) or 0


class QuarantineStore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long and how much quarantine keeps for this source (collect C30)."""

    keep: str = "30d"
    max_size: str = "1GiB"

    def __post_init__(self) -> None:
        require_duration("keep", self.keep)
        if size_bytes(self.max_size) is None:
            raise ValueError(f"max_size: {self.max_size!r} is no size; write 1GiB")


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a delivery is verified and named (collect C38, C39).

    The parts below `tolerance` are read by `verify: hmac` (all parts configurable) and may
    override those of a preset.
    """

    verify: Signature = "standard"
    secrets: tuple[str, ...] = ()  # several may be live; `${env:NAME}`
    tolerance: str = "300s"
    header: str | None = None  # where the signature stands
    timestamp_header: str | None = None
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""  # before the signature, as `sha256=`
    signed: str = "{body}"  # also {timestamp}, {method}, {url}
    id: str | None = None  # header name or JSON pointer of the vendor's delivery id
    each: str | None = None  # JSON pointer of the array whose items become events

    def __post_init__(self) -> None:
        require_duration("tolerance", self.tolerance)
        if self.verify == "hmac" and self.header is None:
            raise ValueError("verify: hmac needs `header`, the name of the signature's header")


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column taken over one to one, with what the inventory says of it (quality Q38)."""

    source: str = msgspec.field(name="from")
    to: str
    clean: Json = None
    origin: FieldOrigin | None = None
    tag: str | None = None  # fideslang key (quality Q02)
    purposes: tuple[str, ...] | None = None


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the inventory says of a field that no column carries (quality Q38)."""

    origin: FieldOrigin | None = None
    tag: str | None = None
    purposes: tuple[str, ...] | None = None


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `sources/`: who sends, under which plan, limits, purposes and mapping."""

    kind: Origin
    source: str = ""  # optional in the file; the loader fills in the stem
    description: str = ""
    env: Environment = "development"

    # inventory (quality Q38)
    owner: str = ""
    contact: str = ""
    update: str = ""  # realtime | 15m | daily 05:30
    sla: str = ""
    stages: tuple[str, ...] = ()
    retention: str = ""
    columns: tuple[Column, ...] = ()
    data: DataKind | None = None  # what kind of data it is
    origin: FieldOrigin | None = None  # of fields that say nothing themselves
    holds: dict[str, Note] = {}  # field of the event, as traits.email → what is said of it

    # privacy (trust PRV-3, collect C28)
    basis: Basis = "consent"
    purposes: tuple[str, ...] = ()  # granted by default under another basis than consent
    ip: Literal["cut", "full"] = "cut"
    location: Literal["cut", "full"] = "cut"  # coordinates to 0.1 degrees (collect C49)

    # the door
    origins: tuple[str, ...] = ()  # browser origins; empty echoes any, without credentials
    allow_ips: tuple[str, ...] = ()  # CIDR
    keys: tuple[str, ...] = ()  # foreign keys taken verbatim (collect C07)
    plan: Plan | None = None
    limits: Limits = msgspec.field(default_factory=Limits)
    quarantine: QuarantineStore = msgspec.field(default_factory=QuarantineStore)
    enrich: tuple[Enrichment, ...] = get_args(Enrichment)
    webhook: Webhook | None = None

    # imports
    preset: Preset | None = None
    read: Read | None = None
    schedule: str = ""  # when it runs by itself: 15m | hourly | daily 05:30 | a cron line
    group: tuple[str, ...] = ()  # rows are sorted by these and mapped a group at a time
    time_zone: str = "UTC"  # of naive local times (collect C42)
    map: tuple[Branch, ...] = ()
    fields: Fields | None = None
    cursor: Cursor | None = None

    clean: dict[str, Json] = {}  # field of the event → its cleaning, before the fold (quality Q18)

    def __post_init__(self) -> None:
        if self.kind == "import" and self.read is None:
            raise ValueError("kind: import needs `read`, the file or query to read")
        if self.kind == "cdc" or (self.read is not None and self.read.postgres is not None):
            self._require_followable()
        if self.schedule:
            self._require_schedule()
        if self.kind == "webhook" and self.webhook is None:
            raise ValueError("kind: webhook needs `webhook`, how deliveries are verified")
        for key, what in (("ip", "addresses"), ("location", "coordinates")):
            if getattr(self, key) == "full" and not self.purposes:
                raise ValueError(f"`{key}: full` needs `purposes`: what whole {what} are kept for")
        if self.preset in MAIL_PRESETS:
            self._require_bare()
        if any(branch.otherwise for branch in self.map[:-1]):
            raise ValueError("`otherwise` must be the last line of `map`")

    def _require_followable(self) -> None:
        """The position of a change is its id, and its order (collect C46)."""
        if self.kind != "cdc" or self.read is None or self.read.postgres is None:
            raise ValueError("`kind: cdc` and `read: {postgres: …}` go together")
        if self.group or self.cursor or self.preset or (self.fields and self.fields.id):
            raise ValueError(
                "kind: cdc has no `group`, `cursor`, `preset` or `fields.id`: the position of a "
                "change is its id, and its order"
            )

    def _require_schedule(self) -> None:
        if self.kind != "import":
            raise ValueError("schedule: is for `kind: import`; others are not read but sent")
        try:
            read_timetable(self.schedule)
        except ValueError as error:
            raise ValueError(f"schedule: {error}") from None

    def _require_bare(self) -> None:
        """What a provider or a returned mail says is not mapped (journeys A14)."""
        if self.kind != "webhook":
            raise ValueError(f"`preset: {self.preset}` is for `kind: webhook`")
        if self.map or self.fields or self.group or self.columns or self.read:
            raise ValueError(f"`preset: {self.preset}` maps nothing: leave out map and fields")

    @property
    def rhythm(self) -> str:
        """When something is expected: as declared, else as it is read by itself. A snapshot brings
        what changed only, so its schedule promises nothing.
        """
        pull = self.read.sql if self.read is not None else None
        is_snapshot = isinstance(pull, Sql) and pull.mode == "snapshot"
        return self.update or ("" if is_snapshot else self.schedule)

    @property
    def names_nobody(self) -> bool:
        """Its rows are about things: they need no identifier, and no profile comes of them."""
        return self.preset == "products"

    @property
    def bulk(self) -> bool:
        """Imports and streams have wider limits than the wire (collect C11)."""
        return self.kind in {"import", "cdc", "stream"}

    @property
    def max_event_bytes(self) -> int:
        default = "256KiB" if self.bulk else "32KiB"
        return size_bytes(self.limits.max_event or default) or 0

    @property
    def max_members(self) -> int:
        return self.limits.max_members or (20_000 if self.bulk else 1_000)

    def plan_in_force(self) -> tuple[OnUnknownEvent, OnUnknownProperty, OnInvalid]:
        """(unknown event, unknown property, invalid): what is written, else by `env` (C29)."""
        given, live = self.plan or Plan(), self.env == "live"
        return (
            given.unknown_event or ("quarantine" if live else "allow"),
            given.unknown_property or ("strip" if live else "allow"),
            given.invalid or "quarantine",
        )
