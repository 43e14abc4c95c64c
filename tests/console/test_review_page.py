"""The review queue as a page: two records side by side, why they may be one, and what is said."""

import re
from html import unescape

import pytest

from journeyfold.testing.desk import SampleDesk
from journeyfold.testing.desk_review import MODEL


def words(answer):
    body = re.sub(r"<(svg|head).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


@pytest.fixture
def desk():
    return SampleDesk()


def first(desk):
    return desk.reviews.queue().rows[0].id


def test_the_page_says_how_many_pairs_wait_and_how_many_found_no_room(shop):
    assert "15 pairs may be one person and wait for an answer. 312 more found no room." in words(
        shop.get("/review")
    )


def test_the_strongest_pair_is_open_with_both_records(shop):
    shown = words(shop.get("/review"))
    assert "Are these one person?" in shown
    assert re.search(r"birth_date \S+ \S+ same", shown)


def test_values_are_masked(shop):
    shown = words(shop.get("/review"))
    assert "@example.com" in shown
    assert "ann.moss" not in shown
    assert "Moss" not in shown


def test_the_waterfall_sums_to_the_weight(shop, desk_of_shop):
    pair = desk_of_shop.reviews.pair(first(desk_of_shop))
    table = re.search(r"<h3>How the weight.*?</details>", shop.get("/review").text, re.DOTALL)[0]
    rows = re.findall(r'<td class="n">([+−][\d.]+)</td>', table)
    numbers = [float(row.replace("−", "-")) for row in rows]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=0.3)
    assert numbers[-1] == round(pair.row.weight, 1)
    assert 'role="img" aria-label="Weights that sum to' in table


def test_an_answer_is_given_in_the_name_of_who_is_signed_in(signed_in, desk):
    pair = first(desk)
    answer = signed_in(desk).write(f"/review/{pair}", do="same")
    assert answer.status_code == 303
    assert desk.reviews.pair(pair).row.state == "same"
    assert ("admin", "identity.review.same", pair, "") in desk.keys.acts


def test_after_an_answer_the_next_pair_is_open(signed_in, desk):
    one, other = (row.id for row in desk.reviews.queue(limit=2).rows)
    answer = signed_in(desk).write(f"/review/{one}", do="different")
    assert f"pair={other}" in answer.headers["location"]


def test_a_pair_that_was_decided_meanwhile_says_so(signed_in, desk):
    pair, browser = first(desk), signed_in(desk)
    desk.reviews.answer(pair, "different", "bob")
    answer = browser.write(f"/review/{pair}", do="same")
    assert "decided meanwhile" in words(browser.get(answer.headers["location"]))
    assert desk.reviews.pair(pair).row.state == "different"


def test_a_disagreement_is_shown(signed_in, desk):
    desk.reviews.reviewers = 2
    pair, browser = first(desk), signed_in(desk)
    desk.reviews.answer(pair, "same", "ann")
    desk.reviews.answer(pair, "different", "bob")
    shown = words(browser.get(f"/review?pair={pair}"))
    assert "ann: same, bob: different. They disagree; 2 have to say the same." in shown


@pytest.mark.parametrize(
    ("needed", "said"), [(1, "They are one person"), (2, "It holds once 2 people")]
)
def test_an_answer_says_whether_it_holds_already(signed_in, desk, needed, said):
    desk.reviews.reviewers = needed
    browser = signed_in(desk)
    answer = browser.write(f"/review/{first(desk)}", do="same")
    assert said in words(browser.get(answer.headers["location"]))


@pytest.mark.parametrize("said", ["", "maybe"])
def test_no_other_answer_is_taken(signed_in, desk, said):
    assert signed_in(desk).write(f"/review/{first(desk)}", do=said).status_code == 404


def test_a_marketer_looks_and_does_not_answer(signed_in, desk):
    browser, pair = signed_in(desk, "marketer"), first(desk)
    assert 'value="same"' not in browser.get("/review").text
    assert browser.write(f"/review/{pair}", do="same").status_code == 403
    assert browser.write("/review/undo", model=MODEL).status_code == 403


def test_a_viewer_does_not_see_the_place(signed_in, desk):
    browser = signed_in(desk, "viewer")
    assert browser.get("/review").status_code == 403
    assert 'href="/review"' not in browser.get("/people").text


def test_a_clear_view_asks_for_a_reason_and_is_audited(signed_in, desk):
    browser, pair = signed_in(desk), first(desk)
    refused = browser.write(f"/review/{pair}/clear", reason="no")
    assert refused.status_code == 422
    assert "needs a reason" in words(refused)
    shown = words(browser.write(f"/review/{pair}/clear", reason="two contacts look alike"))
    assert "Moss" in shown
    assert ("admin", "pair.clear_view", pair, "two contacts look alike") in desk.keys.acts


def test_undoing_a_run_asks_for_its_count_first(signed_in, desk):
    browser = signed_in(desk)
    asked = browser.write("/review/undo", model=MODEL)
    assert "Take back 212 links of model" in words(asked)
    assert desk.reviews.undone == []
    assert browser.write("/review/undo", model=MODEL, confirm="3").status_code == 422
    done = browser.write("/review/undo", model=MODEL, confirm="212")
    assert desk.reviews.undone == [(MODEL, "admin")]
    assert "Taken back" in words(browser.get(done.headers["location"]))
    assert ("admin", "identity.undo", MODEL, "") in desk.keys.acts


def test_a_run_that_failed_says_what_to_do(shop):
    assert "nothing was learnt about postcode" in words(shop.get("/review"))


def test_keys_that_were_skipped_are_told(shop):
    assert "not looked at: surname: 2 values that 1,204 records share" in words(shop.get("/review"))


def test_without_settings_the_page_shows_what_to_write(signed_in):
    text = signed_in(SampleDesk(people=0)).get("/review").text
    assert "linkage:" in text
    assert "Nothing is compared" in text


def test_an_unknown_pair_is_not_found(shop):
    assert shop.get("/review?pair=" + "f" * 32).status_code == 404
    assert shop.get("/review?pair=x").status_code == 404


def test_hostile_values_stay_text(signed_in):
    desk = SampleDesk(names=["<script>alert(1)</script>", '"><img src=x onerror=y>'])
    browser, pair = signed_in(desk), first(desk)
    for text in (
        browser.get("/review").text,
        browser.write(f"/review/{pair}/clear", reason="a hostile name").text,
    ):
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_of_two_reviewers_each_is_shown_what_they_have_not_answered(signed_in, desk):
    desk.reviews.reviewers = 2
    ids = [row.id for row in desk.reviews.queue().rows]
    session = signed_in(desk)
    answer = session.write(f"/review/{ids[0]}", do="same")
    assert f"pair={ids[1]}" in answer.headers["location"]
    opened = re.search(
        r'action="/review/(\w+)" aria-label="What is this pair"', session.get("/review").text
    )
    assert opened[1] == ids[1]
