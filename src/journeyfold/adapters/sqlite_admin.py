"""`admin.sqlite`: who may sign in, which keys there are, and who did what."""

from __future__ import annotations

import threading
from pathlib import Path

from journeyfold.adapters import admin_audit, admin_keys, admin_users
from journeyfold.adapters.admin_audit import FILE_NAME, AuditChain
from journeyfold.adapters.admin_keys import AdminKeys
from journeyfold.adapters.admin_users import AdminUsers
from journeyfold.adapters.sqlite_file import connect, create, engine_errors

PAGE_BYTES = 4_096
CACHE_KIB = 2_048
CHECKPOINT_PAGES = 1_000  # small and rarely written: SQLite checkpoints it by itself


class SqliteAdmin:
    """One connection; any thread, any process. A change and its audit row are one transaction."""

    def __init__(self, directory: Path) -> None:
        """Open `directory/admin.sqlite`, made if missing (readable by its owner only)."""
        path = directory / FILE_NAME
        self._lock = threading.RLock()
        self._connection = connect(path, cache_kib=CACHE_KIB)
        schema = admin_audit.SCHEMA + admin_keys.SCHEMA + admin_users.SCHEMA
        with engine_errors(self._connection, FILE_NAME):
            create(self._connection, schema, page_bytes=PAGE_BYTES)
        self._connection.wal_autocheckpoint(CHECKPOINT_PAGES)
        self.keys = AdminKeys(self._connection, self._lock)
        self.users = AdminUsers(self._connection, self._lock)
        self.audit = AuditChain(self._connection, self._lock)

    def close(self) -> None:
        """Twice is once."""
        with self._lock:
            self._connection.close()
