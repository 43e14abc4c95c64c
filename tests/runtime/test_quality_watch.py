"""Quality while the platform runs: the night's run, freshness by the minute, alerts (Q35 to Q37)."""

from email import message_from_bytes

import msgspec
import pytest
from http_receiver import receiving
from platform_kit import Platform
from quality_kit import ORDERS, PROJECT, Checked, opened

from journeyfold.adapters.quality_store import QualityStore
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, instant_us
from journeyfold.quality.result import Asked
from journeyfold.runtime.quality_run import run_rules
from journeyfold.runtime.quality_watch import ASKED, Watch

START = instant_us("2026-03-05T12:00:00Z")


class Hands:
    """A clock that is set."""

    def __init__(self, now_us):
        self.at_us = now_us

    def now_us(self):
        return self.at_us


class Watched(Checked):
    def __init__(self, workspace):
        super().__init__(workspace)
        workspace.clock = Hands(START)
        self.told = []
        self.watch = Watch(workspace, self.told.append)
        self.job = None

    def wait(self, us):
        self.workspace.clock.at_us += us
        self.watch._next_fresh_s = 0.0

    def step(self):
        self.end()
        self.job = self.watch.step(None)
        return self.job

    def end(self):
        if self.job is not None:
            self.job.close()

    def night(self):
        """What the child would do, here, so that it reads the clock that is set."""
        done = run_rules(self.workspace, Asked(since="auto"), lambda *_: None)
        store, alerting = self.watch._open()
        alerting.judge(self.watch._follow(), store.results())
        alerting.deliver(self.watch._follow())
        return done

    def alerts(self):
        return [
            (record.event.name, record.event.properties["rule"], record.event.properties["day"])
            for record in self.workspace.log.read(-1, 10_000)
            if record.event.name.startswith("quality.")
        ]


@pytest.fixture
def house(tmp_path):
    workspace = opened(tmp_path)
    watched = Watched(workspace)
    yield watched
    watched.end()
    watched.watch.close()
    workspace.close()


def settings(house, text):
    path = house.workspace.place.directory / "journeyfold.yaml"
    path.write_text(PROJECT["journeyfold.yaml"] + text)


FRESH = "dataset: shop_server\nrules: [{id: fresh, freshness: {expected: 15m}}]\n"


def test_a_source_that_falls_silent_alerts_once_and_recovers(house):
    house.rules(FRESH)
    house.order()
    house.step()
    assert house.alerts() == []
    for _ in range(3):
        house.wait(HOUR_US)
        house.step()
    assert house.alerts() == [("quality.alert", "fresh", "2026-03-05")]
    house.order()
    house.wait(MINUTE_US)
    house.step()
    assert [name for name, *_ in house.alerts()] == ["quality.alert", "quality.recovered"]
    assert "stale: the newest record is" in house.told[0]


def test_the_night_looks_at_the_days_that_are_not_final(house):
    house.rules(ORDERS)
    house.workspace.clock.at_us = START + DAY_US
    for day in (1, 3, 5):
        house.order({}, day=day)
    house.run()
    for day in (1, 2, 3, 5):
        house.order({}, day=day)
    done = house.night()
    assert done.run.since == "2026-03-02"
    counted = {each.day: each.n for each in done.found if each.rule == "total"}
    assert counted == {"2026-03-02": 1, "2026-03-03": 2, "2026-03-05": 2}


def test_a_day_of_history_that_came_in_only_now_is_looked_at(house):
    house.rules(ORDERS)
    house.workspace.clock.at_us = START + 20 * DAY_US
    house.order({}, day=5)
    house.run()
    house.order({}, day=2)
    assert house.night().run.since == "2026-03-02"


def test_the_night_is_due_once_a_day_and_at_the_first_start(house):
    house.rules(ORDERS)
    assert house.step() is not None, "nothing was ever run"
    house.run()
    assert house.step() is None
    house.wait(DAY_US)
    assert house.step() is not None


def test_a_run_that_is_asked_for_is_done_at_once(house):
    house.rules(ORDERS)
    house.run()
    assert house.step() is None
    house.workspace.log.marks.set_number(ASKED, 1)
    assert house.step() is not None


class Hook(Platform):
    def __init__(self):
        super().__init__()
        self.heard = []

    def answer(self, request):
        self.heard.append((request.headers.get("webhook-id"), request.json))
        return (503, {}) if len(self.heard) == 1 else (200, {})


SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ"


def test_an_alert_goes_to_the_webhook_until_it_arrives_and_into_the_mailbox(house, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    hook = Hook()
    with receiving(hook) as receiver:
        folder = house.workspace.place.directory / "destinations"
        folder.mkdir()
        folder.joinpath("ops.yaml").write_text(
            f"type: webhook\nurl: {receiver.url}\nsecret: '${{env:HOOK_SECRET}}'\n"
        )
        settings(
            house,
            "server: {outgoing: {allow: [127.0.0.1]}}\n"
            "alerts: {webhook: ops, mail: {to: [ops@shop.example, bob@shop.example]}}\n",
        )
        house.rules(ORDERS)
        house.workspace.clock.at_us = START + DAY_US
        house.order({"total": -1.0}, day=5)
        house.watch._follow()
        house.night()
        assert len(hook.heard) == 1
        house.wait(MINUTE_US)
        house.watch.step(None)
    (first, told), (again, _) = hook.heard
    assert first == again
    assert told["type"] == "quality.alert"
    assert (told["data"]["rule"], told["data"]["source"]) == ("amount", "shop_server")
    letters = (house.workspace.place.data / "mailbox").glob("*.eml")
    mails = [message_from_bytes(letter.read_bytes()) for letter in letters]
    assert {mail["Subject"] for mail in mails} == {"[shop] amount of shop_server fails"}
    assert sorted(mail["To"] for mail in mails) == ["bob@shop.example", "ops@shop.example"]


def test_an_alert_on_a_holiday_is_recorded_and_nobody_is_told(house):
    settings(house, "alerts: {mail: {to: [ops@shop.example]}, calendar: [2026-03-05]}\n")
    house.rules(ORDERS)
    house.workspace.clock.at_us = START + DAY_US
    house.order({"total": -1.0}, day=5)
    house.watch._follow()
    house.night()
    assert house.alerts() == [("quality.alert", "amount", "2026-03-05")]
    assert not list(house.workspace.place.data.glob("mailbox/*.eml"))


def test_an_alert_that_a_crash_interrupted_is_said_afterwards(house):
    house.rules(ORDERS)
    house.workspace.clock.at_us = START + DAY_US
    house.order({"total": -1.0}, day=5)
    house.watch._follow()
    house.night()
    store = QualityStore(house.workspace.place.data, house.workspace.keyring)
    (alert,) = store.alerts()
    store.open_alert(msgspec.structs.replace(alert, since_us=alert.since_us + 1))
    store.close()  # as if it had come no further than that row
    house.night()
    house.night()
    assert len(house.alerts()) == 2
