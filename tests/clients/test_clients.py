"""Programs written against public clients work unchanged: everything arrives, once each."""

import pytest
from chromium import chromium_page
from client_programs import (
    BROWSERS,
    EXPECTED,
    SERVERS,
    TRACKS,
    appended,
    assert_delivered,
    begin,
    finish,
    page_url,
    person_of,
    shop_pages,
    wait_until,
)

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def servers(live, node_modules):
    """Every library and setting at once, as in a company that has them all."""
    running = [begin(program, live, f"user-{program.name}") for program in SERVERS]
    for each in running:
        finish(each)


@pytest.fixture(scope="module")
def browsers(live, node_modules):
    with shop_pages() as shop, chromium_page() as page:
        for program in BROWSERS:
            page.goto(page_url(shop, program, live, f"user-{program.name}"))
            wait_until(
                lambda program=program: appended(live, program) >= len(EXPECTED), program.name
            )


@pytest.mark.parametrize("program", SERVERS, ids=lambda program: program.name)
def test_a_server_library_delivers_all_it_sends_once_each(live, servers, program):
    assert_delivered(live, program, f"user-{program.name}")
    assert appended(live, program) == len(EXPECTED)


@pytest.mark.browser
@pytest.mark.parametrize("program", BROWSERS, ids=lambda program: program.name)
def test_the_browser_library_delivers_all_it_sends_once_each(live, browsers, program):
    assert_delivered(live, program, f"user-{program.name}")
    assert appended(live, program) == len(EXPECTED)


@pytest.mark.browser
@pytest.mark.parametrize("program", BROWSERS, ids=lambda program: program.name)
def test_a_headless_browser_is_kept_as_a_bot_and_counts_in_no_feature(live, browsers, program):
    records = assert_delivered(live, program, f"user-{program.name}")
    assert all(record["context"]["agent"]["bot"] for record in records)
    assert not person_of(live, f"user-{program.name}")["features"]["client_events"]


@pytest.mark.parametrize("program", SERVERS, ids=lambda program: program.name)
def test_what_a_server_library_sent_counts_in_features(live, servers, program):
    assert person_of(live, f"user-{program.name}")["features"]["client_events"] == TRACKS
