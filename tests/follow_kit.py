"""A database that is followed into a log: a real server, a source, and what came of it."""

import itertools
from contextlib import contextmanager

import msgspec
import pg8000.native
from servers.postgres import PASSWORD, USER, cluster
from servers.process import LOCAL

from journeyfold.adapters.memory import MemoryLog
from journeyfold.adapters.postgres_slot import PostgresSlot
from journeyfold.collect.admit import Verdict, gate_of
from journeyfold.core.instant import instant_us
from journeyfold.quality.registry import load_registry
from journeyfold.runtime.following import Following, settings_of
from journeyfold.sources.change import change_mapping
from journeyfold.sources.inventory import Source

TABLE = """CREATE TABLE {name} (id int PRIMARY KEY, email text, city text, bio text)"""
MAP = {
    "map": [{"type": "identify"}],
    "fields": {
        "identifiers": {"email": "row.after.email"},
        "traits": {"city": "row.after.city", "bio": "row.after.bio"},
        "properties": {"op": "row.op", "id": "row.key.id", "changed": "row.changed"},
    },
}


_NUMBER = itertools.count()


class Clock:
    def now_us(self):
        return instant_us("2030-01-01T00:00:00Z")


def nodes_of(event):
    return tuple(each.value.encode()[:16].ljust(16) for each in event.identifiers), True


def allow_all(event, _nodes):
    return Verdict(event)


class Database:
    """One table of a cluster, with a publication of its own name."""

    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.connection = None
        self.run(TABLE.format(name=name))
        self.run(f"ALTER TABLE {name} REPLICA IDENTITY FULL")
        self.run(f"CREATE PUBLICATION {name} FOR TABLE {name}")

    def run(self, sql):
        if self.connection is None:
            self.connection = pg8000.native.Connection(
                USER, host=LOCAL, port=self.cluster.port, password=PASSWORD, database="postgres"
            )
        return self.connection.run(sql)

    def insert(self, *people):
        rows = ", ".join(
            f"({number}, '{name}@example.com', 'Bonn', NULL)" for number, name in people
        )
        self.run(f"INSERT INTO {self.name} (id, email, city, bio) VALUES {rows}")

    def source(self, **keys):
        settings = {"url": "x", "slot": self.name, "publication": self.name}
        settings |= keys.pop("postgres", {})
        given = {"source": "crm", "kind": "cdc", "read": {"postgres": settings}} | MAP | keys
        return msgspec.convert(given, Source)

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def drop_slot(self):
        """Whoever reads from it has ended, or ends now."""
        self.run(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
            f"WHERE slot_name = '{self.name}'"
        )


@contextmanager
def following_server():
    """A server whose changes can be followed."""
    with cluster("wal_level=logical") as running:
        yield running


@contextmanager
def table(cluster, prefix):
    """A table of its own, whose slot goes with it."""
    made = Database(cluster, f"{prefix}_{next(_NUMBER)}")
    yield made
    made.drop_slot()
    made.close()


class Follower:
    """`follow` until nothing is new; `restarted` is another process on the same log."""

    def __init__(self, database, *, log=None, append=None, protect=allow_all, **keys):
        self.database, self.keys = database, keys
        self.log = log or MemoryLog()
        source = database.source(**keys)
        gate = gate_of(
            source, load_registry({}), protect=protect,
            nodes_of=nodes_of, mapping=change_mapping(source),
        )  # fmt: skip
        slot = PostgresSlot("crm", settings_of(source), database.cluster.url)
        self.following = Following(append or self.log, gate, slot, Clock())

    def follow(self):
        for _ in range(100):
            if not self.following.step():
                return self
        raise AssertionError("it never ends")

    def restarted(self, **keys):
        self.close()
        return Follower(self.database, log=self.log, **(self.keys | keys))

    def close(self):
        self.following.close()

    @property
    def records(self):
        return self.log.read(-1, 1_000_000)

    @property
    def events(self):
        return [record.event for record in self.records]

    @property
    def held(self):
        return [each.held for each in self.log.quarantine.page()]

    @property
    def told(self):
        """(operation, who) of each event, in order."""
        return [
            (event.properties.get("op", event.name), event.identifiers[0].value.split("@")[0])
            for event in self.events
            if event.identifiers
        ]
