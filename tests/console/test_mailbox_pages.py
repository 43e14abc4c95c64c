"""The mailbox page by page: the newest, then older ones by a link; none twice, none left out."""

import re

from journeyfold.console.pages.mailbox import MAILS


def keys(page):
    return re.findall(r'<a href="/mailbox/([^"?]+)', page.text)


def older(page):
    found = re.search(r'href="([^"]+)" rel="next"', page.text)
    return found[1].replace("&amp;", "&") if found else ""


def test_older_mails_are_a_link_away_until_there_are_none(signed_in, desk):
    desk.post.sent = MAILS + 7
    browser = signed_in(desk)
    first = browser.get("/mailbox")
    second = browser.get("/mailbox" + older(first).removeprefix("/mailbox"))
    assert (len(keys(first)), len(keys(second))) == (MAILS, 7)
    assert len({*keys(first), *keys(second)}) == MAILS + 7
    assert older(second) == ""


def test_a_mail_of_an_older_page_opens_beside_that_page(signed_in, desk):
    desk.post.sent = MAILS + 3
    browser = signed_in(desk)
    page = browser.get("/mailbox" + older(browser.get("/mailbox")).removeprefix("/mailbox"))
    href = re.search(r'<a href="(/mailbox/[^"]+)', page.text)[1].replace("&amp;", "&")
    assert keys(browser.get(href)) == keys(page)


def test_few_mails_have_no_further_page(signed_in, desk):
    desk.post.sent = 3
    page = signed_in(desk).get("/mailbox")
    assert older(page) == ""
    assert 'aria-label="Pages"' not in page.text
