"""An import with memory behind it: a file, a source that reads it, a log that remembers."""

import msgspec

from journeyfold.adapters.memory import MemoryLog
from journeyfold.collect.admit import Verdict, gate_of
from journeyfold.collect.batch import Options, cursor_name, run_import
from journeyfold.core.instant import instant_us
from journeyfold.quality.registry import load_registry
from journeyfold.sources.inventory import Source

NOW_US = instant_us("2026-11-22T03:00:00Z")
ORDERS = {
    "fields": {
        "id": ["order"],
        "occurred": "row.at",
        "identifiers": {"email": "row.email"},
        "properties": {"total": "row.total"},
    },
    "map": [{"event": "Order Completed"}],
}
TYPES = {"at": "timestamp", "total": "float"}


def nodes_of(event):
    return tuple(
        f"{each.kind}:{each.value}".encode()[:16].ljust(16) for each in event.identifiers
    ), True


def allow_all(event, _nodes):
    return Verdict(event)


def deny_all(_event, _nodes):
    return Verdict(None, "consent")


class Shop:
    """A source over one file in a directory, and the log it is imported into."""

    def __init__(self, directory, read, *, schemas=None, protect=allow_all, **keys):
        self.directory, self.log, self.appends = directory, MemoryLog(), 0
        self.now_us = NOW_US
        self.progress = []
        self.fail_at = None
        source = msgspec.convert({"source": "shop", "kind": "import", "read": read} | keys, Source)
        self.gate = gate_of(
            source, load_registry(schemas or {}), protect=protect, nodes_of=nodes_of
        )  # fmt: skip

    def resolve(self, text):
        """What `${env:NAME}` in a path or an address stands for."""
        return text

    @property
    def pulling(self):
        """How a server is asked; a file is not."""
        return None

    def append(self, items, *, rejected, cursor):
        self.appends += 1
        if self.appends == self.fail_at:
            raise KeyboardInterrupt
        return self.log.append(items, now_us=self.now_us, rejected=rejected, cursor=cursor)

    def run(self, append=None, **options):
        return run_import(
            self.gate,
            append or self.append,
            directory=self.directory,
            received_us=self.now_us,
            cursor=self.log.marks.cursor(cursor_name(self.gate.source)),
            options=Options(**options),
            resolve=self.resolve,
            pulling=self.pulling,
            progress=lambda *seen: self.progress.append(seen),
        )

    @property
    def events(self):
        return [record.event for record in self.log.read(-1, 1_000_000)]

    @property
    def held(self):
        return list(self.log.quarantine.page())


def csv_shop(directory, text, *, read=None, **keys):
    body = text if isinstance(text, bytes) else text.encode()
    (directory / "orders.csv").write_bytes(body)
    return Shop(directory, {"csv": "orders.csv", "types": TYPES} | (read or {}), **(ORDERS | keys))


def ndjson_shop(directory, lines, *, read=None, **keys):
    (directory / "lines.ndjson").write_text("\n".join(lines) + "\n")
    return Shop(directory, {"ndjson": "lines.ndjson"} | (read or {}), **keys)


def assert_reconciled(account):
    assert account.rows_read == (
        account.rows_in_events + account.rows_quarantined + account.rows_filtered
    )
