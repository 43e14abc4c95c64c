"""The one entry for foreign JSON (SEC-1, SEC-2): bytes to plain values, or a refusal with a code.

What comes out is safe to store, to hash and to fold: UTF-8 without surrogates, finite floats,
integers within int64, bounded depth, members and keys. Duplicate keys keep their last value, and
only re-encoded values are ever stored (collect C13). msgspec decodes because it keeps 2^64 exact,
so that the range check sees it; its own recursion limit is far above ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias, Union

import msgspec

from journeyfold.core.event import INT64_MAX, INT64_MIN, Json

Members: TypeAlias = dict[str, Json]

_decode = msgspec.json.decode
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NOT_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_OUT_OF_RANGE = "out of range"  # msgspec says so of 1e400 and of integers beyond its own limit


class Refused(msgspec.Struct, frozen=True):
    """Why something cannot be taken: a stable code and a JSON pointer to the place."""

    code: str
    pointer: str = ""
    detail: str = ""


class Shape(msgspec.Struct, frozen=True):
    """The limits of one value's shape (collect C11)."""

    depth: int = 32
    members: int = 1000
    key_bytes: int = 256


WIRE = Shape()


class Bounded(list[object]):
    """Items whose depth, keys and integers were seen to be within `BOUND` while they were decoded."""


BOUND = Shape(depth=8, key_bytes=64)

_Key = Annotated[str, msgspec.Meta(max_length=BOUND.key_bytes)]  # of characters: cautious
_Int64 = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]


def _bounded(depth: int) -> Any:
    """The type of a JSON value at most so deep: each level is a type of its own to msgspec."""
    plain: Any = Union[str, _Int64, float, bool, None]  # noqa: UP007 - an annotation has no `|`
    value = plain
    for _ in range(depth):
        value = dict[_Key, value] | list[value] | plain  # type: ignore[valid-type]  # at run time
    return value


# What client libraries send. Anything beside it is decoded the long way, so that what would be
# skipped here is checked as well.
_BoundedFrame = msgspec.defstruct(
    "_BoundedFrame",
    [
        ("batch", list[dict[_Key, _bounded(BOUND.depth - 1)]]),  # type: ignore[misc]  # built above
        *((name, Any, None) for name in ("context", "integrations", "sentAt", "writeKey")),
    ],
    forbid_unknown_fields=True,
)
_decode_bounded: Callable[[bytes], Any] = msgspec.json.Decoder(_BoundedFrame).decode


class _Frame(msgspec.Struct):
    batch: list[msgspec.Raw]
    context: Any = None
    integrations: Any = None
    sentAt: Any = None  # noqa: N815 - the wire's name
    writeKey: Any = None  # noqa: N815 - the wire's name


def decoded(body: bytes) -> object | Refused:
    """Any JSON value, its shape not yet checked."""
    try:
        value: object = _decode(body)
    except RecursionError:
        code = "too_deep" if _is_balanced(body) else "invalid_json"
        return Refused(code, detail="nested deeper than 32 levels")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if _OUT_OF_RANGE in str(error):
            return Refused("number_out_of_range", detail="a number is outside int64 or double")
        return Refused("invalid_json", detail=str(error))
    return value


def decoded_batch(body: bytes) -> object | Refused:
    """A batch whose unreadable items are `Refused` in their places.

    The usual batch is checked while it is decoded; its items come as `Bounded`. One number too
    large must not cost its 99 neighbours (collect C36): only when the whole cannot be decoded for
    that reason are the items decoded one by one.
    """
    try:
        usual = _decode_bounded(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # unusual or wrong: the long way tells
    else:
        return {**msgspec.structs.asdict(usual), "batch": Bounded(usual.batch)}
    whole = decoded(body)
    if not isinstance(whole, Refused) or whole.code != "number_out_of_range":
        return whole
    try:
        frame = msgspec.json.decode(body, type=_Frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return whole
    items = [decoded(bytes(item)) for item in frame.batch]
    return {**msgspec.structs.asdict(frame), "batch": items}


def misshapen(value: object, shape: Shape = WIRE) -> Refused | None:
    """The first place where a decoded value breaks the limits, walked without recursion.

    Level by level, so that depth costs nothing to know; about 5 µs for an event of 1 kB. Only a
    finding pays for its pointer.
    """
    members = depth = 0
    level: list[object] = [value]
    while level:
        depth += 1
        below: list[object] = []
        for node in level:
            if type(node) is dict:
                members += len(node)
                for key, child in node.items():
                    if len(key) > 64 and len(key.encode()) > shape.key_bytes:
                        return Refused("key_too_long", _pointer_to(value, key), "above 256 bytes")
                    kind = type(child)
                    if kind is str:
                        continue
                    if kind is dict or kind is list:
                        below.append(child)
                    elif kind is int and not INT64_MIN <= child <= INT64_MAX:
                        return _too_large(value, child)
            else:
                children: list[Any] = node if isinstance(node, list) else [node]
                for child in children:
                    kind = type(child)
                    if kind is dict or kind is list:
                        below.append(child)
                    elif kind is int and not INT64_MIN <= child <= INT64_MAX:
                        return _too_large(value, child)
        if depth > shape.depth:
            return Refused("too_deep", "", f"nested deeper than {shape.depth} levels")
        if members > shape.members:
            return Refused("too_many_properties", "", f"more than {shape.members} members")
        level = below
    return None


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _too_large(value: object, number: object) -> Refused:
    return Refused("number_out_of_range", _pointer_to(value, number), "not a 64-bit integer")


def _pointer_to(value: object, wanted: object) -> str:
    """Where `wanted` (a key or an integer, by identity) stands; cut to what a reply can carry."""
    stack: list[tuple[object, str]] = [(value, "")] if isinstance(value, dict | list) else []
    while stack:
        node, where = stack.pop()
        if len(where) > 512:
            continue
        pairs = node.items() if isinstance(node, dict) else enumerate(node)  # type: ignore[arg-type]  # a list
        for name, child in pairs:
            if name is wanted:
                return where + pointer(str(name)[:64])
            if child is wanted:
                return where + pointer(name)
            if isinstance(child, dict | list):
                stack.append((child, where + pointer(name)))
    return ""


def _is_balanced(body: bytes) -> bool:
    """Do the brackets outside strings close in order? Linear in the body, no recursion (C13)."""
    expected = bytearray()
    for bracket in _STRING.sub(b"", body).translate(None, _NOT_BRACKET):
        if bracket in b"[{":
            expected.append(bracket + 2)  # "]" and "}" are two behind their opening brackets
        elif not expected or expected.pop() != bracket:
            return False
    return not expected
