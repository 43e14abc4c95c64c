"""Schemas as JSON: events, versions with labels, and the fields where messages fail (quality 2.1)."""

from __future__ import annotations

import asyncio

import msgspec

from journeyfold.api.operation import Answered, Call, found, reply
from journeyfold.project.schema_cards import SchemaCard, SchemaSheet


class SchemasBody(msgspec.Struct, frozen=True):
    """By name; `waiting` and `total` count messages that broke a version of it."""

    schemas: tuple[SchemaCard, ...]


async def answer_schemas(call: Call) -> Answered:
    cards = await asyncio.to_thread(call.services.desk.schemas.cards)
    return reply(SchemasBody(tuple(cards)))


async def answer_schema(call: Call) -> Answered:
    sheet: SchemaSheet | None = await asyncio.to_thread(
        call.services.desk.schemas.sheet, call.path["schema"]
    )
    return reply(found(sheet, "schema"))
