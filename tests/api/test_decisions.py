"""Batches, and decisions read back."""


def batch(kit, subjects, *, key="srv", **more):
    body = {"subjects": subjects, "placements": [{"id": "home-hero"}]} | more
    return kit.call("POST", "/v1/decide/batch", body, key=key)


def test_a_batch_decides_for_each_subject_in_one_append(kit):
    answered = batch(kit, [{"user_id": f"u{n}"} for n in range(3)])
    ids = [each["decision_id"] for each in answered.json["decisions"]]
    assert ids == [record.event.id for record in kit.log.read(-1, 10)]
    assert len(set(ids)) == 3


def test_a_batch_is_repeatable_and_a_changed_one_conflicts(kit):
    first = batch(kit, [{"user_id": "u1"}, {"user_id": "u2"}], request_id="b1")
    assert batch(kit, [{"user_id": "u1"}, {"user_id": "u2"}], request_id="b1").body == first.body
    assert batch(kit, [{"user_id": "u1"}, {"user_id": "u3"}], request_id="b1").status == 409
    assert kit.log.head()[0] == 1


def test_a_batch_is_not_for_browsers(kit):
    assert batch(kit, [{"anonymous_id": "a"}], key="pub").status == 403


def test_a_batch_of_500_with_two_identifiers_each_fits(kit):
    subjects = [{"user_id": f"u{n}", "anonymous_id": f"a{n}"} for n in range(500)]
    assert len(batch(kit, subjects).json["decisions"]) == 500


def test_a_batch_of_501_is_refused(kit):
    answered = batch(kit, [{"user_id": str(n)} for n in range(501)])
    assert (answered.status, answered.json["error"]["pointer"]) == (400, "/subjects")


def test_a_batch_for_no_placement_is_404(kit):
    assert batch(kit, [{"user_id": "u"}], placements=[{"id": "x"}]).status == 404


def test_a_full_queue_refuses_the_whole_batch(kit):
    kit.is_full = True
    assert batch(kit, [{"user_id": "u"}]).status == 503
    assert kit.log.head() == (-1, 0)


def test_a_decision_reads_back_with_all_its_reasons(kit):
    kit.know()
    made = kit.decide({"context": {"page": "/"}}).json
    read = kit.call("GET", f"/v1/decisions/{made['decision_id']}").json
    assert read["offset"] == 0
    assert read["context"] == {"page": "/"}
    assert read["person"] == next(iter(kit.decisions.profiles))
    assert read["decision"]["placements"][0]["reasons"]


def test_a_decision_nobody_made_is_404(kit):
    assert kit.call("GET", "/v1/decisions/nope").status == 404


def test_reading_decisions_needs_the_right_to_read_people(kit):
    assert kit.call("GET", "/v1/decisions/x", key="narrow").status == 403
    assert kit.call("GET", "/v1/decisions/x", key="pub").status == 403


def test_when_the_same_batch_comes_twice_at_once_both_get_the_first_answer(kit):
    append, first = kit.services.door.append, []

    async def twice(items, rejected):
        if not first:
            first.append(await append(items, rejected))
        return await append(items, rejected)

    kit.services.door.append = twice
    answered = batch(kit, [{"user_id": "u1"}], request_id="b1")
    assert [each["decision_id"] for each in answered.json["decisions"]] == [
        kit.log.read(-1, 1)[0].event.id
    ]


def test_a_long_batch_lets_others_have_their_turn(kit):
    assert len(batch(kit, [{"user_id": str(n)} for n in range(45)]).json["decisions"]) == 45
