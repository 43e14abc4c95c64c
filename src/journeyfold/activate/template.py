"""A message as its author wrote it: `templates/<id>/template.yaml` and its bodies (journeys A10).

Bodies stand beside it: `body.html` or `body.mjml`, `body.txt`, and each again with a locale
before the ending (`body.de.html`).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from journeyfold.journey.step import Name

BODY = re.compile(r"body(?:\.([a-z]{2}(?:-[A-Z]{2})?))?\.(mjml|html|txt)")
"""The name of a body file: its locale, if any, and its format."""


class MessageTemplate(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"sender": "from"}
):
    """Headers and meaning of a message; texts are Liquid."""

    template: Name
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=998)]
    sender: str = ""
    reply_to: str = ""
    preheader: str = ""
    purpose: str = ""
    message_class: Literal["marketing", "transactional"] | None = msgspec.field(
        default=None, name="class"
    )
