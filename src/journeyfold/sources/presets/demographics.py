"""`preset: demographics`: what a third party says of people, by customer → `identify`.

Expects `customer_id, as_of` and `age_band, household_size, income_band, education, urbanicity`. All of
it is implicit: the person has stated none, so put this source last in `source_priority`.
"""

from __future__ import annotations

from journeyfold.sources.inventory import Column
from journeyfold.sources.presets.filling import filling
from journeyfold.sources.recipe import Fields

_TOLD = ("age_band", "household_size", "income_band", "education", "urbanicity")

demographics = filling(
    Fields(
        id=("customer_id", "as_of"),
        occurred="row.as_of",
        identifiers={"customer_id": "row.customer_id"},
    ),
    columns=tuple(
        Column(name, f"traits.{name}", origin="implicit", tag="user.demographic") for name in _TOLD
    ),
    stages=("awareness", "consideration"),
)
