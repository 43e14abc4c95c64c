"""Liquid that gives JSON: whatever a value holds, it stays the value it was put for. Pure.

Between quotes `{{ traits.first_name }}` is escaped as JSON text; elsewhere `{{ traits.tags | json }}`
writes a value with its quotes. So no value of a visitor can end a string and add a key. What is
not there is an error with its name, unless `| default: …` or `| json` (null) says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TextIO

import msgspec
from liquid import BoundTemplate, RenderContext
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.capture_tag import CaptureNode, CaptureTag
from liquid.builtin.tags.echo_tag import EchoNode, EchoTag
from liquid.exceptions import LiquidTypeError, UndefinedError
from liquid.stringify import to_liquid_string
from liquid.undefined import Undefined

from journeyfold.core.event import Json
from journeyfold.decide.template import LimitedEnvironment, TemplateError, parsed_in, render

_UNSHIELDED = ("cycle", "tablerow")  # they write values as they are, and nobody needs them here


class JsonText(str):
    """What is JSON already."""

    __slots__ = ()


def rendered_json(source: str, values: Mapping[str, object], now_us: int) -> dict[str, Json]:
    """Raises TemplateError for a template that fails, or gives anything but an object."""
    text = render(parsed(source), values, now_us)
    try:
        return msgspec.json.decode(text, type=dict[str, Json])
    except msgspec.ValidationError:
        raise TemplateError("the payload is no JSON object") from None
    except msgspec.DecodeError as error:
        raise TemplateError(f"the payload is no JSON: {error}") from None


@cache  # a project has tens of templates, and each is rendered for many people
def parsed(source: str) -> BoundTemplate:
    """Compile once; raises TemplateError."""
    return parsed_in(_environment(), source)


def _write(node: OutputNode, context: RenderContext, buffer: TextIO) -> int:
    value = node.expression.evaluate(context)
    if isinstance(value, Undefined):
        raise UndefinedError(
            f"'{node.expression}' is not there; write | default: … or | json", token=node.token
        )
    if isinstance(value, JsonText):
        return buffer.write(value)
    text = to_liquid_string(value, autoescape=False)
    return buffer.write(msgspec.json.encode(text).decode()[1:-1])


class _Written(OutputNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return _write(self, context, buffer)


class _Echoed(EchoNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return _write(self, context, buffer)


class _Kept(CaptureNode):
    """What was captured is JSON text already."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        kept = context.get_buffer(buffer)
        self.block.render(context, kept)
        context.assign(self.name, JsonText(kept.getvalue()))
        return 0


class _Output(Output):
    node_class = _Written


class _Echo(EchoTag):
    node_class = _Echoed


class _Capture(CaptureTag):
    node_class = _Kept


@cache
def _environment() -> LimitedEnvironment:
    environment = LimitedEnvironment(escape=False)
    for tag in (_Output, _Echo, _Capture):
        environment.add_tag(tag)
    for name in _UNSHIELDED:
        del environment.tags[name]
    environment.filters["json"] = _json
    return environment


def _json(value: object) -> JsonText:
    if isinstance(value, Undefined):
        return JsonText("null")
    try:
        return JsonText(msgspec.json.encode(value).decode())
    except (TypeError, ValueError) as error:
        raise LiquidTypeError(f"no JSON: {error}", token=None) from error
