"""The report of an identity audit from a state and a log (identity X4)."""

from house import KEY, House

from journeyfold.core.event import Identifier
from journeyfold.core.instant import DAY_US
from journeyfold.identity import review
from journeyfold.identity.normalise import node_of
from journeyfold.identity.resolve import Resolver
from journeyfold.identity.review import Review, Said
from journeyfold.project.identity_report import report


def reported(house, last=-1):
    with house.state.read() as reader:
        resolver = Resolver(house.rules, KEY, reader)
        return report(reader, house.log, resolver, "v1", house.now_us, last)


def two_people(house):
    house.track("Identify", type_="identify", user="ann", email="ann@example.com")
    house.now_us += 1
    house.track("Identify", type_="identify", user="ann", email="other@example.com")


def test_a_quiet_house_has_nothing_to_tell():
    house = House()
    two_people(house)
    found = reported(house)
    assert (found.audit.people, found.audit.identifiers, found.since) == (1, 3, None)
    assert found.alerts == ()
    assert found.date == "2026-09-21"


def test_a_contradiction_between_two_identifiers_of_a_person_is_told():
    house = House()
    house.track("Identify", type_="identify", user="ann", traits={"birth_date": "1980-01-01"})
    house.track(
        "Identify", type_="identify", email="ann@example.com", traits={"birth_date": "1999-09-09"}
    )
    house.now_us += 1
    house.track("Identify", type_="identify", user="ann", email="ann@example.com")
    found = reported(house)
    (told,) = found.disagreements.found
    assert (told.fact, told.values) == ("birth date", 2)
    assert [alert.name for alert in found.alerts] == ["disagreements"]


def test_a_value_that_one_identifier_changed_is_no_contradiction():
    house = House()
    for country in ("DE", "FR"):
        house.now_us += 1
        house.track(
            "Identify",
            type_="identify",
            user="ann",
            email="ann@example.com",
            traits={"country": country},
        )
    assert reported(house).disagreements.found == ()


def test_verdicts_of_reviewers_make_the_estimate():
    house = House()
    two_people(house)
    assert reported(house).sample.right is None
    assert len(reported(house).to_judge) == 2
    house.verdict(verdict="link", a="user_id:ann", b="email:ann@example.com")
    house.verdict(verdict="cannot_link", a="user_id:ann", b="email:other@example.com")
    found = reported(house)
    (event, _) = found.sample.strata
    assert (event.name, event.links, event.judged, event.right) == ("event", 1, 1, 1)
    assert found.to_judge == ()


def test_a_verdict_that_was_taken_back_is_no_verdict():
    house = House()
    two_people(house)
    one, other = sorted(
        node_of(Identifier(kind, value), KEY)
        for kind, value in (("user_id", "ann"), ("email", "ann@example.com"))
    )
    row = Review(
        a=one, b=other, weight=1.0, probability=0.6, steps=(), model="m", run="r", offset=1,
        proposed_us=house.now_us, said=(Said("ann", "different", 1),), state="different",
    )  # fmt: skip
    with house.state.write() as writer:
        review.put_review(writer, row)
    assert reported(house).sample.right is None


def test_the_queue_tells_how_long_the_oldest_pair_waits_and_how_reviewers_agree():
    house = House()
    two_people(house)
    said = (Said("ann", "same", 1), Said("bob", "same", 2))
    other = (Said("ann", "different", 1), Said("bob", "different", 2))
    with house.state.write() as writer:
        for number, (each, state) in enumerate(
            ((said, "same"), (other, "different"), ((), "open"))
        ):
            row = Review(
                a=bytes([number]) * 16, b=bytes([9]) * 16, weight=1.0, probability=0.6, steps=(),
                model="m", run="r", offset=1, proposed_us=house.now_us - 20 * DAY_US, said=each,
                state=state,
            )  # fmt: skip
            review.put_review(writer, row)
    found = reported(house)
    assert (found.queue.open, found.queue.oldest_days, found.queue.kappa) == (1, 20.0, 1.0)
    assert [alert.name for alert in found.alerts] == ["old_reviews"]


def test_a_report_compares_with_the_one_before():
    house = House()
    two_people(house)
    offset, _ = house.log.head()
    house.verdict(verdict="cannot_link", a="user_id:ann", b="email:other@example.com")
    found = reported(house, offset)
    assert (found.since.people, found.since.split) == (1, 1)
