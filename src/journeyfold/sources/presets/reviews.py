"""`preset: reviews`: product reviews → `Product Reviewed`.

Expects `review_id, written_at, email, sku, rating, title, body`; a rating is 1 to 5.
"""

from __future__ import annotations

from journeyfold.sources.presets.filling import filling
from journeyfold.sources.recipe import Branch, Fields, Filtered

reviews = filling(
    Fields(
        id=("review_id",),
        occurred="row.written_at",
        identifiers={"email": "row.email"},
        properties={
            "sku": "row.sku", "rating": "row.rating", "title": "row.title", "body": "row.body",
        },
    ),
    map=(
        Branch(
            when="row.rating is None or row.rating < 1 or row.rating > 5",
            filter=Filtered("quarantined", "rating_out_of_range"),
        ),
        Branch(event="Product Reviewed"),
    ),
    stages=("advocacy",),
)  # fmt: skip
