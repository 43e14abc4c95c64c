"""The JSON API as a plain ASGI callable, in front of the console (decisions A1 to A8).

In order: route, method, key and scope, query, body, shape, answer. Whatever a client sends gets a
4xx with a code; 503 with Retry-After is for a full queue or a store that does not answer.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from journeyfold.api.auth import Proven, caller_of, shared_headers
from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, Operation, Reply, converted
from journeyfold.api.operations import OPERATIONS
from journeyfold.api.ports import Services
from journeyfold.api.route import Routes
from journeyfold.collect import cors
from journeyfold.collect.body import Gone, Receive, read_body
from journeyfold.collect.http import Send
from journeyfold.collect.json_entry import Refused, Shape, decoded, misshapen
from journeyfold.collect.request import Request, request_of
from journeyfold.core.errors import Busy, EngineError

_MEDIA = frozenset({b"application/json", b""})
_REGISTRY = frozenset(
    {b"application/vnd.schemaregistry.v1+json", b"application/vnd.schemaregistry+json"}
)
"""JSON as clients of schema registries name it."""
_NO_STORE = (b"cache-control", b"no-store")
_SHAPE = Shape(members=20_000)  # a batch of 500 subjects fits; the body's size bounds the rest
_CANONICAL = msgspec.msgpack.Encoder(order="sorted").encode


class Api:
    """`Api(services)` answers the paths that `owns` says are its own."""

    def __init__(self, services: Services, operations: Iterable[Operation] = OPERATIONS) -> None:
        self._services = services
        self._routes = Routes(operations)
        self._proven = Proven()

    def owns(self, path: str) -> bool:
        return self._routes.find(path) is not None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        request = request_of(scope)
        shared: cors.Headers = []
        try:
            answer: Answered | ApiError = await self._answer(request, receive, shared)
        except Gone:
            return
        except ApiError as error:
            answer = error
        except Busy as busy:
            answer = ApiError("busy", str(busy), retry_after_s=busy.retry_after_s)
        except EngineError:  # the store's own face has said why; a client can only come back
            answer = ApiError("busy", "the platform cannot answer just now", retry_after_s=5)
        if not isinstance(answer, Reply | ApiError):
            await answer(scope, receive, send)
            return
        await _send(send, answer, shared)

    async def _answer(self, request: Request, receive: Receive, shared: cors.Headers) -> Answered:
        route = self._routes.find(request.path)
        if route is None:
            raise ApiError("not_found", "there is nothing at this path")
        if request.method == "OPTIONS" and route.is_public:
            shared += cors.preflight(request.headers)
            return Reply(b"", 204)
        operation = route.by_method.get(request.method)
        if operation is None:
            raise ApiError("method_not_allowed", "not with this method", allow=route.allow)
        if operation.is_public:
            shared += cors.shared(request.headers.get(b"origin"), has_list=False)
        call = Call(self._services, request, None, route.values)
        self._admit(operation, call, shared)
        if operation.query is not None:
            call.query = converted(_query(request), operation.query, strict=False)
        if operation.body is not None:
            await _take_body(operation, call, receive)
        return await operation.answer(call)

    def _admit(self, operation: Operation, call: Call, shared: cors.Headers) -> None:
        if not operation.scope:
            return
        door = self._services.door
        call.caller = caller_of(
            door, call.request, operation.scope, self._proven,
            is_public=operation.is_public, key_in_query=operation.key_in_query,
        )  # fmt: skip
        if operation.is_public:
            shared[:] = shared_headers(door, call.caller, call.request)


async def _take_body(operation: Operation, call: Call, receive: Receive) -> None:
    """Decode once, bound the shape, convert to the operation's struct (SEC-2)."""
    media = call.request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    headers = call.request.headers
    if media in _REGISTRY:
        headers = {**headers, b"content-type": b"application/json"}
    elif media not in _MEDIA:
        raise ApiError("unsupported_type", "send JSON as application/json")
    raw = await read_body(receive, headers, operation.body_max)
    if raw == b"" and operation.is_body_optional:
        raw = b"{}"
    value = raw if isinstance(raw, Refused) else decoded(raw)
    refused = value if isinstance(value, Refused) else misshapen(value, _SHAPE)
    if refused is not None:
        raise ApiError(refused.code, refused.detail or refused.code, refused.pointer)
    call.body = converted(value, operation.body)
    digest = blake2b(_CANONICAL(value), digest_size=8).digest()
    call.fingerprint = int.from_bytes(digest, "big")


def _query(request: Request) -> dict[str, str]:
    """Of a repeated name the last counts; the write key is read elsewhere."""
    try:
        pairs = parse_qsl(
            request.query.decode("ascii"), keep_blank_values=True, errors="strict",
            max_num_fields=100,
        )  # fmt: skip
    except ValueError:
        raise ApiError("bad_request", "the query is not percent-encoded UTF-8") from None
    return {name: value for name, value in pairs if name != "writeKey"}


async def _send(send: Send, answer: Reply | ApiError, shared: cors.Headers) -> None:
    body = answer.body() if isinstance(answer, ApiError) else answer.body
    media = answer.media if isinstance(answer, Reply) else b"application/json"
    headers = [_NO_STORE, *shared]
    if answer.status != 204:
        headers.append((b"content-type", media))
        headers.append((b"content-length", str(len(body)).encode()))
    if isinstance(answer, ApiError):
        headers += answer.headers()
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
