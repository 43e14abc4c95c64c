"""Cleaning over HTTP: how many values of each source were changed, and which could not be read (Q17)."""

from __future__ import annotations

import asyncio

import msgspec

from journeyfold.api.operation import Answered, Call, reply
from journeyfold.project.cleaned import Tally
from journeyfold.project.taxonomies import Missed


class CleanedBody(msgspec.Struct, frozen=True):
    """By source, field and cleaner; a field whose values all came as wanted has no cleaner."""

    fields: tuple[Tally, ...]


class MissesBody(msgspec.Struct, frozen=True):
    """Most frequent first; `nearest` are up to three terms, by likeness from 85 of 100 on."""

    misses: tuple[Missed, ...]


async def answer_misses(call: Call) -> Answered:
    return reply(MissesBody(tuple(await asyncio.to_thread(call.services.misses))))


async def answer_cleaned(call: Call) -> Answered:
    return reply(CleanedBody(tuple(await asyncio.to_thread(call.services.cleaned))))
