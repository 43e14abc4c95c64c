"""The registry over HTTP, in the form that clients of schema registries know (quality Q10).

Subjects, versions, numbers, compatibility and modes, as they stand in the project; what writes is
in `registry_writing`. Errors carry both our code and the registry's (40401 no subject, 40402 no version, …).
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api.errors import ErrorDetail
from journeyfold.api.operation import Answered, Call, Reply, reply
from journeyfold.project.registered import Published, Registered, is_schema
from journeyfold.quality.evolution import Change

_NO_SUBJECT, _NO_VERSION, _NO_SCHEMA, _NO_MODE = 40401, 40402, 40403, 40408
_BAD_SCHEMA, _BAD_VERSION = 42201, 42202


class RegistryError(msgspec.Struct, frozen=True):
    """`error` as everywhere else, and beside it what clients of registries read."""

    error: ErrorDetail
    error_code: int
    message: str


class SchemaText(msgspec.Struct, frozen=True, rename="camel"):
    """A schema by its number."""

    schema: str
    schema_type: str = "JSON"


class SchemaVersion(msgspec.Struct, frozen=True, rename="camel"):
    """A published version of a subject; `schema` is its JSON as text."""

    subject: str
    version: int
    id: int
    schema: str
    schema_type: str = "JSON"


class SchemaRequest(msgspec.Struct, frozen=True, rename="camel"):
    """A candidate. Only JSON Schema is known here."""

    schema: Annotated[str, Meta(max_length=256 * 1024)]
    schema_type: str = "JSON"


class Compatible(msgspec.Struct, frozen=True):
    """`messages` say what stands against it, with a document where one was found."""

    is_compatible: bool
    messages: tuple[str, ...] = ()


class ConfigBody(msgspec.Struct, frozen=True, rename="camel"):
    """The mode for all, or of one subject."""

    compatibility_level: str


class ConfigQuery(msgspec.Struct, frozen=True, rename="camel"):
    """`defaultToGlobal`: answer with the mode for all where a subject has none of its own."""

    default_to_global: bool = False


async def answer_subjects(call: Call) -> Answered:
    return reply((await published_of(call)).subjects())


async def answer_types(_call: Call) -> Answered:
    return reply(["JSON"])


async def answer_versions(call: Call) -> Answered:
    published = await published_of(call)
    return reply(published.versions(call.path["subject"])) if _knows(call, published) else gone()


async def answer_version(call: Call) -> Answered:
    found = _version(call, await published_of(call))
    return reply(_body(found)) if isinstance(found, Registered) else found


async def answer_by_id(call: Call) -> Answered:
    number = _number(call.path["id"])
    found = (await published_of(call)).by_id(number) if number else None
    if found is None:
        return refused(404, "not_found", _NO_SCHEMA, "Schema not found")
    return reply(SchemaText(found.schema))


async def answer_look_up(call: Call) -> Answered:
    published = await published_of(call)
    if not _knows(call, published):
        return gone()
    found = published.like(call.path["subject"], call.body.schema)
    if found is None:
        return refused(404, "not_found", _NO_SCHEMA, "Schema not found")
    return reply(_body(found))


async def answer_compatible(call: Call) -> Answered:
    published = await published_of(call)
    found = _version(call, published)
    if not isinstance(found, Registered):
        return found
    wrong = is_schema(call.body.schema)
    if wrong is None:
        number = None if call.path["version"] in {"latest", "-1"} else found.version
        judged = await asyncio.to_thread(published.judged, found.subject, call.body.schema, number)
        if not isinstance(judged, str):
            return reply(Compatible(not judged, tuple(map(told, judged))))
        wrong = judged
    return refused(422, "bad_request", _BAD_SCHEMA, f"Invalid schema: {wrong}")


async def answer_config(call: Call) -> Answered:
    return reply(ConfigBody(str((await published_of(call)).mode())))


async def answer_subject_config(call: Call) -> Answered:
    published = await published_of(call)
    if not _knows(call, published):
        return gone()
    mode = published.mode(call.path["subject"])
    if mode is None and not call.query.default_to_global:
        said = "Subject does not have subject-level compatibility configured"
        return refused(404, "not_found", _NO_MODE, said)
    return reply(ConfigBody(str(mode or published.mode())))


async def published_of(call: Call) -> Published:
    """What the version in force holds."""
    return await asyncio.to_thread(call.services.desk.project.registry)


def _knows(call: Call, published: Published) -> bool:
    return bool(published.versions(call.path["subject"]))


def _version(call: Call, published: Published) -> Registered | Reply:
    if not _knows(call, published):
        return gone()
    text = call.path["version"]
    number = None if text in {"latest", "-1"} else _number(text)
    if number == 0:
        said = "The specified version is not a positive number or 'latest'"
        return refused(422, "bad_request", _BAD_VERSION, said)
    found = published.version(call.path["subject"], number)
    return found or refused(404, "not_found", _NO_VERSION, f"Version {text} not found.")


def _number(text: str) -> int:
    """0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _body(found: Registered) -> SchemaVersion:
    return SchemaVersion(found.subject, found.version, found.id, found.schema)


def told(change: Change) -> str:
    """What stands against a version, in one sentence."""
    shown = f": {change.document}" if change.document else ""
    known = "" if change.is_known else "nobody can tell: "
    return (
        f"{known}{change.direction} {change.version} {change.pointer or '/'}: {change.why}{shown}"
    )


def gone() -> Reply:
    """There is no such subject."""
    return refused(404, "not_found", _NO_SUBJECT, "Subject not found.")


def refused(status: int, code: str, number: int, message: str) -> Reply:
    return reply(RegistryError(ErrorDetail(code, message), number, message), status)
