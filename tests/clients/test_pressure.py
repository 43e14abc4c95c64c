"""Every client outlasts our 429 and our 503 by its own retries, as it comes out of the box."""

import contextlib

import pytest
from chromium import chromium_page
from client_programs import (
    BROWSERS,
    LIBRARIES,
    appended,
    assert_delivered,
    begin,
    finish,
    limit,
    page_url,
    reserve,
    shop_pages,
    throttled,
    wait_until,
)

pytestmark = [pytest.mark.clients, pytest.mark.browser]
PROGRAMS = LIBRARIES + BROWSERS
RESERVE, IMPOSSIBLE = "1MiB", "900000GiB"


@contextlib.contextmanager
def all_sending(live, prefix):
    """Every library sends at once; ends when each is done or its own retries are used up."""
    with shop_pages() as shop, chromium_page() as page:
        running = [begin(program, live, f"{prefix}-{program.name}") for program in LIBRARIES]
        tabs = [page, *(page.context.browser.new_context().new_page() for _ in BROWSERS[1:])]
        for tab, program in zip(tabs, BROWSERS, strict=True):
            tab.goto(page_url(shop, program, live, f"{prefix}-{program.name}"))
        yield
        for each in running:
            finish(each)
        for tab in tabs:
            tab.wait_for_function("document.title === 'sent'", timeout=60_000)


@pytest.fixture(scope="module")
def after_429(live, node_modules):
    """Four events a second for each source, ten at once: less than half of what a program sends."""
    before = {program: appended(live, program) for program in PROGRAMS}
    limit(live, events_per_s=4, burst=10)
    try:
        with all_sending(live, "limited"):
            pass_on(live, before)
    finally:
        limit(live, events_per_s=1000, burst=5000)


@pytest.fixture(scope="module")
def after_503(live, node_modules):
    """The disk is below its reserve until everybody has been told so; then there is room."""
    before = {program: appended(live, program) for program in PROGRAMS}
    reserve(live, IMPOSSIBLE)
    with all_sending(live, "refused"):
        for program in PROGRAMS:
            wait_until(lambda program=program: throttled(live, program, 503) > 0, program.name)
        reserve(live, RESERVE)
        pass_on(live, before)


def pass_on(live, before):
    """Browsers do not end by themselves: wait for what they sent."""
    for program in BROWSERS:
        wait_until(
            lambda program=program: appended(live, program) - before[program] >= 24, program.name
        )


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_client_outlasts_our_429(live, after_429, program):
    assert throttled(live, program, 429) > 0
    assert_delivered(live, program, f"limited-{program.name}")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_client_outlasts_our_503(live, after_503, program):
    assert throttled(live, program, 503) > 0
    assert_delivered(live, program, f"refused-{program.name}")
