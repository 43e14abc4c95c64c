"""Journeys survive `kill -9`: no double entry, no double timer, no broken cap, nothing sent after an
erasure. People come, wait, are written to and are forgotten while `work` dies over and over; what
happened is read from the log, the mailbox and the receiver of webhooks.
"""

import email
import json
import os
import random
import time
from collections import Counter, defaultdict

import pytest
from faults.effects import Receiver, Web, Work, stop, write_shop
from live import run_cli

from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.identity.resolve import Resolver
from journeyfold.project.erasure import request
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

KILLS = int(os.environ.get("JOURNEYFOLD_JOURNEY_KILLS", "6"))
PEOPLE, CARTS, ERASED, CAP = 40, 3, 5, 2
POINTS = (
    "mid_fold", "before_state_commit", "after_state_commit", "after_lease",
    "after_result_before_row", "before_commit", "after_insert",
)  # fmt: skip
SLACK_S = 3.0  # from the record that says who left to the commit behind it, on a busy machine
WEBHOOK = """
type: webhook
url: http://127.0.0.1:{port}/hook
secret: "${{env:HOOK_SECRET}}"
"""
JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
reentry: {mode: once, max_active: 20}
policy: {purpose: marketing, quiet: never, caps: [daily]}
steps:
  - {id: pause, wait: {for: 1s}}
  - {id: mail, send: {channel: email, template: plain}}
  - {id: rest, wait: {for: 1s}}
  - {id: call, webhook: {destination: crm}}
  - {id: end, wait: {for: 1s}}
  - {id: done, exit: completed}
"""
pytestmark = [pytest.mark.kill, pytest.mark.slow, pytest.mark.timeout(300)]


class Shop:
    """The log as clients fill it, and whom an owner has erased."""

    def __init__(self, directory, port, seed):
        write_shop(directory, WEBHOOK.format(port=port), JOURNEY)
        settings = directory / "journeyfold.yaml"
        text, cap = settings.read_text(), f"daily: {{max: {CAP}, per: 24h}}"
        assert "daily: {max: 1, per: day}" in text
        settings.write_text(text.replace("daily: {max: 1, per: day}", cap))
        self.directory, self.chance = directory, random.Random(seed)
        self.workspace = Workspace(place_of(directory, None), checked_project(directory))
        activate(self.workspace, checked_project(directory))
        self.number, self.carts, self.erased = 0, set(), {}
        for person in range(PEOPLE):
            self.say("Identify", person, {}, kind="identify", traits={"email": address(person)})
            told = {"purposes": {"marketing": "granted", "marketing_email": "granted"}}
            self.say("Consent Updated", person, told)
        fold_to_head(self.workspace)

    def say(self, name, person, properties, *, kind="track", traits=None, at_us=0):
        self.number += 1
        now_us = self.workspace.clock.now_us()
        who = Identifier("user_id", f"user-{person}")
        event = Event(
            id=f"e{self.number}", name=name, type=kind, source="shop_server", identifiers=(who,),
            occurred_us=at_us or now_us, received_us=now_us, properties=properties,
            traits=traits or {}, context={"auth": "server"},
        )  # fmt: skip
        entry = Entry(event=event, nodes=(node_of(who, self.workspace.node_key),))
        self.workspace.log.append([entry], now_us=now_us)

    def fill_carts(self, share):
        """Some of the carts that are still to come, each of them said twice."""
        every = [(person, cart) for person in range(PEOPLE) for cart in range(CARTS)]
        waiting = [each for each in every if each not in self.carts and each[0] not in self.erased]
        for person, cart in self.chance.sample(waiting, min(share, len(waiting))):
            self.carts.add((person, cart))
            for _ in range(2):
                self.say("Cart Updated", person, {"cart_id": f"c{person}-{cart}"})

    def erase_somebody(self):
        """Whoever the state knows; an event of theirs that is in flight comes after it."""
        known = [each for each, _ in self.carts if each not in self.erased and self.node(each)]
        if not known or len(self.erased) == ERASED:
            return
        person = self.chance.choice(sorted(set(known)))
        now_us = self.workspace.clock.now_us()
        entry = Entry(event=request([self.node(person).hex()], now_us), kind="erasure")
        (fate,) = self.workspace.log.append([entry], now_us=now_us)
        self.erased[person] = fate.offset
        self.say("Cart Updated", person, {"cart_id": f"late-{person}"}, at_us=now_us - 1)

    def node(self, person):
        """None for somebody whom the state does not know."""
        state = self.workspace.read_state()
        try:
            with state.read() as reader:
                rules = self.workspace.project_in_force().identity
                resolver = Resolver(rules, self.workspace.node_key, reader)
                node = resolver.node(Identifier("user_id", f"user-{person}"))
                return node if resolver.person_of(node) else None
        finally:
            state.close()

    def records(self):
        found, after = [], -1
        while page := self.workspace.log.read(after, 5_000):
            found += page
            after = page[-1].offset
        return found


def address(person):
    return f"user-{person}@example.com"


def live_and_die(work, shop):
    """People do things while it lives; it ends at a named point or in the middle of anything."""
    named = shop.chance.random() < 0.5
    point = f"{shop.chance.choice(POINTS)}:{shop.chance.randint(2, 8)}"
    work.start(**({"JOURNEYFOLD_KILL_POINT": point} if named else {}))
    until_s = time.monotonic() + shop.chance.uniform(0.8, 2.5)
    while work.process.poll() is None and time.monotonic() < until_s:
        shop.fill_carts(shop.chance.randint(0, 2))
        time.sleep(0.15)
    shop.erase_somebody()
    time.sleep(shop.chance.uniform(0, 0.2))
    kill(work)


def kill(work):
    work.process.kill()
    work.process.wait(10)
    work.process.stdin.close()
    work.kills += 1


def finished(work, shop):
    """Everybody comes, and every run ends; then `work` stops."""
    shop.fill_carts(PEOPLE * CARTS)
    work.start()
    until_s = time.monotonic() + 60
    while True:
        names = Counter(record.event.name for record in shop.records())
        alive = len([each for each in shop.carts if each[0] not in shop.erased])
        if names["journey.entered"] == names["journey.exited"] and names["journey.exited"] >= alive:
            break
        assert work.process.poll() is None, "work ended by itself"
        assert time.monotonic() < until_s, f"runs do not end: {names}"
        time.sleep(0.2)
    called(work, shop)
    work.process.terminate()
    assert work.process.wait(20) == 0


def called(work, shop):
    """Every run that came to its call has its result in the log."""
    until_s = time.monotonic() + 60
    while (made := len(calls_told(shop))) < (wanted := runs_completed(shop)):
        assert work.process.poll() is None, "work ended by itself"
        assert time.monotonic() < until_s, f"{made} of {wanted} calls are made"
        time.sleep(0.2)


def calls_told(shop):
    """The calls that the log says were made, by message."""
    return Counter(
        each.event.properties["message"]
        for each in shop.records()
        if each.event.name == "webhook.sent"
    )


def runs_completed(shop):
    """Of whom nobody erased: a call that waits goes with the person."""
    gone = {f"c{person}-{cart}" for person in shop.erased for cart in range(CARTS)}
    told = [(each.event.name, each.event.properties) for each in shop.records()]
    stayed = {
        said["instance"]
        for name, said in told
        if name == "journey.entered" and said["key"] not in gone
    }
    return sum(
        said["instance"] in stayed
        for name, said in told
        if name == "journey.exited" and said.get("reason") == "completed"
    )


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """(the shop, its receiver) after all deaths."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    receiver = Receiver(Web)
    shop = Shop(tmp_path_factory.mktemp("kill") / "shop", receiver.port, seed)
    work = Work(shop.directory, seed)
    try:
        for _ in range(KILLS):
            live_and_die(work, shop)
        finished(work, shop)
        print(f"{work.kills} kills, {len(shop.erased)} erased, {len(receiver.came)} calls")
        yield shop, receiver
    finally:
        kill(work)
        work.errors.close()
        stop(receiver)
        shop.workspace.close()


def test_everybody_enters_once_for_each_cart(lived):
    shop, _ = lived
    entered = [
        each.event.properties for each in shop.records() if each.event.name == "journey.entered"
    ]
    assert max(Counter(told["instance"] for told in entered).values()) == 1
    expected = {f"c{person}-{cart}" for person, cart in shop.carts if person not in shop.erased}
    keys = Counter(told["key"] for told in entered)
    assert max(keys.values()) == 1
    assert expected <= keys.keys()
    assert not any(key.startswith("late-") for key in keys), "an event in flight let somebody in"


def test_every_run_ends_once_and_waits_as_long_as_it_says(lived):
    shop, _ = lived
    began, ended = {}, defaultdict(list)
    for record in shop.records():
        told = record.event.properties
        if record.event.name == "journey.entered":
            began[told["instance"]] = record.event.occurred_us
        elif record.event.name == "journey.exited":
            ended[told["instance"]].append((told["reason"], record.event.occurred_us))
    assert began.keys() == ended.keys()
    assert all(len(exits) == 1 for exits in ended.values())
    for instance, ((reason, at_us),) in ended.items():
        assert reason in {"completed", "erased"}
        if reason == "completed":  # three timers of a second, each at its own instant (E1)
            assert at_us - began[instance] == 3_000_000


def test_no_cap_is_broken(lived):
    shop, _ = lived
    to = Counter(email.message_from_bytes(path.read_bytes())["To"] for path in mails(shop))
    assert to
    assert max(to.values()) <= CAP
    skipped = [each for each in shop.records() if each.event.name == "message.skipped"]
    assert any(each.event.properties["gate"] == "cap" for each in skipped)


def test_a_call_is_made_once_for_each_run_that_came_to_it(lived):
    shop, receiver = lived
    results, completed = calls_told(shop), runs_completed(shop)
    assert max(results.values()) == 1
    assert results.keys() <= set(receiver.came)
    assert len(results) >= completed


def known(record):
    """How much of the log was folded when a record was said; all before it, where nothing says."""
    return record.event.context.get("as_of", record.offset - 1)


def test_nothing_is_sent_to_an_erased_person_after_it(lived):
    shop, _ = lived
    assert shop.erased
    records = shop.records()
    gone_us = {}  # offset of the erasure → when the fold said that they left
    for record in records:
        told = record.event.properties
        if record.event.name == "journey.exited" and told["reason"] == "erased":
            gone_us[record.event.occurred_us] = record.appended_us
    for person, offset in shop.erased.items():
        assert shop.node(person) is None
        who = f"user-{person}"
        after = [each for each in records if each.offset > offset and known(each) >= offset]
        named = [each for each in after if who in {one.value for one in each.event.identifiers}]
        assert {each.event.name for each in named} == {"Cart Updated"}, "something of them is told"
        said_us = records[offset].appended_us
        folded_s = gone_us.get(said_us, 0) / 1e6
        for path in mails(shop):
            if folded_s and email.message_from_bytes(path.read_bytes())["To"] == address(person):
                assert path.stat().st_mtime <= folded_s + SLACK_S


def test_a_rebuild_gives_the_same_bytes(lived):
    shop, _ = lived
    told = json.loads(run_cli(shop.directory, "replay", "--verify", "--json").stdout)
    assert told["is_equal"] is True, told


def mails(shop):
    return sorted((shop.directory / ".journeyfold/mailbox").glob("*.eml"))
