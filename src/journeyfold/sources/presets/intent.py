"""`preset: intent`: a third party's signals of interest → `Intent Observed`.

Expects `signal_id, observed_at, email, topic, strength, provider`; `strength` is 0 to 100.
"""

from __future__ import annotations

from journeyfold.sources.presets.filling import filling
from journeyfold.sources.recipe import Fields

intent = filling(
    Fields(
        id=("signal_id",),
        occurred="row.observed_at",
        identifiers={"email": "row.email"},
        properties={"topic": "row.topic", "strength": "row.strength", "provider": "row.provider"},
    ),
    event="Intent Observed",
    stages=("awareness", "consideration"),
)
