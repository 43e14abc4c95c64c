"""Quarantine on its page: a place chosen, a fix previewed, messages given up by number."""


def test_a_reason_leads_to_its_place(shop, desk_of_shop):
    reason = next(each for each in desk_of_shop.quarantine.reasons() if each.pointer)
    wanted = {key: getattr(reason, key) for key in ("code", "source", "name", "pointer")}
    page = shop.get("/quarantine", params=wanted)
    assert page.status_code == 200
    assert 'aria-current="true"' in page.text


def test_a_preview_says_how_much_would_pass(signed_in, desk):
    held = len(desk.quarantine.held)
    browser = signed_in(desk)
    page = browser.write("/quarantine/replay", do="preview", code="schema")
    tried = len(desk.quarantine.rows(code="schema", limit=500))
    assert f"{tried // 2} of {tried} messages would pass" in page.text.replace("\xa0", " ")
    assert len(desk.quarantine.held) == held


def test_giving_up_needs_the_number_typed(signed_in, desk):
    browser = signed_in(desk)
    number = len(desk.quarantine.rows(code="schema", limit=500))
    wrong = browser.write("/quarantine/drop", code="schema", confirm="1000")
    assert 'aria-invalid="true"' in wrong.text
    assert len(desk.quarantine.rows(code="schema", limit=500)) == number
    done = browser.write("/quarantine/drop", code="schema", confirm=str(number))
    assert done.headers["location"] == f"/quarantine?dropped={number}"
    assert desk.quarantine.rows(code="schema", limit=500) == []
    assert ("admin", "quarantine.drop", "*/*/schema", "") in desk.keys.acts


def test_who_may_not_replay_may_not_give_up(signed_in, desk):
    browser = signed_in(desk, "viewer")
    assert browser.write("/quarantine/drop", code="schema", confirm="1").status_code == 403
