"""`preset: tickets`: one row a change of a support ticket → `Ticket Opened`, `Updated` and `Solved`.

Expects `ticket_id, updated_at, created_at, status, requester_email, subject, channel, priority,
satisfaction`. The first row of a ticket is the one that was changed when it was created.
"""

from __future__ import annotations

from journeyfold.sources.presets.filling import filling
from journeyfold.sources.recipe import Branch, Fields

tickets = filling(
    Fields(
        id=("ticket_id", "updated_at"),
        occurred="row.updated_at",
        identifiers={"email": "row.requester_email"},
        properties={
            "ticket_id": "row.ticket_id",
            "status": "row.status",
            "subject": "row.subject",
            "channel": "row.channel",
            "priority": "row.priority",
            "satisfaction": "row.satisfaction",
        },
    ),
    map=(
        Branch(when='lower(row.status) in ["solved", "closed"]', event="Ticket Solved"),
        Branch(when="row.updated_at == row.created_at", event="Ticket Opened"),
        Branch(event="Ticket Updated"),
    ),
    stages=("retention",),
)
