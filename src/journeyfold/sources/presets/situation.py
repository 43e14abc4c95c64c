"""`preset: situation`: where somebody was and what the weather was like → `Situation Observed`.

Expects `observation_id, observed_at, customer_id, place, geocell, condition, temp_c`; `geocell` is as
coarse as consent allows (collect C49).
"""

from __future__ import annotations

from journeyfold.sources.presets.filling import filling
from journeyfold.sources.recipe import Fields

situation = filling(
    Fields(
        id=("observation_id",),
        occurred="row.observed_at",
        identifiers={"customer_id": "row.customer_id"},
        context={
            "location": {"place": "row.place", "geocell": "row.geocell"},
            "weather": {"condition": "row.condition", "temp_c": "row.temp_c"},
        },
    ),
    event="Situation Observed",
    stages=("consideration", "purchase"),
)
