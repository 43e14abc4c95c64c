"""`preset: hubspot_contacts`: contacts as HubSpot exports them → `identify`.

Expects `id, lastmodifieddate, email, firstname, lastname, phone, lifecyclestage, country`; an edited
contact is another statement, so its time is part of the id (collect C41).
"""

from __future__ import annotations

from journeyfold.sources.inventory import Column
from journeyfold.sources.presets.filling import filling
from journeyfold.sources.recipe import Fields

hubspot_contacts = filling(
    Fields(
        id=("id", "lastmodifieddate"),
        occurred="row.lastmodifieddate",
        identifiers={"hubspot_id": "row.id", "email": "row.email", "phone": "row.phone"},
    ),
    columns=(
        Column("email", "traits.email", origin="explicit", tag="user.contact.email"),
        Column("firstname", "traits.first_name", origin="explicit", tag="user.name.first"),
        Column("lastname", "traits.last_name", origin="explicit", tag="user.name.last"),
        Column("phone", "traits.phone", origin="explicit", tag="user.contact.phone_number"),
        Column("country", "traits.country", origin="explicit"),
        Column("lifecyclestage", "traits.crm_stage", origin="implicit"),
    ),
    stages=("consideration", "retention"),
)
