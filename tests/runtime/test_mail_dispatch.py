"""Mail on its way: what a message says is known whatever became of it, and refusals close doors."""

import pytest
from outbox_kit import Post
from servers.post_office import post_office
from servers.process import free_ports

from journeyfold.activate.outbox import leased
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.project.sent import sent_of
from journeyfold.runtime import outbox

JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
policy: {purpose: marketing, quiet: never, caps: [weekly]}
steps:
  - {id: mail, send: {channel: email, template: cart, on_fail: other}}
  - {id: pause, wait: {for: 1d}}
  - {id: done, exit: completed}
  - {id: other, update: {traits: {unreachable: true}}}
"""
LINK = "https://shop.example/cart"


def project(**files):
    shop = {
        path: text
        for path, text in template_files("shop").items()
        if not path.startswith(("journeys/", "tests/", "templates/", "destinations/"))
    }
    settings = shop.pop("journeyfold.yaml") + "\nemail: {bounces: back.example}\n"
    return load(
        shop
        | {
            "journeyfold.yaml": settings,
            "journeys/cart.yaml": JOURNEY,
            "templates/cart/template.yaml": "subject: Hi\nfrom: Shop <shop@shop.example>\n",
            "templates/cart/body.html": f"<p><a href='{LINK}'>{{{{ traits.first_name }}}}</a></p>",
        }
        | files
    )


class Shop(Post):
    def known(self, address="ann@example.com"):
        self.track(
            "Identify", type_="identify", user="ann",
            traits={"email": address, "first_name": "Ann"},
        )  # fmt: skip
        granted = dict.fromkeys(("marketing", "marketing_email", "analytics"), "granted")
        self.track("Consent Updated", {"purposes": granted}, user="ann")

    def cart(self, number=1):
        self.wait(1_000_000)
        self.track("Cart Updated", {"cart_id": f"c{number}"}, user="ann")

    @property
    def keys(self):
        return [each.key for each in self.effects if getattr(each, "destination", "") == "email"]

    def sent(self, number=0):
        with self.state.read() as reader:
            return sent_of(reader, self.keys[number])

    def slots(self):
        return [one.key for one in self.person("user_id", "ann").contacts if one.kind == "sent"]


@pytest.fixture
def office():
    port = free_ports(1)[0]
    with post_office(port) as opened:
        opened.port = port
        yield opened


@pytest.fixture
def shop(office, tmp_path):
    smtp = f"type: smtp\nhost: 127.0.0.1\nport: {office.port}\ntls: none\n"
    made = Shop(project(**{"destinations/post.yaml": smtp}), tmp_path)
    made.known()
    yield made
    made.lanes.close(5)


def test_what_was_sent_is_remembered_with_its_links(shop, office):
    shop.cart()
    shop.deliver()
    row = shop.sent()
    assert (row.links, row.purpose, row.template) == ([LINK], "marketing", "cart")
    assert office.letters[0][0].endswith("@back.example")


def test_links_of_a_message_that_may_have_arrived_lead_somewhere(shop):
    shop.cart()
    with shop.state.write() as writer:
        outbox.put(writer, leased(outbox.row_at(writer, shop.keys[0]), "work", shop.now_us))
    shop.begin()
    shop.deliver()
    assert set(shop.sent().marks) == {"unknown"}
    assert shop.sent().links == [LINK]


def test_an_answer_that_was_lost_is_unknown_with_its_links(shop, office):
    office.hangs_up = "data"
    shop.cart()
    shop.deliver()
    assert (set(shop.sent().marks), shop.sent().links) == ({"unknown"}, [LINK])


def test_a_refused_address_goes_the_way_of_on_fail_and_is_written_to_no_more(shop, office):
    office.refused["ann@example.com"] = "550 5.1.1 no such user"
    shop.cart()
    shop.deliver()
    (failed,) = [each for each in shop.results() if each.name == "message.failed"]
    assert failed.properties["status"] == "5.1.1"
    assert shop.person("user_id", "ann").traits["unreachable"].value is True
    assert shop.slots() == []
    shop.cart(2)
    shop.deliver()
    assert len(office.letters) == 0
    assert len(shop.keys) == 1  # the gate of the fold knows


def test_a_refusal_for_now_is_tried_again(shop, office):
    office.refused["ann@example.com"] = "451 4.7.1 later"
    shop.cart()
    shop.deliver()
    assert office.letters == []
    office.refused.clear()
    shop.wait(900_000_000)
    shop.deliver()
    assert len(office.letters) == 1


def test_another_address_is_written_to_again(shop, office):
    office.refused["ann@example.com"] = "550 5.1.1 no such user"
    shop.cart()
    shop.deliver()
    shop.known("ann@other.example")
    shop.cart(2)
    shop.deliver()
    assert [to for _, to, _ in office.letters] == ["ann@other.example"]


def test_what_is_no_address_is_skipped_at_the_gate_and_takes_no_slot(shop):
    shop.known("ann at example")
    shop.cart()
    assert (shop.keys, shop.slots()) == ([], [])
    shop.known()
    shop.cart(2)
    assert len(shop.keys) == len(shop.slots()) == 1


def test_an_address_that_became_none_before_it_left_is_skipped_at_the_last_look(shop, office):
    shop.cart()
    shop.known("ann at example")
    shop.deliver()
    (skipped,) = [each for each in shop.results() if each.name == "message.skipped"]
    assert skipped.properties["gate"] == "address"
    assert (office.letters, shop.slots()) == ([], [])
