"""Liquid under limits (trust SEC-15): a template may be wrong or hostile, never expensive.

python-liquid has no limits of its own. Besides its four switches this environment bounds what a
single filter takes and returns (`(1..9999999) | join`, `replace: "", s`, squared integers), reads
no clock (`now` is the instant it is given), loads no file, and knows no filter that turns
escaping off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from typing import TextIO

from liquid import BoundTemplate, Environment, RenderContext
from liquid.exceptions import (
    LiquidError,
    LocalNamespaceLimitError,
    OutputStreamLimitError,
    ResourceLimitError,
)
from liquid.loader import BaseLoader
from liquid.output import LimitedStringIO

SOURCE_BYTES_MAX = 256 * 1024
OUTPUT_BYTES_MAX = 256 * 1024
LOOP_STEPS_MAX = 10_000
LOCAL_BYTES_MAX = 1_000_000
DEPTH_MAX = 30
INTEGER_BITS_MAX = 1_024

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_READS_FILES = frozenset({"include", "render", "extends", "block", "import"})


class TemplateError(Exception):
    """The template's fault: what is wrong, and in which line. `at` is where in the source, and
    `what` the sentence without its line; -1 and empty where no place is known.
    """

    def __init__(self, message: str, *, at: int = -1, what: str = "") -> None:
        super().__init__(message)
        self.at, self.what = at, what


class LimitedContext(RenderContext):
    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        spent = buf.size if isinstance(buf, LimitedStringIO) else 0
        return _buffer(OUTPUT_BYTES_MAX - spent)


class LimitedTemplate(BoundTemplate):
    context_class = LimitedContext

    def _get_buffer(self) -> StringIO:
        return _buffer(OUTPUT_BYTES_MAX)


class LimitedEnvironment(Environment):
    """The only Liquid environment; `loader` is for conformance cases, projects have none."""

    template_class = LimitedTemplate
    loop_iteration_limit = LOOP_STEPS_MAX
    output_stream_limit = OUTPUT_BYTES_MAX
    local_namespace_limit = LOCAL_BYTES_MAX
    context_depth_limit = DEPTH_MAX
    block_nesting_limit = DEPTH_MAX

    def __init__(self, *, escape: bool, loader: BaseLoader | None = None) -> None:
        super().__init__(autoescape=escape, loader=loader)
        self.filters.pop("safe", None)
        for name, apply in self.filters.items():
            self.filters[name] = _bounded(name, apply)


def parse(source: str, *, escape: bool) -> BoundTemplate:
    """Compile once; raises TemplateError for what could not be rendered at all."""
    return parsed_in(_environment(escape), source)


def parsed_in(environment: LimitedEnvironment, source: str) -> BoundTemplate:
    """The same in an environment of one's own."""
    if len(source.encode()) > SOURCE_BYTES_MAX:
        raise TemplateError(f"the template is longer than {SOURCE_BYTES_MAX} bytes")
    try:
        template = environment.from_string(source)
        foreign = _READS_FILES.intersection(template.tag_names(include_partials=False))
        unknown = set(template.filter_names(include_partials=False)) - set(template.env.filters)
    except (LiquidError, RecursionError) as error:
        raise _fault(error) from error
    if foreign:
        tag = min(foreign)
        raise TemplateError(f"TemplateNotFound: '{tag}' has no other templates to load")
    if unknown:
        raise TemplateError(f"unknown filter '{min(unknown)}'")
    return template


def render(template: BoundTemplate, values: Mapping[str, object], now_us: int) -> str:
    """Plain values in, text out; raises TemplateError, never anything else."""
    now = _EPOCH + timedelta(microseconds=now_us)
    try:
        return str(template.render(values, now=now, today=now.date()))
    except Exception as error:  # what a template provokes in the engine is its fault (D7)
        raise _fault(error) from error


@cache
def _environment(escape: bool) -> LimitedEnvironment:  # noqa: FBT001 - a cache key
    return LimitedEnvironment(escape=escape)


class _Output(LimitedStringIO):
    """Counts as the library's own does, and does not encode what is ASCII to know its length."""

    def write(self, text: str) -> int:
        self.size += len(text) if text.isascii() else len(text.encode())
        if self.size > self.limit:
            raise OutputStreamLimitError("output stream limit reached", token=None)
        return StringIO.write(self, text)


def _buffer(limit: int) -> LimitedStringIO:
    """Without `newline=""` the library's buffer turns CR LF into LF."""
    return _Output(limit=limit, newline="")


def _fault(error: BaseException) -> TemplateError:
    if isinstance(error, LiquidError) and error.token is not None:
        return TemplateError(_sentence(error), at=error.token.start_index, what=str(error.message))
    return TemplateError(_sentence(error))


def _sentence(error: BaseException) -> str:
    if isinstance(error, LiquidError):
        if error.token is None or error.token.start_index < 0:
            return str(error.message)
        line = error.token.source.count("\n", 0, error.token.start_index) + 1
        return f"line {line}: {error.message}"
    return f"{type(error).__name__}: {error}"


def _bounded(name: str, apply: Callable[..., object]) -> Callable[..., object]:
    """The filter with its input and output measured before and after."""
    needs_context = getattr(apply, "with_context", False)
    needs_environment = getattr(apply, "with_environment", False)

    def measured(value: object, *args: object, **kwargs: object) -> object:
        for each in (value, *args):
            _measure(each)
        if name in _GROWS:
            _foresee(name, value, args)
        if name == "date" and value in ("now", "today"):
            value = kwargs["context"].resolve("now")  # type: ignore[attr-defined]  # Liquid's
        if not needs_context:
            kwargs.pop("context", None)
        result = apply(value, *args, **kwargs)
        _measure(result)
        return result

    if needs_context or name == "date":
        measured.with_context = True  # type: ignore[attr-defined]  # Liquid looks for it
    if needs_environment:
        measured.with_environment = True  # type: ignore[attr-defined]  # Liquid looks for it
    return measured


_GROWS = frozenset({"replace", "join"})


def _foresee(name: str, value: object, args: tuple[object, ...]) -> None:
    """A product of two bounded sizes is not bounded: count before building it."""
    if name == "replace" and len(args) > 1:
        text, seen, put = str(value), str(args[0]), str(args[1])
        size = len(text) + text.count(seen) * len(put)
    elif name == "join" and isinstance(value, list | tuple | range):
        glue = len(str(args[0])) if args else 1
        size = sum(len(str(each)) + glue for each in value)
    else:
        return
    if size > LOCAL_BYTES_MAX:
        raise ResourceLimitError(f"'{name}' would give {size} characters", token=None)


def _measure(value: object) -> None:
    match value:
        case bool():
            return
        case int() if value.bit_length() > INTEGER_BITS_MAX:
            raise LocalNamespaceLimitError("a number is too large", token=None)
        case str() if len(value) > LOCAL_BYTES_MAX:
            raise LocalNamespaceLimitError("a text is too long", token=None)
        case list() | tuple() | range() if len(value) > LOOP_STEPS_MAX:
            raise ResourceLimitError("a list is too long", token=None)
        case _:
            return
