"""`preset: products`: the product catalogue → `Product Listed`, which belongs to nobody.

Expects `sku, updated_at, name, category, brand, price, currency, availability, url, image_url`. The
version is part of the id, so a changed price is another record; no profile comes of it.
"""

from __future__ import annotations

from journeyfold.sources.presets.filling import filling
from journeyfold.sources.recipe import Fields

products = filling(
    Fields(
        id=("sku", "updated_at"),
        occurred="row.updated_at",
        properties={
            "sku": "row.sku",
            "name": "row.name",
            "category": "row.category",
            "brand": "row.brand",
            "price": "row.price",
            "currency": "row.currency",
            "availability": "row.availability",
            "url": "row.url",
            "image_url": "row.image_url",
        },
    ),
    event="Product Listed",
    stages=("consideration", "purchase"),
)
