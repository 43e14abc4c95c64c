"""What browser libraries fetch before they send (collect C03). Pure."""

from __future__ import annotations

import msgspec

from journeyfold.collect.keys import Presented
from journeyfold.collect.reply import Answer, Headers
from journeyfold.core.instant import rfc3339
from journeyfold.core.keys import ApiKey

_JSON = (b"content-type", b"application/json")


def settings(presented: Presented, headers: Headers) -> Answer:
    """`/v1/projects/{key}/settings`: the one integration is ourselves."""
    body = {"integrations": {"Segment.io": {"apiKey": presented.text}}}
    return Answer(200, msgspec.json.encode(body), [_JSON, *headers])


def source_config(presented: Presented, key: ApiKey, now_us: int, headers: Headers) -> Answer:
    """`/sourceConfig/`: a source without destinations, in the shape RudderStack's library reads."""
    source = {
        "id": key.source,
        "name": key.source,
        "writeKey": presented.text,
        "enabled": True,
        "workspaceId": "journeyfold",
        "destinations": [],
        "connections": [],
        "dataplanes": {},
        "config": {
            "statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}
        },
        "sourceDefinition": {"name": "Javascript"},
        "updatedAt": rfc3339(now_us),
    }
    body = msgspec.json.encode({"source": source, "updatedAt": rfc3339(now_us)})
    return Answer(200, body, [_JSON, *headers])
