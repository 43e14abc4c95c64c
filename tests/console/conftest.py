"""The console over a sample desk, asked through ASGI as a browser would ask."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from journeyfold.adapters.admin_audit import By
from journeyfold.adapters.sqlite_admin import SqliteAdmin
from journeyfold.api.session import Sessions
from journeyfold.console.app import Console
from journeyfold.testing.desk import SampleDesk

PASSWORD = "correct horse battery"
HOST = "http://127.0.0.1:8080"


class Browser:
    """Keeps cookies, follows nothing, says where its forms come from."""

    def __init__(self, app, host=HOST):
        self.app, self.host = app, host
        self.headers = {"origin": host}
        self.cookies = httpx.Cookies()
        self.csrf = ""

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, data=None, **options):
        return self.request("POST", path, data=data, **options)

    def write(self, path, **fields):
        """A form of ours: with its token."""
        return self.post(path, {"csrf": self.csrf, **fields})

    def request(self, method, path, **options):
        return asyncio.run(self._request(method, path, options))

    async def _request(self, method, path, options):
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(
            transport=transport, base_url=self.host, headers=self.headers, cookies=self.cookies
        ) as client:
            answer = await client.request(method, path, **options)
            self.cookies = client.cookies
            return answer


@pytest.fixture(scope="session")
def browser_at():
    return Browser


@pytest.fixture(scope="session")
def accounts(tmp_path_factory):
    admin = SqliteAdmin(tmp_path_factory.mktemp("admin"))
    for role in ("admin", "viewer", "marketer"):
        admin.users.add_user(role, role, PASSWORD, By("test", "admin", 1))
    yield admin.users
    admin.close()


@pytest.fixture(scope="session")
def desk_of_shop():
    return SampleDesk(people=30)


@pytest.fixture
def desk():
    """A desk of its own for tests that change it."""
    return SampleDesk(people=12)


@pytest.fixture(scope="session")
def stranger_at(accounts):
    """A browser that is not signed in, at a host."""

    def at(desk, host=HOST, hint=""):
        return Browser(Console(desk, Sessions(accounts, desk.clock), hint=hint).app(), host)

    return at


@pytest.fixture(scope="session")
def signed_in(accounts):
    """A browser with the session of a role over a desk."""

    def of(desk, role="admin"):
        sessions = Sessions(accounts, desk.clock)
        token = sessions.sign_in(role, PASSWORD, "127.0.0.1")
        browser = Browser(Console(desk, sessions).app())
        browser.cookies.set("sid", token)
        browser.csrf = sessions.user(token).csrf
        return browser

    return of


@pytest.fixture(scope="session")
def shop(signed_in, desk_of_shop):
    """Signed in as admin over the shared sample; for reading only."""
    return signed_in(desk_of_shop)
