"""The editor: forms change the text and nothing else, and nothing that was typed is lost."""

from __future__ import annotations

import re
from html import unescape

import pytest

from journeyfold.api.journey_edit import step_ids, step_value
from journeyfold.api.journey_text import journey_of
from journeyfold.console import step_forms
from journeyfold.console.inventing import invented, veiled
from journeyfold.console.journey_changes import mark
from journeyfold.console.roles import may
from journeyfold.console.step_fields import Choices, fields_of
from journeyfold.project.yaml_text import read_yaml
from journeyfold.testing.desk import SampleDesk
from journeyfold.testing.sample_journeys import CART, LONG, WELCOME

EDIT = "/journeys/cart-abandoned"
PATH = "journeys/cart-abandoned.yaml"


def words(answer):
    body = re.sub(r"<(svg|head|datalist).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


def text_of(answer):
    return unescape(
        re.search(r'<textarea[^>]*id="text"[^>]*>(.*?)</textarea>', answer.text, re.DOTALL)[1]
    )


def draft(browser, do="", text=CART, at="", path="draft", **fields):
    form = {"text": text.replace("\n", "\r\n"), "was": mark(text), "at": at, "do": do}
    return browser.write(f"{EDIT}/{path}", **form, **fields)


def test_the_editor_shows_the_text_in_force(shop):
    assert text_of(shop.get(f"{EDIT}/edit")) == CART


def test_opening_a_step_shows_its_fields_and_keeps_the_text(shop):
    answer = draft(shop, "open:mail")
    assert 'name="f:send.template" value="cart"' in answer.text
    assert text_of(answer) == CART


def test_a_field_changes_its_own_line_only(shop):
    answer = draft(shop, at="pause", **{"f:id": "pause", "f:wait.for": "30m"})
    assert text_of(answer) == CART.replace("{for: 5m}", "{for: 30m}")
    assert "Draft, not published" in words(answer)


def test_a_step_can_be_renamed_and_stays_open(shop):
    answer = draft(shop, at="pause", **{"f:id": "breathe"})
    assert text_of(answer) == CART.replace("id: pause", "id: breathe")
    assert 'name="at" value="breathe"' in answer.text


def test_what_was_typed_wins_over_the_fields_shown_before(shop):
    typed = CART.replace("{for: 5m}", "{for: 9m}")
    form = {"text": typed, "was": mark(CART), "at": "pause", "f:wait.for": "30m"}
    assert text_of(shop.write(f"{EDIT}/draft", **form)) == typed


@pytest.mark.parametrize("kind", [*step_forms.KINDS, "goto"])
def test_a_step_of_every_kind_can_be_added_and_opens(shop, kind):
    answer = draft(shop, "add:pause", **{"kind:pause": kind})
    ids = step_ids(text_of(answer))
    assert len(ids) == 9
    assert ids[0] == "pause"
    assert f'name="at" value="{ids[1]}"' in answer.text
    assert step_forms.kind_of(step_value(text_of(answer), ids[1])) == kind


def test_a_step_is_removed_moved_up_and_down(shop):
    assert "pick" not in step_ids(text_of(draft(shop, "drop:pick")))
    assert step_ids(text_of(draft(shop, "up:bought")))[:2] == ["bought", "pause"]
    assert step_ids(text_of(draft(shop, "down:pause")))[:2] == ["bought", "pause"]


def test_an_arm_is_added_and_removed(shop):
    more = text_of(draft(shop, "more", at="split"))
    assert list(step_value(more, "split")["split"]["arms"]) == ["plain", "offer", "arm"]
    less = text_of(draft(shop, "less:2", text=more, at="split"))
    assert list(step_value(less, "split")["split"]["arms"]) == ["plain", "offer"]


def test_an_arm_is_renamed_in_its_place(shop):
    answer = draft(shop, at="split", **{"f:split.arms.#0.name": "control"})
    assert list(step_value(text_of(answer), "split")["split"]["arms"]) == ["control", "offer"]


def test_a_wait_turns_into_another_form(shop):
    answer = draft(shop, at="pause", **{"f:turn": "until"})
    assert step_value(text_of(answer), "pause")["wait"] == {"until": "09:00"}


def test_a_setting_changes_beside_the_steps(shop):
    answer = draft(shop, at="entry", **{"f:goal.within": "9d", "f:holdout.percent": "20"})
    changed = CART.replace("within: 7d", "within: 9d").replace("percent: 10", "percent: 20")
    assert text_of(answer) == changed


def test_an_entry_is_changed_and_its_comment_stays(shop):
    answer = draft(shop, at="entry", **{"f:entry.where": "properties.value >= 50"})
    assert "where: properties.value >= 50" in text_of(answer)
    assert "# one run a cart" in text_of(answer)


def test_a_problem_is_named_at_its_step_and_in_the_text(shop):
    answer = draft(shop, at="again", **{"f:goto": "mial"})
    shown = words(answer)
    assert "unknown step 'mial'" in shown
    assert "1 thing stands in the way" in shown
    assert "Review plan" not in shown
    row = answer.text[answer.text.index('id="s-again"') :].partition("</button>")[0]
    assert "warned" in row


def test_text_that_does_not_read_is_kept_and_said(shop):
    broken = CART + "steps: [\n"
    answer = draft(shop, text=broken)
    assert answer.status_code == 200
    assert text_of(answer) == broken
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize(
    "do", ["add:pause", "drop:pause", "open:pause", "more", "less:0", "up:pause"]
)
def test_no_verb_breaks_on_a_text_that_does_not_read(shop, do):
    answer = draft(shop, do, text="steps: [\n", at="pause", **{"f:id": "x"})
    assert answer.status_code == 200


@pytest.mark.parametrize("do", ["drop:gone", "up:gone", "add:gone", "more", "x:y"])
def test_no_verb_breaks_on_a_step_that_is_gone(shop, do):
    assert draft(shop, do, at="gone", **{"f:id": "x"}).status_code == 200


def test_the_plan_shows_the_change_before_it_is_published(shop):
    answer = draft(shop, path="plan", text=CART.replace("5m", "6m"))
    assert re.search(r'class="l del">.*5m', answer.text)
    assert re.search(r'class="l add">.*6m', answer.text)


def test_the_plan_says_who_would_have_entered_and_what_held_messages_back(shop):
    shown = words(draft(shop, path="plan", text=CART.replace("5m", "6m")))
    assert "Would have entered 398 instead of 412 , 377 people, 38 held out" in shown
    assert "2026-11-21 197 141 quiet hours 28 cap 9, no consent 4" in shown
    assert "bought 302 stay where they are: it waits for another event" in shown


def test_publishing_writes_the_text_as_it_was_typed(signed_in, desk):
    browser, text = signed_in(desk, "marketer"), CART.replace("5m", "6m")
    answer = draft(browser, path="publish", text=text, base=desk.project.card().hash)
    assert answer.headers["location"] == f"{EDIT}?published=1"
    assert desk.project.card().files[PATH] == text
    assert ("marketer", "journey.publish", "cart-abandoned", "") in desk.keys.acts


def test_somebody_faster_is_shown_beside_and_nothing_is_lost(signed_in, desk):
    text = CART.replace("5m", "6m")
    answer = draft(signed_in(desk), path="publish", text=text, base="another")
    assert answer.status_code == 409
    assert "The file changed meanwhile" in words(answer)
    assert text_of(answer) == text


def test_a_directory_that_cannot_be_written_is_one_sentence(signed_in, desk):
    class ReadOnly(type(desk.project)):
        def publish(self, files, *, base, actor):
            raise PermissionError(13, "Permission denied")

    desk.project.__class__ = ReadOnly
    text = CART.replace("5m", "6m")
    answer = draft(signed_in(desk), path="publish", text=text, base=desk.project.card().hash)
    assert f"{PATH} cannot be written (Permission denied)" in words(answer)
    assert text_of(answer) == text


def test_the_file_can_be_taken_along(shop):
    answer = draft(shop, path="patch", text=CART.replace("5m", "6m"))
    assert answer.text == CART.replace("5m", "6m")
    assert "cart-abandoned.yaml" in answer.headers["content-disposition"]


def test_an_analyst_may_draft_and_not_publish(signed_in, desk):
    assert may("analyst", "draft journeys")
    assert not may("analyst", "change journeys")
    assert signed_in(desk, "viewer").get(f"{EDIT}/edit").status_code == 403


def test_a_draft_is_played_and_its_trace_shown(shop):
    answer = draft(shop, "play", path="play", events="", then="30d")
    shown = words(answer)
    assert "waits until 15:19" in shown
    assert "entry entered" in shown


def test_events_that_do_not_read_are_said_at_their_line(shop):
    answer = draft(shop, "play", path="play", events="- [", then="30d")
    assert "events:" in words(answer)


def test_recorded_events_name_nobody(shop):
    answer = draft(shop, "recorded", path="play", who="jonna.0@example.com", events="")
    assert "jonna" not in re.search(r'id="given".*?</textarea>', answer.text, re.DOTALL)[0]


def test_nobody_by_an_identifier_is_said_at_the_field(shop):
    answer = draft(shop, "recorded", path="play", who="nobody@example.com", events="")
    assert "Nobody has this identifier." in words(answer)


def test_a_new_journey_begins_with_a_seed_and_is_not_written(signed_in, desk):
    browser = signed_in(desk)
    answer = browser.write("/journeys/new", id="spring", seed="welcome")
    assert answer.status_code == 200
    assert "New, not published" in words(answer)
    assert 'action="/journeys/spring/draft"' in answer.text
    assert "journeys/spring.yaml" not in desk.project.card().files


@pytest.mark.parametrize("wanted", ["", "Spring", "../x", "a b", "cart-abandoned", "-x", "x" * 65])
def test_an_id_that_is_none_or_taken_is_said_at_its_field(shop, wanted):
    answer = shop.write("/journeys/new", id=wanted, seed="welcome")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_every_seed_of_the_shop_can_be_begun(shop):
    seeds = re.findall(r'name="seed" value="([^"]+)"', shop.get("/journeys/new").text)
    assert len(seeds) >= 9
    for seed in seeds:
        assert shop.write("/journeys/new", id="spring", seed=seed).status_code == 200


STEPS = [step for text in (CART, WELCOME, LONG) for step in read_yaml("x", text).value["steps"]]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["id"])
def test_a_form_sent_back_unchanged_changes_nothing(step):
    form = {field.name: field.value for field in fields_of(step, Choices())}
    assert step_forms.applied(step, form) == step


def test_what_a_form_does_not_know_stays():
    step = {"id": "a", "send": {"channel": "email", "template": "x", "vars": {"a": "1"}}}
    assert step_forms.applied(step, {"send.template": "y"})["send"]["vars"] == {"a": "1"}


def test_an_emptied_field_takes_its_key_away():
    step = {"id": "a", "send": {"channel": "email", "template": "x", "expires": "4h"}}
    assert "expires" not in step_forms.applied(step, {"send.expires": " "})["send"]


def test_an_invented_person_fulfils_the_entry():
    events = read_yaml("x", invented(journey_of("journeys/x.yaml", CART), 0)).value
    assert events[-1]["event"] == "Cart Updated"
    assert events[-1]["properties"]["value"] >= 20
    assert events[-1]["properties"]["cart_id"]
    assert events[1]["consent"] == {"marketing_email": True}


def test_an_invented_person_is_vouched_for_by_a_server(shop):
    """A page's word on an address and on consent lets nobody into the shop's welcome."""
    server = next(card.id for card in SampleDesk().project.sources() if card.kind == "server")
    events = read_yaml("x", invented(journey_of("journeys/x.yaml", CART), 0, (), server)).value
    assert [line.get("source") for line in events] == [server, server, None]
    assert f'"source":"{server}"' in unescape(shop.get("/journeys/cart-abandoned/edit").text)


def test_a_veiled_record_keeps_what_happened_and_not_who():
    told = veiled(
        "- {at: 2026-11-22T10:00:00Z, event: Order Completed, email: a@b.c, user_id: u1, "
        "properties: {total: 5}, traits: {email: a@b.c, first_name: Ann, tier: gold}}\n"
    )
    assert "a@b.c" not in told
    (line,) = read_yaml("x", told).value
    assert line["user_id"] == "ann"
    assert line["properties"] == {"total": 5}
    assert line["traits"]["tier"] == "gold"
    assert line["traits"]["first_name"] == "some first_name"
