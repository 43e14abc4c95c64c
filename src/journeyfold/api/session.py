"""Who is signed in: passwords, cookies, expiry and the proof that a write is the user's own.

Sign-in answers alike, in words and in time, whether the account exists or not; tries slow down
per account and address (trust SEC-8). A session is 128 random bits in a cookie, kept as a digest,
idle for 30 minutes at most and 12 hours in all (SEC-9). Every write needs the cookie, a matching
Origin and a token made from the session, so that no other page can write in the user's name.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import unicodedata
from hashlib import blake2b, sha256
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from journeyfold.core.errors import Busy
from journeyfold.core.instant import HOUR_US, MINUTE_US, SECOND_US
from journeyfold.core.ports import Clock

IDLE_US = 30 * MINUTE_US
ABSOLUTE_US = 12 * HOUR_US
TRIES_PER_HOUR = 100
WAITING_MAX = 20
PASSWORD_MIN, PASSWORD_MAX = 12, 1024
COOKIE_SECURE, COOKIE_LOOPBACK = "__Host-sid", "sid"
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "[::1]", "::1"))
_REMEMBERED = 10_000  # accounts and addresses whose failed tries are kept in memory
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = _HASHER.hash("nobody has this password")


class Account(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    role: str
    password_hash: str


class Visit(msgspec.Struct, frozen=True):
    """A session as it is stored: the digest of its token, never the token."""

    digest: bytes
    account: str
    created_us: int
    seen_us: int


class Accounts(Protocol):
    """Users and their sessions in the admin store."""

    def account(self, email: str) -> Account | None: ...

    def account_of(self, account_id: str) -> Account | None: ...

    def open_visit(self, visit: Visit) -> None: ...

    def visit(self, digest: bytes) -> Visit | None: ...

    def seen(self, digest: bytes, at_us: int) -> None: ...

    def close_visit(self, digest: bytes) -> None: ...


class SignedIn(msgspec.Struct, frozen=True):
    """`token` goes into the cookie and nowhere else."""

    token: str
    account: Account


class NotSignedIn(msgspec.Struct, frozen=True):
    """One answer for every cause but waiting: nobody learns which accounts exist."""

    wait_s: int = 0


class User(msgspec.Struct, frozen=True):
    """The signed-in user of one request, with the token its forms must carry."""

    account: Account
    token: str
    csrf: str


def hash_password(password: str) -> str:
    return _HASHER.hash(_normalised(password))


def is_acceptable(password: str) -> bool:
    """12 to 1,024 bytes after NFC (SEC-8)."""
    return PASSWORD_MIN <= len(_normalised(password)) <= PASSWORD_MAX


class Sessions:
    """Sign-in, recognition and sign-out over the admin store."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts, self._clock = accounts, clock
        self._hashing = asyncio.Semaphore(2)
        self._waiting = 0
        self._tries: dict[str, _Tries] = {}

    async def sign_in(self, email: str, password: str, address: str) -> SignedIn | NotSignedIn:
        """Raises Busy when 20 others already wait for a hash."""
        now_us = self._clock.now_us()
        email = email.strip().lower()
        for key in (email, f"{email}|{address}"):
            wait_us = self._tries.get(key, _NO_TRIES).wait_us(now_us, per_address="|" in key)
            if wait_us > 0:
                return NotSignedIn(wait_s=-(-wait_us // SECOND_US))
        account = self._accounts.account(email)
        if not await self._matches(account, password):
            self._remember(email, now_us)
            self._remember(f"{email}|{address}", now_us)
            return NotSignedIn()
        assert account is not None, "a password matched, so there is an account"
        self._tries.pop(f"{email}|{address}", None)
        token = secrets.token_urlsafe(16)
        self._accounts.open_visit(Visit(_digest(token), account.id, now_us, now_us))
        return SignedIn(token, account)

    def user(self, token: str | None) -> User | None:
        """Who this cookie is; None when it is unknown or expired. Renews the idle time."""
        if not token:
            return None
        digest, now_us = _digest(token), self._clock.now_us()
        visit = self._accounts.visit(digest)
        if visit is None:
            return None
        if now_us - visit.seen_us > IDLE_US or now_us - visit.created_us > ABSOLUTE_US:
            self._accounts.close_visit(digest)
            return None
        if now_us - visit.seen_us > MINUTE_US:  # not a write to disk for each click
            self._accounts.seen(digest, now_us)
        account = self._accounts.account_of(visit.account)
        return User(account, token, csrf_of(token)) if account else None

    def sign_out(self, token: str) -> None:
        self._accounts.close_visit(_digest(token))

    async def _matches(self, account: Account | None, password: str) -> bool:
        """The same work for an unknown account: its hash is compared with nobody's."""
        if self._waiting >= WAITING_MAX:
            raise Busy("too many people are signing in at this moment", retry_after_s=2)
        self._waiting += 1
        try:
            async with self._hashing:
                stored = account.password_hash if account else _NOBODY
                held = await asyncio.to_thread(_verified, stored, _normalised(password))
        finally:
            self._waiting -= 1
        return held and account is not None

    def _remember(self, key: str, now_us: int) -> None:
        if len(self._tries) >= _REMEMBERED:
            self._tries.pop(next(iter(self._tries)))
        self._tries[key] = self._tries.pop(key, _NO_TRIES).failed(now_us)


class _Tries(msgspec.Struct, frozen=True):
    """Failed tries of the running hour; the wait doubles from 1 s to 60 s per address."""

    count: int = 0
    first_us: int = 0
    last_us: int = 0

    def failed(self, now_us: int) -> _Tries:
        if now_us - self.first_us > HOUR_US:
            return _Tries(1, now_us, now_us)
        return _Tries(self.count + 1, self.first_us, now_us)

    def wait_us(self, now_us: int, *, per_address: bool) -> int:
        if now_us - self.first_us > HOUR_US:
            return 0
        if self.count >= TRIES_PER_HOUR:
            return self.first_us + HOUR_US - now_us
        if not per_address or self.count < 3:  # two slips of the finger cost nothing
            return 0
        return self.last_us + min(60, 1 << min(self.count - 3, 6)) * SECOND_US - now_us


_NO_TRIES = _Tries()


def csrf_of(token: str) -> str:
    """What a form carries: a keyed digest of the session that no other page can know."""
    return blake2b(b"csrf", key=token.encode(), digest_size=16).hexdigest()


def is_own_write(user: User, carried: str, headers: dict[str, str], host: str) -> bool:
    """Cookie, Origin and token agree (SEC-9). A browser that sends neither header is refused."""
    if not hmac.compare_digest(carried.encode(), user.csrf.encode()):
        return False
    return is_same_origin(headers, host)


def is_same_origin(headers: dict[str, str], host: str) -> bool:
    """`Sec-Fetch-Site: same-origin`, or an `Origin` of this host."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return urlsplit(headers.get("origin", "")).netloc == host


def cookie_name(scheme: str, host: str) -> str | None:
    """`__Host-sid` over TLS, `sid` on this machine; None where a cookie would travel in clear."""
    if scheme == "https":
        return COOKIE_SECURE
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return COOKIE_LOOPBACK if name in _LOOPBACK else None


def local_path(target: str) -> str:
    """Where to go after sign-in: a path of this site, else the overview (SEC-9)."""
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    if any(ord(character) < 0x21 or character == "\\" for character in target):
        return "/"
    return target


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _normalised(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode()


def _verified(stored: str, password: bytes) -> bool:
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        password = b"too short or too long to be one"  # the time of a hash is spent all the same
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
