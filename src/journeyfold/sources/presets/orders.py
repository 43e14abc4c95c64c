"""`preset: orders`: a table of order lines → `Order Completed` and `Order Refunded` (collect C45).

Expects the columns `order_id, customer_id, ordered_at, sku, name, quantity, unit_price, currency`,
one line a product. Lines of an order become one event; a total below zero is a refund; lines
without a customer are filtered as `no_customer`. A source whose columns are named otherwise writes
its own `group`, `map` or `fields`, each of which replaces the one here.
"""

from __future__ import annotations

import msgspec

from journeyfold.sources.inventory import Source
from journeyfold.sources.recipe import Branch, Fields, Filtered

GROUP = ("order_id",)
MAP = (
    Branch(
        when="row.customer_id is not None and sum(rows, item.quantity * item.unit_price) < 0",
        event="Order Refunded",
    ),
    Branch(when="row.customer_id is not None", event="Order Completed"),
    Branch(otherwise=Filtered("filtered", "no_customer")),
)
FIELDS = Fields(
    id=("order_id",),
    occurred="min(rows, item.ordered_at)",
    identifiers={"customer_id": "row.customer_id"},
    properties={
        "order_id": "row.order_id",
        "currency": "row.currency",
        "total": "sum(rows, item.quantity * item.unit_price)",
        "products": {
            "each": "rows",
            "sku": "item.sku",
            "name": "item.name",
            "quantity": "item.quantity",
            "price": "item.unit_price",
        },
    },
)


def orders(source: Source) -> Source:
    return msgspec.structs.replace(
        source,
        group=source.group or GROUP,
        map=source.map or MAP,
        fields=source.fields or FIELDS,
    )
