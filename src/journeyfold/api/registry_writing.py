"""The writing side of the registry's face: register a version, choose a mode (quality Q10).

Both change files of the project, as publishing in the console does: what is there beside them stays,
and what somebody edited on the disk meanwhile is not written over. Nothing is ever deleted here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import get_args

import msgspec

from journeyfold.api.cards import Stale
from journeyfold.api.journey_edit import with_setting
from journeyfold.api.operation import Answered, Call, Reply, reply
from journeyfold.api.registry import gone, published_of, refused, told
from journeyfold.core.errors import ProjectError
from journeyfold.project.registered import Published
from journeyfold.project.registering import Registering, Unfit, registering
from journeyfold.quality.compatibility import Mode
from journeyfold.quality.lock import MODES_FILE

_INCOMPATIBLE, _BAD_SCHEMA, _BAD_MODE, _NOT_PERMITTED = 409, 42201, 42203, 42205


class SchemaNumber(msgspec.Struct, frozen=True):
    """The number of the version that has this content."""

    id: int


class ModeBody(msgspec.Struct, frozen=True):
    """One of `NONE`, `BACKWARD`, `FORWARD`, `FULL`, and with `_TRANSITIVE` against all versions."""

    compatibility: str


async def answer_register(call: Call) -> Answered:
    published = await published_of(call)
    return await asyncio.to_thread(_register, call, published)


async def answer_set_config(call: Call) -> Answered:
    return await asyncio.to_thread(_set_mode, call, await published_of(call), "")


async def answer_set_subject_config(call: Call) -> Answered:
    published = await published_of(call)
    subject = call.path["subject"]
    if not published.versions(subject):
        return gone()
    return await asyncio.to_thread(_set_mode, call, published, published.name_of(subject))


def _register(call: Call, published: Published) -> Reply:
    if call.body.schema_type != "JSON":
        said = f"schemaType {call.body.schema_type[:32]}; only JSON is known here"
        return refused(422, "bad_request", _BAD_SCHEMA, f"Invalid schema: {said}")
    found = registering(published.project, call.path["subject"], call.body.schema)
    if isinstance(found, str):
        return refused(422, "bad_request", _BAD_SCHEMA, f"Invalid schema: {found}")
    if isinstance(found, Unfit):
        said = "; ".join(told(each) for each in found.changes[:5])
        return refused(409, "conflict", _INCOMPATIBLE, f"The schema may not follow: {said}")
    assert isinstance(found, Registering), "the kind that is left"
    wrong = _written(call, published, found.files, call.path["subject"])
    return wrong or reply(SchemaNumber(found.id))


def _set_mode(call: Call, published: Published, subject: str) -> Reply:
    mode = call.body.compatibility
    if mode not in get_args(Mode):
        said = f"'{mode[:64]}' is no mode; one of {', '.join(get_args(Mode))}"
        return refused(422, "bad_request", _BAD_MODE, said)
    text = published.project.files.get(MODES_FILE, "")
    path = ("subjects", subject) if subject else ("compatibility",)
    changed = with_setting(text, path, mode)
    wrong = _written(call, published, {MODES_FILE: changed}, subject or "all")
    return wrong or reply(ModeBody(mode))


def _written(call: Call, published: Published, files: Mapping[str, str], what: str) -> Reply | None:
    """The answer when they could not be written."""
    if not files:
        return None
    desk, actor = call.services.desk, f"key {call.known_caller.key_id}"
    try:
        desk.project.publish(
            {**published.project.files, **files}, base=published.project.hash, actor=actor
        )
    except Stale:
        said = "The project changed meanwhile; ask again once its newest version is in force"
        return refused(409, "conflict", _NOT_PERMITTED, said)
    except ProjectError as error:
        return refused(422, "bad_request", _BAD_SCHEMA, error.problems[0].message)
    except PermissionError:
        said = "The project's directory may not be written to; change its files where they are kept"
        return refused(422, "bad_request", _NOT_PERMITTED, said)
    desk.keys.audit(actor, "registry.write", what)
    return None
