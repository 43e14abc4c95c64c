"""Erasure and the outbox: what waits goes, what is under way says nothing of anybody (JT14)."""

import threading

import pytest
from house import KEY
from outbox_kit import Book, Post, Recorder

from journeyfold.activate.destination import Outcome, Rate
from journeyfold.core.event import Event, Identifier
from journeyfold.identity.resolve import Resolver
from journeyfold.project.erasure import NAME
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

CALLING = load({
    **template_files("blank"),
    "schemas/visit_made.1.json": '{"title": "Visit Made", "type": "object", "x-journeyfold": '
    '{"type": "track", "version": 1, "owner": "a@example.com", "purposes": []}, '
    '"properties": {"card": {"type": "string"}}}',
    "journeys/call.yaml": "title: Call\n"
    "entry: [{event: Visit Made, key: properties.card}]\n"
    "steps:\n  - {id: tell, webhook: {destination: crm}}\n  - {id: rest, wait: {for: 1d}}\n",
})  # fmt: skip


class Late(list):
    """Answers that wait until they may be given."""

    def __init__(self, *answers):
        super().__init__(answers)
        self.may_answer = threading.Event()

    def pop(self, at):
        self.may_answer.wait(20)
        return super().pop(at)


class Office(Post):
    """People come by, a journey tells a CRM, and then somebody wants to be forgotten."""

    def __init__(self, path, *answers, rate=None):
        self.book = Book(*answers)
        crm = Recorder(destination="crm", book=self.book, rate=rate or Rate(concurrency=1))
        super().__init__(CALLING, path, crm=crm)

    def visit(self, user, card="card-7"):
        self.track("Visit Made", {"card": card}, user=user, email=f"{user}@example.com")

    def erase(self, user):
        with self.state.read() as reader:
            node = Resolver(self.rules, KEY, reader).node(Identifier("user_id", user))
        event = Event(
            id=f"erase/{user}/{self.now_us}", name=NAME, type="system", source="_system",
            identifiers=(), occurred_us=self.now_us, received_us=self.now_us,
            properties={"nodes": [node.hex()], "request": "r1"}, context={"auth": "system"},
        )  # fmt: skip
        self.append(event, "erasure")

    def names(self):
        return [each.name for each in self.results()]

    def under_way(self):
        """Until a lane has begun the call."""
        while not self.book.came:
            self.dispatcher.listen(0.01)
            self.dispatcher.turn()


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


def test_what_waits_for_an_erased_person_is_not_sent(office):
    office.visit("ann")
    office.visit("bob")
    office.erase("ann")
    office.deliver()
    assert len(office.book.came) == 1
    assert office.rows() == []
    (sent,) = office.results()
    assert sent.identifiers[0].value.startswith("bob")


def test_what_was_planned_in_the_very_batch_that_erases_is_not_sent(office):
    fold, office.fold = office.fold, lambda: None
    office.visit("ann")
    office.fold = fold
    office.erase("ann")
    office.deliver()
    assert office.book.came == []
    assert office.rows() == []


def test_jt14_a_leased_effect_s_result_is_told_of_nobody(tmp_path):
    held = threading.Event()
    office = Office(tmp_path, held)
    office.visit("ann")
    office.under_way()
    office.erase("ann")
    held.set()
    office.deliver()
    (result,) = office.results()
    assert (result.name, result.identifiers) == ("webhook.sent", ())
    assert "ann" not in str(result.properties)
    assert "card-7" not in str(result.properties)
    assert office.rows() == []


def test_a_leased_effect_that_failed_leaves_no_dead_row_of_an_erased_person(tmp_path):
    office = Office(tmp_path)
    office.book.answers = late = Late(Outcome("dead", "no card-7 of ann@example.com here"))
    office.visit("ann")
    office.under_way()
    office.erase("ann")
    late.may_answer.set()
    office.deliver()
    assert office.names() == ["webhook.failed"]
    assert office.rows() == []
    assert "card-7" not in "".join(str(each.properties) for each in office.results())


def test_what_would_go_again_does_not_once_they_are_erased(tmp_path):
    office = Office(tmp_path, Outcome("retry", "answered 503"))
    office.visit("ann")
    office.deliver()
    office.erase("ann")
    office.now_us += 3_600_000_000
    office.deliver()
    assert len(office.book.came) == 1
    assert office.rows() == []


def test_who_came_back_is_not_sent_what_was_meant_for_them_before(office):
    office.visit("ann")
    office.erase("ann")
    office.now_us += 60_000_000
    office.visit("ann", card="card-8")
    office.deliver()
    assert len(office.book.came) == 1
    (sent,) = office.results()
    assert sent.identifiers
