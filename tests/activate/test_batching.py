"""Many parcels in one call, each settled for itself."""

from journeyfold.activate.batching import Unfit, settled, text_of
from journeyfold.activate.destination import Outcome, Parcel


def parcels(*told):
    return [Parcel(f"k{at}", kind, "p", 0, {"id": name}) for at, (kind, name) in enumerate(told)]


def shape(parcel):
    name = text_of(parcel.body, "id")
    return name, (name, parcel.key)


class Calls:
    def __init__(self, answer):
        self.answer, self.told = answer, []

    def __call__(self, kind, records):
        self.told.append((kind, [record for record, _ in records]))
        return self.answer(kind, records)


def sent(kind, records):
    return Outcome("sent")


def statuses(outcomes):
    return [each.status for each in outcomes]


def test_a_removal_is_not_sent_together_with_what_came_before_it():
    calls = Calls(sent)
    told = parcels(("upsert", "a"), ("upsert", "b"), ("remove", "a"), ("upsert", "a"))
    assert statuses(settled(told, shape, calls)) == ["sent"] * 4
    assert calls.told == [("upsert", ["a", "b"]), ("remove", ["a"]), ("upsert", ["a"])]


def test_of_several_about_one_record_the_last_tells_for_all():
    calls = Calls(lambda kind, records: [Outcome("sent", key) for _, key in records])
    outcomes = settled(parcels(("upsert", "a"), ("upsert", "b"), ("upsert", "a")), shape, calls)
    assert calls.told == [("upsert", ["a", "b"])]
    assert [each.reason for each in outcomes] == ["k2", "k1", "k2"]


def test_a_record_that_lacks_something_holds_up_no_other():
    told = [*parcels(("upsert", "a")), Parcel("k9", "upsert", "p", 0, {"id": ""})]
    outcomes = settled(told, shape, sent)
    assert statuses(outcomes) == ["sent", "dead"]
    assert outcomes[1].reason == "there is no id"


def test_a_batch_that_is_refused_is_halved_until_the_spoiler_stands_alone():
    def refuse_c(kind, records):
        bad = any(name == "c" for name, _ in records)
        return Outcome("dead", "spoilt") if bad else Outcome("sent")

    calls = Calls(refuse_c)
    outcomes = settled(parcels(*[("upsert", each) for each in "abcdefgh"]), shape, calls)
    assert statuses(outcomes) == ["sent", "sent", "dead", *["sent"] * 5]
    assert len(calls.told) <= 7


def test_a_platform_that_is_away_is_asked_once():
    calls = Calls(lambda *_: Outcome("retry", "answered 503"))
    outcomes = settled(parcels(("upsert", "a"), ("upsert", "b")), shape, calls)
    assert statuses(outcomes) == ["retry", "retry"]
    assert len(calls.told) == 1


def test_nothing_that_can_be_sent_is_no_call():
    calls = Calls(sent)

    def none(parcel):
        raise Unfit("no")

    assert statuses(settled(parcels(("event", "a")), none, calls)) == ["dead"]
    assert calls.told == []
