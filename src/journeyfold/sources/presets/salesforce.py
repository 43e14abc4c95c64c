"""`preset: salesforce_contacts`: Contact records of Salesforce → `identify`.

Expects `Id, SystemModstamp, Email, FirstName, LastName, Phone, MailingCountry, AccountId,
IsDeleted`; what is deleted is left out.
"""

from __future__ import annotations

from journeyfold.sources.inventory import Column
from journeyfold.sources.presets.filling import filling
from journeyfold.sources.recipe import Branch, Fields, Filtered

salesforce_contacts = filling(
    Fields(
        id=("Id", "SystemModstamp"),
        occurred="row.SystemModstamp",
        identifiers={"salesforce_id": "row.Id", "email": "row.Email", "phone": "row.Phone"},
    ),
    map=(
        Branch(when="row.IsDeleted", filter=Filtered("filtered", "deleted")),
        Branch(type="identify"),
    ),
    columns=(
        Column("Email", "traits.email", origin="explicit", tag="user.contact.email"),
        Column("FirstName", "traits.first_name", origin="explicit", tag="user.name.first"),
        Column("LastName", "traits.last_name", origin="explicit", tag="user.name.last"),
        Column("Phone", "traits.phone", origin="explicit", tag="user.contact.phone_number"),
        Column("MailingCountry", "traits.country", origin="explicit"),
        Column("AccountId", "traits.account_id", origin="implicit"),
    ),
    stages=("consideration", "retention"),
)
