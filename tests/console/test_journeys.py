"""The pages of journeys: what they must show, and that the figures on them add up."""

from __future__ import annotations

import re
from html import unescape

import pytest

from journeyfold.api.journey_text import journey_of
from journeyfold.console.canvas import Counts, canvas
from journeyfold.console.flow import ENTRY, flow_of
from journeyfold.testing.desk import SampleDesk
from journeyfold.testing.sample_journeys import CART, LONG, WELCOME

CART_PAGE = "/journeys/cart-abandoned"


def words(answer):
    body = re.sub(r"<(svg|head).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


def test_the_list_says_of_each_journey_whether_it_helps(shop):
    shown = words(shop.get("/journeys"))
    assert "3 journeys are live" in shown
    assert re.search(r"Cart abandoned cart-abandoned consideration live 11.9 k 685 23.4 %", shown)
    assert "+5.4 3.0 to 7.7" in shown


def test_a_journey_without_a_goal_says_so_and_shows_no_effect(shop):
    assert "no goal – nobody" in words(shop.get("/journeys"))


def test_the_list_of_a_first_start_shows_how_to_begin(signed_in):
    shown = words(signed_in(SampleDesk(people=0)).get("/journeys"))
    assert "No journey yet" in shown


def test_a_stage_filters_and_the_filter_can_be_dropped(shop):
    text = shop.get("/journeys?stage=awareness").text
    assert "cart-abandoned" not in text
    assert 'href="?"' in text


def test_each_message_is_compared_with_those_held_out(shop):
    shown = words(shop.get(CART_PAGE))
    assert "Goals after Against held out" in shown
    assert re.search(r"cart mail, email .*? worth [\d,]+ \+5\.\d [\d.−]+ to \d", shown)


def test_moves_of_stage_are_compared_with_those_held_out(shop):
    shown = words(shop.get(CART_PAGE)).partition("Moves to another stage")[2]
    assert re.search(
        r"consideration to purchase shop 7 days 1[01]\.\d % .*? [67]\.\d % .*? \+4\.\d", shown
    )


def test_the_page_begins_with_the_answer(shop):
    shown = words(shop.get(CART_PAGE))
    assert (
        "Of 100 people who enter, about 5 more reach Order Completed than would without it; "
        "the interval is 3.0 to 7.7." in shown
    )


@pytest.mark.parametrize("step", ["pause", "bought", "split", "mail"])
def test_what_became_of_those_who_came_to_a_step_adds_up(shop, step):
    text = shop.get(f"{CART_PAGE}?step={step}").text
    table = text[text.index('<div id="step">') :].partition("</table>")[0]
    numbers = [
        int(number.replace(",", "")) for number in re.findall(r'class="n[^"]*">([\d,]+)<', table)
    ]
    *parts, whole = numbers
    assert sum(parts) == whole > 0


def test_the_text_marks_the_step_that_is_selected(shop):
    text = shop.get(f"{CART_PAGE}?step=late").text
    assert text.count('class="l here"') == 2


def test_an_unknown_step_version_person_or_tab_is_not_there(shop):
    for query in ("step=nowhere", "tab=versions&version=1", "tab=people&person=p_x", "tab=none"):
        assert shop.get(f"{CART_PAGE}?{query}").status_code == 404


def test_versions_show_what_changed(shop):
    text = shop.get(f"{CART_PAGE}?tab=versions").text
    assert re.search(r'class="l del">.*30m', text)
    assert re.search(r'class="l add">.*5m', text)


def test_a_person_is_found_by_an_identifier_that_stands_in_no_address(signed_in, desk):
    browser = signed_in(desk)
    answer = browser.write(f"{CART_PAGE}/trace", q="jonna.0@example.com")
    assert answer.status_code == 303
    assert "example" not in answer.headers["location"]
    shown = words(browser.get(answer.headers["location"]))
    assert "At bought (Order Completed, 1 h) since" in shown


def test_nobody_by_an_identifier_is_said_at_the_field(signed_in, desk):
    answer = signed_in(desk).write(f"{CART_PAGE}/trace", q="nobody@example.com")
    assert 'aria-invalid="true"' in answer.text


def test_a_viewer_sees_no_button_that_changes_anything(signed_in, desk):
    text = signed_in(desk, "viewer").get(CART_PAGE).text
    assert "Pause…" not in text
    assert "/edit" not in text


def test_nobody_entered_is_said_and_nothing_is_claimed(signed_in, desk):
    desk.journeys.sizes = dict.fromkeys(desk.journeys.sizes, 0)
    shown = words(signed_in(desk).get(CART_PAGE))
    assert "Nobody has entered yet." in shown
    assert "None" not in shown


def flow(text):
    return flow_of(journey_of("journeys/x.yaml", text))


def test_every_way_of_the_steps_is_drawn():
    lines = {(line.source, line.target): line.words for line in flow(CART).lines}
    assert lines[ENTRY, "pause"] == ""
    assert lines["bought", "done"] == "Order Completed"
    assert lines["bought", "split"] == "after 1\u00a0h"
    assert lines["split", "mail"] == "plain 50\u00a0%"
    assert lines["split", "pick"] == "offer 50\u00a0%"
    assert ("again", "mail") in lines
    assert lines["again", "done"] == ""


def test_a_branch_says_its_conditions():
    lines = {(line.source, line.target): line.words for line in flow(WELCOME).lines}
    assert lines["vip", "gold"] == 'traits.tier == "gold"'
    assert lines["vip", "tips"] == "else"


def test_the_end_behind_the_last_step_is_drawn():
    assert flow(LONG).knots[-1].title == "completed"


def test_a_way_to_a_step_that_is_not_there_is_left_out():
    drawn = flow(WELCOME.replace("goto: done}", "goto: nowhere}"))
    assert "nowhere" not in {line.target for line in drawn.lines}


def test_hostile_names_stay_text_in_the_drawing():
    text = CART.replace("Order Completed", "<script>alert(1)</script>")
    picture = canvas(flow(text), Counts(), title="<b>", summary="<i>")
    assert "<script>" not in picture
    assert "<b>" not in picture


def test_the_width_of_a_line_is_its_people():
    counts = Counts(entered=100, flows={("pause", "bought"): 100, ("bought", "split"): 25})
    widths = re.findall(
        r'stroke-width="([\d.]+)"', canvas(flow(CART), counts, title="", summary="")
    )
    assert "12.0" in widths
    assert "3.0" in widths


def test_a_million_people_are_short_in_the_drawing_and_exact_in_its_title():
    counts = Counts(entered=1_000_000, here={"pause": 1_000_000})
    picture = canvas(flow(CART), counts, title="", summary="")
    assert "1\u00a0M" in picture
    assert "1,000,000 here now" in picture


def test_pausing_asks_first_and_says_for_how_many(shop):
    shown = words(shop.get(f"{CART_PAGE}?do=pause"))
    assert "685 people stay where they are" in shown
    assert "Stop for 685 people" in shown


@pytest.mark.parametrize(
    ("verb", "status"), [("pause", "paused"), ("drain", "draining"), ("resume", "live")]
)
def test_a_command_is_given_and_written_into_the_audit(signed_in, desk, verb, status):
    browser = signed_in(desk, "marketer")
    assert browser.write(f"{CART_PAGE}/control", verb=verb).status_code == 303
    assert desk.journeys.journeys()[0].control.status == status
    assert ("marketer", f"journey.{verb}", "cart-abandoned", "") in desk.keys.acts


def test_stopping_needs_the_id_to_be_typed(signed_in, desk):
    browser = signed_in(desk)
    answer = browser.write(f"{CART_PAGE}/control", verb="stop", confirm="cart")
    assert answer.status_code == 422
    assert desk.journeys.journeys()[0].control.status == "live"
    browser.write(f"{CART_PAGE}/control", verb="stop", confirm="cart-abandoned")
    assert desk.journeys.journeys()[0].control.status == "stopped"


def test_a_paused_journey_says_so_and_since_when_and_by_whom(signed_in, desk):
    desk.journeys.control("cart-abandoned", "pause", "mila")
    shown = words(signed_in(desk).get(CART_PAGE))
    assert re.search(r"Paused since 16:14 by mila", shown)
    assert "Resume…" in shown


def test_a_viewer_may_not_pause(signed_in, desk):
    answer = signed_in(desk, "viewer").write(f"{CART_PAGE}/control", verb="pause")
    assert answer.status_code == 403
    assert desk.journeys.journeys()[0].control.status == "live"


REPLY = """entry: [{event: Cart Updated}]
steps:
  - id: answer
    wait_for: {any: [{event: Offer Clicked, goto: clicked}], timeout: 2d}
  - {id: silent, exit: no answer}
  - {id: clicked, exit: clicked}
"""


def test_no_end_stands_alone():
    """An end that only ways aside lead to is drawn below one of them, not beside the entry."""
    picture = canvas(flow(REPLY), Counts(), title="", summary="")
    tops = {
        step: float(re.search(rf'step={step}#step"><title>.*?<rect [^>]* y="([\d.]+)"', picture)[1])
        for step in ("answer", "silent", "clicked")
    }
    assert tops["clicked"] == tops["silent"] > tops["answer"]
    assert "Offer Clicked: clicked" not in picture
