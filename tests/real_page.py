"""A page of a platform that runs: signed in as the admin whose password its first start printed."""

import re
from contextlib import contextmanager


def signed_in(chromium, shop):
    """The cookies."""
    password = re.search(r"password (\S+)", shop.output)[1]
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{shop.url}/sign-in")
    page.fill("#u", "admin")
    page.fill("#p", password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{shop.url}/")
    kept = context.storage_state()
    context.close()
    return kept


@contextmanager
def watched(chromium, shop, cookies, wait_ms):
    """The page, and what it complained of in the end."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900}, storage_state=cookies, base_url=shop.url
    )
    opened = context.new_page()
    opened.set_default_timeout(wait_ms)
    complaints = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    yield opened, complaints
    context.close()
