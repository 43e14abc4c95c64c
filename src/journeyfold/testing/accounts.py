"""Users and sessions in memory: the admin store's face for the console's tests."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from journeyfold.api.session import Account, Visit, hash_password

EMAIL = "mila@example.com"
PASSWORD = "correct horse battery"  # noqa: S105 - of a user that exists in tests only


def admin(role: str = "admin") -> Account:
    return Account("u_1", EMAIL, "Mila", role, hash_password(PASSWORD))


class MemoryAccounts:
    def __init__(self, accounts: Iterable[Account]) -> None:
        self._accounts = {account.email: account for account in accounts}
        self.visits: dict[bytes, Visit] = {}

    def account(self, email: str) -> Account | None:
        return self._accounts.get(email)

    def account_of(self, account_id: str) -> Account | None:
        return next((one for one in self._accounts.values() if one.id == account_id), None)

    def open_visit(self, visit: Visit) -> None:
        self.visits[visit.digest] = visit

    def visit(self, digest: bytes) -> Visit | None:
        return self.visits.get(digest)

    def seen(self, digest: bytes, at_us: int) -> None:
        self.visits[digest] = msgspec.structs.replace(self.visits[digest], seen_us=at_us)

    def close_visit(self, digest: bytes) -> None:
        self.visits.pop(digest, None)
