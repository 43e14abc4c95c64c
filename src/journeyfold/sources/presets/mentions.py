"""`preset: mentions`: posts about the brand in social networks → `Brand Mentioned`.

Expects `mention_id, posted_at, network, author_id, handle, text, url, likes, shares, followers, sentiment`. The
author is known by `author_id`, as `mastodon:ann@example.social`; `sentiment` is -1 to 1; where it is
empty, the text is scored by a small lexicon (`sources/sentiment.py`) and the event says so.
"""

from __future__ import annotations

from journeyfold.sources.presets.filling import filling
from journeyfold.sources.recipe import Fields

mentions = filling(
    Fields(
        id=("network", "mention_id"),
        occurred="row.posted_at",
        identifiers={"social_id": "lower(row.author_id)"},
        properties={
            "network": "row.network",
            "text": "row.text",
            "url": "row.url",
            "sentiment": "row.sentiment",
            "engagement": "row.likes + row.shares",
            "author": {"handle": "row.handle", "followers": "row.followers"},
        },
    ),
    event="Brand Mentioned",
    stages=("awareness", "advocacy"),
)
