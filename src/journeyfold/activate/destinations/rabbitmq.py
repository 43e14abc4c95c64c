"""RabbitMQ: each parcel a persistent message that the broker confirms, or gives back.

The message's id is the effect's, so a consumer can tell one that comes twice. A connection belongs
to the thread that opened it; one that the broker closed while it was idle is opened anew.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import msgspec

from journeyfold.activate.destination import Destined, Outcome, Parcel, Tools
from journeyfold.core.instant import SECOND_US

if TYPE_CHECKING:
    from pika import BlockingConnection, URLParameters
    from pika.adapters.blocking_connection import BlockingChannel

TIMEOUT_S = 15.0
HEARTBEAT_S = 15  # a broker that says nothing for longer is not waited for
_JSON = msgspec.json.Encoder(order="deterministic").encode


class RabbitMq(Destined, frozen=True, kw_only=True, tag="rabbitmq"):
    """`key` names the field whose value is the routing key, else it is `routing_key`. `secret` is
    the password of the user that `url` names.
    """

    takes = frozenset({"event", "webhook", "upsert", "remove"})
    batch = 100
    http = ()

    url: Annotated[str, msgspec.Meta(min_length=1, examples=["amqps://shop@rabbit:5671/"])]
    exchange: Annotated[str, msgspec.Meta(max_length=255)] = ""
    routing_key: Annotated[str, msgspec.Meta(max_length=255)] = ""
    key: str = ""
    secret: str = ""

    def __post_init__(self) -> None:
        scheme, mark, _ = self.url.partition("://")
        if "${" not in scheme and (not mark or scheme not in {"amqp", "amqps"}):
            raise ValueError("`url` begins with amqp:// or amqps://")

    def open(self, tools: Tools) -> Exchange:
        from pika import URLParameters

        secret = tools.secret(self.secret) if self.secret else ""
        parameters = URLParameters(_with_password(tools.secret(self.url), secret))
        parameters.heartbeat = HEARTBEAT_S
        parameters.socket_timeout = parameters.stack_timeout = TIMEOUT_S
        parameters.blocked_connection_timeout = TIMEOUT_S
        parameters.connection_attempts = 1  # when to try again is the dispatcher's business
        return Exchange(parameters, self.exchange, self.routing_key, self.key)


class Exchange:
    def __init__(
        self, parameters: URLParameters, exchange: str, routing_key: str, key: str
    ) -> None:
        self._parameters, self._exchange = parameters, exchange
        self._routing_key, self._key = routing_key, key
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._connections: list[BlockingConnection] = []

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return [self._delivered(parcel) for parcel in parcels]

    def _delivered(self, parcel: Parcel) -> Outcome:
        from pika import exceptions

        try:
            channel = self._channel()
        except (exceptions.ProbableAuthenticationError, exceptions.AuthenticationError):
            return Outcome("paused", "the broker knows no such user: mend its secret")
        except exceptions.ProbableAccessDeniedError as error:
            return Outcome("paused", f"the broker does not let us in: {_sentence(error)}")
        except (exceptions.AMQPError, OSError) as error:
            return Outcome("retry", _sentence(error), is_unreached=True)
        try:
            self._publish(channel, parcel)
        except exceptions.UnroutableError:
            return Outcome("dead", f"no queue takes '{self._key_of(parcel)}'")
        except exceptions.NackError:
            return Outcome("retry", "the broker could not keep it")
        except exceptions.ChannelClosedByBroker as error:
            self._forget()
            is_ours = error.reply_code in {403, 404}
            return Outcome("paused" if is_ours else "retry", error.reply_text)
        except (exceptions.AMQPError, OSError) as error:  # it was on its way
            self._forget()
            return Outcome("unknown", _sentence(error))
        return Outcome("sent")

    def _publish(self, channel: BlockingChannel, parcel: Parcel) -> None:
        from pika import BasicProperties

        channel.basic_publish(
            self._exchange,
            self._key_of(parcel),
            _JSON(parcel.body),
            BasicProperties(
                content_type="application/json", delivery_mode=2, message_id=parcel.key,
                type=parcel.kind, timestamp=parcel.at_us // SECOND_US, app_id="journeyfold",
                headers={"person": parcel.person},
            ),
            mandatory=True,
        )  # fmt: skip

    def _key_of(self, parcel: Parcel) -> str:
        value = parcel.body.get(self._key) if self._key else None
        return self._routing_key if value is None else str(value)

    def _channel(self) -> BlockingChannel:
        """This thread's own; one that went stale while nothing was sent is replaced."""
        from pika import BlockingConnection, exceptions

        channel: BlockingChannel | None = getattr(self._mine, "channel", None)
        if channel is not None:
            with suppress(exceptions.AMQPError):
                channel.connection.process_data_events(0)
            if channel.is_open:
                return channel
            self._forget()
        connection = BlockingConnection(self._parameters)
        with self._lock:
            self._connections.append(connection)
        made = connection.channel()
        made.confirm_delivery()
        self._mine.channel = made
        return made

    def _forget(self) -> None:
        """Nothing goes over this thread's connection any more."""
        from pika import exceptions

        channel: BlockingChannel | None = getattr(self._mine, "channel", None)
        if channel is None:
            return
        self._mine.channel = None
        with self._lock:
            self._connections.remove(channel.connection)
        with suppress(exceptions.AMQPError):
            channel.connection.close()

    def close(self) -> None:
        from pika import exceptions

        for connection in self._connections:
            with suppress(exceptions.AMQPError):
                connection.close()


def _with_password(url: str, secret: str) -> str:
    """Pika takes no user without a password; one that stands in the address is left alone."""
    scheme, mark, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    user, at, host = place.rpartition("@")
    if not user or ":" in user:
        return url
    return f"{scheme}{mark}{user}:{quote(secret, safe='')}{at}{host}{slash}{path}"


def _sentence(error: Exception) -> str:
    return str(error) or repr(error.args[0] if error.args else error)
