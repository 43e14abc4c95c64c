"""What of the registry is settled: published versions by content, and compatibility (Q01, Q04).

`schemas.lock.yaml` is written by `journeyfold schema publish`; a version that stands in it never
changes again. `schemas.yaml` says which changes may be published.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.compatibility import Mode

DEFAULT: Mode = "FULL_TRANSITIVE"
LOCK_FILE = "schemas.lock.yaml"
MODES_FILE = "schemas.yaml"
_HEAD = "# Written by `journeyfold schema publish`. What stands here never changes again.\n"


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version that others may rely on. `id` is the number in front of records on Kafka topics."""

    hash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    id: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class SchemaLock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """File stem (`order_completed.1`) → what was published under it."""

    published: dict[str, Published] = {}

    def with_version(self, stem: str, document: Mapping[str, Json]) -> SchemaLock:
        """The same document has the same number wherever it is published."""
        digest = content_hash(document)
        if stem in self.published:
            return self
        known = {each.hash: each.id for each in self.published.values()}
        number = known.get(digest) or max(known.values(), default=0) + 1
        return SchemaLock({**self.published, stem: Published(digest, number)})

    def text(self) -> str:
        """The file, a line a version."""
        lines = [
            f"  {stem}: {{id: {each.id}, hash: {each.hash}}}\n"
            for stem, each in sorted(self.published.items(), key=lambda row: _in_order(row[0]))
        ]
        return _HEAD + ("published:\n" + "".join(lines) if lines else "published: {}\n")


class SchemaModes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`schemas.yaml`: which changes may be published, by subject or for all."""

    compatibility: Mode = DEFAULT
    subjects: dict[str, Mode] = {}  # event:<type>/<name>

    def of(self, subject: str) -> Mode:
        return self.subjects.get(subject, self.compatibility)


def content_hash(document: Mapping[str, Json]) -> str:
    """SHA-256 of the document as canonical JSON: layout and the order of keys are nobody's."""
    return sha256(msgspec.json.encode(document, order="sorted")).hexdigest()


def subject_of(type_: str, name: str) -> str:
    return f"event:{type_}/{name}"


def _in_order(stem: str) -> tuple[str, int]:
    slug, _, version = stem.rpartition(".")
    return slug, int(version) if version.isdigit() else 0
