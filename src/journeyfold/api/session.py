"""Who is signed in: cookies, expiry, slowed tries and the proof that a write is the user's own.

Sign-in answers alike whether the user exists or not; tries slow down per user and address (trust
SEC-8). A session is a random token in a cookie, kept as a digest by the admin store, idle for 30
minutes at most and 12 hours in all (SEC-9). Every write needs the cookie, a matching Origin and a
token made from the session, so that no other page can write in the user's name.
"""

from __future__ import annotations

import hmac
import threading
from hashlib import blake2b
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from journeyfold.adapters.admin_audit import By
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import HOUR_US, SECOND_US
from journeyfold.core.ports import Clock

TRIES_PER_HOUR = 100
FREE_TRIES = 3  # two slips of the finger cost nothing
WAIT_MAX_S = 60
COOKIE_SECURE, COOKIE_LOOPBACK = "__Host-sid", "sid"
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "[::1]", "::1"))
_REMEMBERED = 10_000  # users and addresses whose failed tries are kept in memory


class LiveSession(Protocol):
    @property
    def user(self) -> str: ...

    @property
    def role(self) -> str: ...


class Accounts(Protocol):
    """Users and their sessions: `adapters.admin_users.AdminUsers`."""

    def sign_in(self, name: str, password: str, now_us: int) -> str | None: ...

    def session(self, token: str, now_us: int) -> LiveSession | None: ...

    def sign_out(self, token: str) -> None: ...

    def set_password(self, name: str, password: str, by: By) -> None: ...


class NotSignedIn(msgspec.Struct, frozen=True):
    """One answer for every cause but waiting: nobody learns which users exist."""

    wait_s: int = 0


class User(msgspec.Struct, frozen=True):
    """The signed-in user of one request, with the token its forms must carry."""

    name: str
    role: str
    token: str
    csrf: str


class Sessions:
    """Sign-in, recognition and sign-out over the admin store. Calls block; use a thread."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts, self._clock = accounts, clock
        self._lock = threading.Lock()
        self._tries: dict[str, _Tries] = {}

    def sign_in(self, name: str, password: str, address: str) -> str | NotSignedIn:
        """The token for the cookie. Raises Busy when too many wait for a hash."""
        now_us = self._clock.now_us()
        here = f"{name}|{address}"
        with self._lock:
            wait_us = max(
                self._tries.get(name, _NO_TRIES).hourly_us(now_us),
                self._tries.get(here, _NO_TRIES).wait_us(now_us),
            )
        if wait_us > 0:
            return NotSignedIn(wait_s=-(-wait_us // SECOND_US))
        token = self._accounts.sign_in(name, password, now_us)
        with self._lock:
            if token is not None:
                self._tries.pop(here, None)
                return token
            for key in (name, here):
                self._remember(key, now_us)
        return NotSignedIn()

    def user(self, token: str | None) -> User | None:
        """Who this cookie is; None when it is unknown or expired. Its idle time begins anew."""
        live = self._accounts.session(token, self._clock.now_us()) if token else None
        if token is None or live is None:
            return None
        return User(live.user, live.role, token, csrf_of(token))

    def sign_out(self, token: str) -> None:
        self._accounts.sign_out(token)

    def change_password(self, user: User, old: str, new: str, address: str) -> str | NotSignedIn:
        """Ends every session of the user, everywhere; the token of a new one, or the tries of a
        sign-in. UsageError for a password that is none.
        """
        proof = self.sign_in(user.name, old, address)
        if isinstance(proof, NotSignedIn):
            return proof
        by = By(user.name, user.role, self._clock.now_us())
        try:
            self._accounts.set_password(user.name, new, by)
        except UsageError:
            self.sign_out(proof)
            raise
        return self.sign_in(user.name, new, address)

    def _remember(self, key: str, now_us: int) -> None:
        if len(self._tries) >= _REMEMBERED:
            self._tries.pop(next(iter(self._tries)))
        self._tries[key] = self._tries.pop(key, _NO_TRIES).failed(now_us)


class _Tries(msgspec.Struct, frozen=True):
    """Failed tries of the running hour."""

    count: int = 0
    first_us: int = 0
    last_us: int = 0

    def failed(self, now_us: int) -> _Tries:
        if now_us - self.first_us > HOUR_US:
            return _Tries(1, now_us, now_us)
        return _Tries(self.count + 1, self.first_us, now_us)

    def hourly_us(self, now_us: int) -> int:
        """Until the next try of a user, from wherever: a hundred an hour."""
        return self.first_us + HOUR_US - now_us if self.count >= TRIES_PER_HOUR else 0

    def wait_us(self, now_us: int) -> int:
        """Until the next try from one address: doubles from 1 s to 60 s."""
        if self.count < FREE_TRIES or now_us - self.first_us > HOUR_US:
            return 0
        wait_s = min(WAIT_MAX_S, 1 << min(self.count - FREE_TRIES, 6))
        return self.last_us + wait_s * SECOND_US - now_us


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
