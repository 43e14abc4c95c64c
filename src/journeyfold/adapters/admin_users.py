"""People who sign in to the console, and their sessions (trust SEC-8, SEC-9, SEC-12)."""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Literal, get_args

import apsw
import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from argon2.low_level import Type

from journeyfold.adapters.admin_audit import FILE_NAME, By, record
from journeyfold.adapters.sqlite_file import engine_errors, rows
from journeyfold.core.errors import Busy, UsageError
from journeyfold.core.instant import HOUR_US, MINUTE_US
from journeyfold.core.keys import base62

Role = Literal["admin", "privacy officer", "developer", "marketer", "analyst", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)

SCHEMA = """
CREATE TABLE user (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL,
    created_us INTEGER NOT NULL, changed_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE session (
    token_sha256 BLOB PRIMARY KEY, user TEXT NOT NULL, created_us INTEGER NOT NULL,
    seen_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX session_by_user ON session (user);
"""
PASSWORD_BYTES_MIN, PASSWORD_BYTES_MAX = 12, 1_024
IDLE_US, LIFE_US = 30 * MINUTE_US, 12 * HOUR_US
HASHING_MAX, WAITING_MAX = 2, 20  # each takes 19 MiB and a tenth of a second

_hasher = PasswordHasher(
    time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
)
_SESSION = """
SELECT user, role, session.created_us, seen_us FROM session JOIN user ON user.name = session.user
WHERE token_sha256 = ?"""

_END = "DELETE FROM session WHERE token_sha256 = ?"


class User(msgspec.Struct, frozen=True):
    name: str
    role: Role
    created_us: int


class SignedIn(msgspec.Struct, frozen=True):
    """A live session; the role is the user's of now, not of the sign-in."""

    user: str
    role: Role
    created_us: int
    seen_us: int


class AdminUsers:
    def __init__(self, connection: apsw.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock
        self._hashing = threading.BoundedSemaphore(HASHING_MAX)
        self._waiting = 0
        self._nobody: str | None = None

    def create_first_admin(self, by: By, name: str = "admin") -> str | None:
        """A generated password, to be printed once; None when there is a user already."""
        if self.users():
            return None
        password = base62(int.from_bytes(os.urandom(32), "big"), 20)
        self.add_user(name, "admin", password, by)
        return password

    def add_user(self, name: str, role: Role, password: str, by: By) -> User:
        hashed = self._hashed(_acceptable(password))
        if role not in ROLES:
            raise UsageError(f"unknown role {role!r}; roles are {', '.join(ROLES)}")
        with self._lock, engine_errors(self._connection, FILE_NAME):
            self._connection.execute("BEGIN IMMEDIATE")
            if rows(self._connection, "SELECT 1 FROM user WHERE name = ?", (name,)):
                raise UsageError(f"user {name} exists")
            self._connection.execute(
                "INSERT INTO user VALUES (?, ?, ?, ?, ?)", (name, role, hashed, by.at_us, by.at_us)
            )
            record(self._connection, by, "user.create", name, after=role)
            self._connection.execute("COMMIT")
        return User(name, role, by.at_us)

    def users(self) -> list[User]:
        with self._lock, engine_errors(self._connection, FILE_NAME):
            found = rows(self._connection, "SELECT name, role, created_us FROM user ORDER BY name")
        return [User(*row) for row in found]

    def sign_in(self, name: str, password: str, now_us: int) -> str | None:
        """A new session's token, or None; equal time for unknown users and wrong passwords.

        Takes a tenth of a second of one core: call it in a thread. Busy when too many wait.
        """
        with self._lock, engine_errors(self._connection, FILE_NAME):
            found = rows(self._connection, "SELECT password FROM user WHERE name = ?", (name,))
        expected = found[0][0] if found else self._dummy()
        if not self._matches(expected, _normal(password)) or not found:
            return None
        token = os.urandom(16).hex()
        with self._lock, engine_errors(self._connection, FILE_NAME):
            self._connection.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?)", (_digest(token), name, now_us, now_us)
            )
        return token

    def session(self, token: str, now_us: int) -> SignedIn | None:
        """Who this token is; its idle time begins anew. None when it has ended."""
        digest = _digest(token)
        with self._lock, engine_errors(self._connection, FILE_NAME):
            found = rows(self._connection, _SESSION, (digest,))
            if not found:
                return None
            signed_in = SignedIn(*found[0])
            is_idle = now_us - signed_in.seen_us > IDLE_US
            if is_idle or now_us - signed_in.created_us > LIFE_US:
                self._connection.execute(_END, (digest,))
                return None
            if now_us - signed_in.seen_us > MINUTE_US:  # a write a minute, not a request
                self._connection.execute(
                    "UPDATE session SET seen_us = ? WHERE token_sha256 = ?", (now_us, digest)
                )
        return signed_in

    def sign_out(self, token: str) -> None:
        with self._lock, engine_errors(self._connection, FILE_NAME):
            self._connection.execute(_END, (_digest(token),))

    def set_password(self, name: str, password: str, by: By) -> None:
        """Ends every session of that user. UsageError if there is none of that name."""
        hashed = self._hashed(_acceptable(password))
        with self._lock, engine_errors(self._connection, FILE_NAME):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                "UPDATE user SET password = ?, changed_us = ? WHERE name = ?",
                (hashed, by.at_us, name),
            )
            if not self._connection.changes():
                raise UsageError(f"there is no user {name}")
            self._connection.execute("DELETE FROM session WHERE user = ?", (name,))
            record(self._connection, by, "user.password", name)
            self._connection.execute("COMMIT")

    def _hashed(self, password: bytes) -> str:
        with self._turn():
            return _hasher.hash(password)

    def _matches(self, expected: str, password: bytes) -> bool:
        with self._turn():
            try:
                return _hasher.verify(expected, password)
            except VerificationError:
                return False

    def _dummy(self) -> str:
        """The hash an unknown user's password is compared with."""
        if self._nobody is None:
            self._nobody = self._hashed(os.urandom(16))
        return self._nobody

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Two at a time, twenty waiting, no more (trust SEC-8)."""
        with self._lock:
            if self._waiting >= HASHING_MAX + WAITING_MAX:
                raise Busy("too many people are signing in; try again")
            self._waiting += 1
        try:
            with self._hashing:
                yield
        finally:
            with self._lock:
                self._waiting -= 1


def _normal(password: str) -> bytes:
    """NFC, cut just above the limit: a longer one is wrong, not slow."""
    cut = password[: PASSWORD_BYTES_MAX + 1]
    return unicodedata.normalize("NFC", cut).encode("utf-8", "surrogatepass")


def _acceptable(password: str) -> bytes:
    normal = _normal(password)
    if not PASSWORD_BYTES_MIN <= len(normal) <= PASSWORD_BYTES_MAX:
        raise UsageError("a password has 12 to 1024 bytes")
    return normal


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
