"""A rule that fails is heard of by webhook and by mail, and so is that it is well again (Q37)."""

import time
from contextlib import contextmanager
from email import message_from_bytes

import pytest
from http_receiver import receiving
from live import run_cli, start
from platform_kit import Platform

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ"
RULES = """
dataset: stock
key: [sku]
tables: {stock: tables/stock.csv}
rules: [{id: priced, completeness: price, owner: ann, severity: high}]
"""
ALERTS = """
server: {outgoing: {allow: [127.0.0.1]}, public_url: "https://shop.example"}
alerts: {webhook: ops, mail: {to: [ops@shop.example]}}
"""
BAD, GOOD = "sku,price\na,1\nb,\n", "sku,price\na,1\nb,2\n"


class Hook(Platform):
    def __init__(self):
        super().__init__()
        self.heard = []

    def answer(self, request):
        self.heard.append(request.json)
        return 200, {}


@pytest.fixture
def hook():
    return Hook()


@pytest.fixture
def shop(tmp_path, hook):
    """A project whose stock lacks a price."""
    directory = tmp_path / "shop"
    run_cli(tmp_path, "init", str(directory), "--template", "blank")
    with receiving(hook) as receiver:
        for path, text in {
            "quality/stock.yaml": RULES, "tables/stock.csv": BAD,
            "destinations/ops.yaml": f"type: webhook\nurl: {receiver.url}\nsecret: '${{env:HOOK_SECRET}}'\n",
        }.items():  # fmt: skip
            (directory / path).parent.mkdir(exist_ok=True)
            (directory / path).write_text(text)
        settings = directory / "journeyfold.yaml"
        settings.write_text(settings.read_text() + ALERTS)
        yield directory


@contextmanager
def running(directory):
    live = start(directory, HOOK_SECRET=SECRET)
    try:
        yield live
    finally:
        live.stop()


def rules_are_run(directory):
    return run_cli(directory, "quality", "run", check=False, HOOK_SECRET=SECRET).returncode


def letters(directory):
    found = sorted((directory / ".journeyfold" / "mailbox").glob("*.eml"))
    return [message_from_bytes(each.read_bytes()) for each in found]


def wait_until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def heard(hook):
    return [each["type"] for each in hook.heard]


def test_an_alert_and_its_end_go_out_while_the_platform_runs(shop, hook):
    with running(shop):
        wait_until(lambda: heard(hook) == ["quality.alert"])
        wait_until(lambda: len(letters(shop)) == 1)
        (shop / "tables" / "stock.csv").write_text(GOOD)
        assert rules_are_run(shop) == 0, "a command's run is seen by the platform"
        wait_until(lambda: heard(hook) == ["quality.alert", "quality.recovered"])
        wait_until(lambda: len(letters(shop)) == 2)
    subjects = {mail["Subject"].partition("] ")[2] for mail in letters(shop)}
    assert subjects == {"priced of stock fails", "priced of stock recovered"}


def test_a_command_tells_by_itself_where_no_platform_runs(shop, hook):
    with running(shop):
        wait_until(lambda: len(letters(shop)) == 1)
    (shop / "tables" / "stock.csv").write_text(GOOD)
    assert rules_are_run(shop) == 0
    (shop / "tables" / "stock.csv").write_text(BAD)
    assert rules_are_run(shop) == 1
    assert heard(hook) == ["quality.alert", "quality.recovered", "quality.alert"]
    (first, *_) = [mail for mail in letters(shop) if mail["Subject"].endswith("fails")]
    text = first.get_payload(decode=True).decode()
    assert "1 of 2 do not keep it (50.00%)" in text
    assert "ann looks after it." in text
    assert "https://shop.example/quality?ruleset=quality%2Fstock.yaml&rule=priced" in text
    assert "muted" not in text
