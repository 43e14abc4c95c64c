"""The sample desk's inventory: what its sources declare, and what is seen of them."""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.api.cards import SourceCard
from journeyfold.core.chance import uniform
from journeyfold.core.instant import HOUR_US, MINUTE_US
from journeyfold.project.references import STAGES
from journeyfold.project.stocktaking import (
    DAYS,
    HeldField,
    SourceFacts,
    SourceRow,
    StageRow,
    Stock,
    Stocked,
)

_STAGES = {
    "web": ("awareness", "consideration", "purchase"),
    "app-ios": ("consideration", "purchase"),
    "shop": ("purchase", "onboarding"),
    "orders": ("purchase", "retention"),
}
_DATA = {
    "web": "web",
    "app-ios": "mobile",
    "shop": "transactions, POS",
    "orders": "transactions, POS",
}


def stock_of(cards: Sequence[SourceCard], now_us: int) -> Stock:
    rows = [_stocked(card, now_us) for card in cards]
    stages = tuple(
        StageRow(stage, tuple(c.id for c in cards if stage in _STAGES.get(c.id, ())))
        for stage in STAGES
    )
    unused = tuple(f for each in rows for f in each.declared.fields if not f.used_by)
    gaps = tuple(each.stage for each in stages if each.is_gap)
    return Stock(tuple(rows), stages, unused, gaps)


def _stocked(card: SourceCard, now_us: int) -> Stocked:
    fields = (
        HeldField(card.id, "properties.coupon", "implicit", "", (), ("analytics",)),
        HeldField(
            card.id, "traits.email", "explicit", "user.contact.email", ("PII",),
            ("analytics", "personalization"), ("segment:returning-buyers",),
        ),
        HeldField(
            card.id, "traits.health_note", "implicit", "user.health_and_medical",
            ("PII", "sensitive"), (), ("journey:welcome",),
        ),
    )  # fmt: skip
    declared = SourceRow(
        card.id, card.kind, _DATA.get(card.id, ""), card.env, "team@example.com", "", "realtime",
        "15m", "", card.basis, ("analytics",), _STAGES.get(card.id, ()),
        ("order_completed.1",) if card.id != "web" else (), fields if card.id != "app-ios" else (),
    )  # fmt: skip
    if not card.last_us:
        return Stocked(declared, SourceFacts("silent", None, 24 * HOUR_US))
    age = now_us - card.last_us
    days = tuple(int(400 * (1 + uniform("sample", card.id, str(day)))) for day in range(DAYS))
    return Stocked(
        declared,
        SourceFacts(
            "stale" if age > HOUR_US else "fresh", age, 15 * MINUTE_US, is_learned=False,
            days=days, quarantined=27, score=0.9731, dimensions={"validity": 0.9731}, rules=4,
        ),
    )  # fmt: skip
