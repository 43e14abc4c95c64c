"""Ready-made mappings: a preset fills in what the source's file leaves out (collect C45)."""

from __future__ import annotations

from collections.abc import Callable

from journeyfold.core.event import Event
from journeyfold.sources.inventory import MAIL_PRESETS, Preset, Source
from journeyfold.sources.presets.contacts import contacts
from journeyfold.sources.presets.demographics import demographics
from journeyfold.sources.presets.hubspot import hubspot_contacts
from journeyfold.sources.presets.intent import intent
from journeyfold.sources.presets.mail import mail
from journeyfold.sources.presets.mentions import mentions
from journeyfold.sources.presets.orders import orders
from journeyfold.sources.presets.products import products
from journeyfold.sources.presets.reviews import reviews
from journeyfold.sources.presets.salesforce import salesforce_contacts
from journeyfold.sources.presets.situation import situation
from journeyfold.sources.presets.surveys import surveys
from journeyfold.sources.presets.tickets import tickets
from journeyfold.sources.presets.wire import wire
from journeyfold.sources.sentiment import with_sentiment

PRESETS: dict[Preset, Callable[[Source], Source]] = {
    "orders": orders,
    "contacts": contacts,
    "hubspot_contacts": hubspot_contacts,
    "salesforce_contacts": salesforce_contacts,
    "tickets": tickets,
    "mentions": mentions,
    "demographics": demographics,
    "intent": intent,
    "situation": situation,
    "surveys": surveys,
    "reviews": reviews,
    "products": products,
    "wire": wire,
    **dict.fromkeys(MAIL_PRESETS, mail),
}


FINISHES: dict[Preset, Callable[[Event], Event]] = {"mentions": with_sentiment}
"""What a preset adds to an event that is mapped."""


def with_preset(source: Source) -> Source:
    """The source as it will be mapped; what the file says wins over the preset, key by key."""
    return source if source.preset is None else PRESETS[source.preset](source)
