"""Kafka: each parcel a record of a topic, acknowledged by every replica in sync.

The producer is idempotent, so what it sends again by itself arrives once; what we send again after
a crash carries the same id in its headers. A removal is a tombstone: a compacted topic forgets the
row.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from journeyfold.activate.destination import Destined, Outcome, Parcel, Tools
from journeyfold.activate.sync import KEY

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message, Producer

DELIVERY_MS = 15_000
_SPARE_S = 5.0  # what the producer may take to tell of a time-out
_LOOKS = 20
_JSON = msgspec.json.Encoder(order="deterministic").encode


class Kafka(Destined, frozen=True, kw_only=True, tag="kafka"):
    """`key` names the field whose value places the record; without it the row's key or the person
    does. `secret` is the password where the broker wants one.
    """

    takes = frozenset({"event", "webhook", "upsert", "remove"})
    batch = 500

    servers: Annotated[
        str, msgspec.Meta(pattern=r"^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$", examples=["kafka:9092"])
    ]
    topic: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,249}$", examples=["orders"])]
    key: str = ""
    security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str = ""
    secret: str = ""
    compression: Literal["none", "gzip", "lz4", "zstd", "snappy"] = "none"

    def open(self, tools: Tools) -> Topic:
        settings: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.servers,
            "client.id": f"journeyfold-{tools.name}",
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": self.compression,
            "security.protocol": self.security,
            "message.timeout.ms": DELIVERY_MS,
            "topic.metadata.propagation.max.ms": 3_000,  # from then on it is known not to be there
            "linger.ms": 5,
            "log_level": 0,  # what goes wrong is told by each parcel's outcome
        }
        if self.security.startswith("sasl"):
            password = tools.secret(self.secret)
            settings |= {
                "sasl.mechanism": self.mechanism,
                "sasl.username": self.username,
                "sasl.password": password,
            }
        return Topic(settings, self.topic, self.key)


class Topic:
    """One producer for all threads; a fatal error of the broker's makes a new one."""

    def __init__(self, settings: dict[str, str | int | float | bool], topic: str, key: str) -> None:
        self._settings, self._topic, self._key = settings, topic, key
        self._lock = threading.Lock()
        self._producer: Producer | None = None
        self._problem = ""

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        producer = self._opened()
        reports: dict[str, Outcome] = {}
        for parcel in parcels:
            reports |= self._produce(producer, parcel, reports)
        producer.flush(DELIVERY_MS / 1000 + _SPARE_S)
        for _ in range(_LOOKS):  # another thread may be telling us just now
            if len(reports) == len(parcels):
                break
            producer.poll(0.05)
        missing = Outcome("unknown", "the broker did not say in time", is_unreached=True)
        return [reports.get(parcel.key, missing) for parcel in parcels]

    def _produce(
        self, producer: Producer, parcel: Parcel, reports: dict[str, Outcome]
    ) -> dict[str, Outcome]:
        def told(error: KafkaError | None, message: Message) -> None:
            reports[parcel.key] = self._outcome(error, message)

        try:
            producer.produce(
                self._topic, key=self._key_of(parcel), value=_value(parcel),
                headers=[("id", parcel.key.encode()), ("kind", parcel.kind.encode())],
                timestamp=parcel.at_us // 1000, on_delivery=told,
            )  # fmt: skip
        except BufferError:
            return {parcel.key: Outcome("retry", "too much is on its way to the broker")}
        except Exception as error:  # noqa: BLE001 - KafkaException is no public base class
            return {parcel.key: Outcome("dead", _sentence(error))}
        return {}

    def _outcome(self, error: KafkaError | None, message: Message) -> Outcome:
        if error is None:
            self._problem = ""
            place = f"{message.topic()}/{message.partition()}/{message.offset()}"
            return Outcome("sent", response=place)
        if error.fatal():
            self._forget()
        reason = error.str()
        if self._problem:
            reason = f"{reason}; {self._problem}"
        if error.name() in _FINAL:
            return Outcome("dead", reason)
        if error.name() in _OURS or _AUTHENTICATION in self._problem.lower():
            return Outcome("paused", f"{reason}: mend it, then resume it")
        return Outcome("unknown", reason, is_unreached=error.name() in _UNREACHED)

    def _key_of(self, parcel: Parcel) -> bytes:
        value = parcel.body.get(self._key) if self._key else parcel.body.get(KEY)
        found = parcel.person if value is None else value
        return found.encode() if isinstance(found, str) else _JSON(found)

    def _opened(self) -> Producer:
        from confluent_kafka import Producer

        with self._lock:
            if self._producer is None:
                self._problem = ""
                self._producer = Producer({**self._settings, "error_cb": self._heard})
            return self._producer

    def _heard(self, error: KafkaError) -> None:
        self._problem = error.str()

    def _forget(self) -> None:
        with self._lock:
            self._producer = None

    def close(self) -> None:
        if self._producer is not None:
            self._producer.flush(1.0)


_AUTHENTICATION = "authentication fail"
_FINAL = frozenset({"MSG_SIZE_TOO_LARGE", "INVALID_MSG", "INVALID_RECORD", "INVALID_TIMESTAMP"})
_OURS = frozenset(
    {"TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PART",
     "_UNKNOWN_TOPIC", "SASL_AUTHENTICATION_FAILED", "_AUTHENTICATION", "TOPIC_EXCEPTION"}
)  # fmt: skip
_UNREACHED = frozenset({"_MSG_TIMED_OUT", "_TRANSPORT", "_ALL_BROKERS_DOWN", "_TIMED_OUT"})


def _value(parcel: Parcel) -> bytes | None:
    """A removal has no value."""
    return None if parcel.kind == "remove" else _JSON(parcel.body)


def _sentence(error: Exception) -> str:
    """What librdkafka says, where it is one of its errors."""
    inner: object = error.args[0] if error.args else error
    said = getattr(inner, "str", None)
    return str(said() if callable(said) else inner)
