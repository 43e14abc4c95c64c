"""Pulls with memory behind them: a source that asks a server, and a log that remembers."""

import importlib.util
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pg8000.dbapi
from servers.postgres import PASSWORD, USER, postgres

from journeyfold.collect.pulled import Pulling

_PATH = Path(__file__).parent / "collect" / "import_kit.py"
if "import_kit" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("import_kit", _PATH)
    sys.modules["import_kit"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["import_kit"])
import import_kit as kit  # noqa: E402 - loaded just now

SECRET = quote(PASSWORD, safe="")
CONTACTS = {
    "fields": {
        "id": ["id", "updated_at"],
        "occurred": "row.updated_at",
        "identifiers": {"email": "row.email"},
        "properties": {"total": "row.total"},
    },
    "map": [{"event": "Contact Seen"}],
}
CURSOR = {"column": "updated_at", "key": "id", "overlap": "5m"}


class Pulled(kit.Shop):
    """`secrets` are what `${env:NAME}` stands for."""

    def __init__(self, directory, read, secrets=None, allow=("127.0.0.1",), **keys):
        super().__init__(directory, read, **(CONTACTS | keys))
        self._secrets, self._allow = secrets or {}, allow

    def resolve(self, text):
        for name, value in self._secrets.items():
            text = text.replace(f"${{env:{name}}}", value)
        return text

    @property
    def pulling(self):
        return Pulling("journeyfold.adapters.pulls", self.directory / "room", self._allow)

    def ids(self):
        return [event.id for event in self.events]


@contextmanager
def crm_server():
    """(a cursor, the address) of a PostgreSQL server of one's own; it listens before it answers."""
    with postgres() as port:
        deadline = time.monotonic() + 20
        while True:
            try:
                connection = pg8000.dbapi.connect(
                    user=USER, password=PASSWORD, host="127.0.0.1", port=port, database="postgres"
                )
                break
            except pg8000.dbapi.DatabaseError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        connection.autocommit = True
        yield connection.cursor(), f"postgresql://{USER}:{SECRET}@127.0.0.1:{port}/postgres"
        connection.close()
