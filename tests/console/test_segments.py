"""The builder: lines and text follow each other; publish changes only what was changed."""

from __future__ import annotations

import re
from html import unescape

from journeyfold.testing.sample_people import SEGMENTS_FILE

PATH = "/segments/returning-buyers"


def text_of(answer):
    area = re.search(r"<textarea.*?>(.*?)</textarea>", answer.text, re.DOTALL)[1]
    return " ".join(unescape(area).split())


def ast_of(answer):
    return unescape(re.search(r'name="ast" value="(.*?)"', answer.text)[1])


def edit(client, answer, path=PATH, **fields):
    """Post the builder's form with some of its parts changed."""
    form = {"ast": ast_of(answer), "do": "lines"}
    for name, value in fields.items():
        form[name] = value
    return client.post(f"{path}/draft", {"csrf": client.csrf, **form})


def test_a_published_segment_is_shown_as_lines_and_as_text(shop):
    answer = shop.get(PATH)
    assert "number of" in answer.text
    assert text_of(answer) == (
        'count("Order Completed", within="60d") >= 2 and traits.country in ["DE", "AT"]'
    )


def test_changing_a_part_changes_the_text(signed_in, desk):
    client = signed_in(desk)
    answer = edit(client, client.get(PATH), **{"part:0:value": "5", "part:0:within": "90d"})
    assert 'count("Order Completed", within="90d") >= 5' in text_of(answer)


def test_changing_the_text_changes_the_lines(signed_in, desk):
    client = signed_in(desk)
    answer = client.write(f"{PATH}/draft", do="text", when='traits.tier == "gold"')
    assert 'value="gold"' in answer.text
    assert "Draft, not published" in answer.text


def test_a_line_is_added_and_removed(signed_in, desk):
    client = signed_in(desk)
    added = edit(client, client.get(PATH), **{"do": "add:", "new:": "consent"})
    assert text_of(added).endswith('and consent("analytics")')
    dropped = edit(client, added, do="drop:2")
    assert text_of(dropped) == text_of(client.get(PATH))


def test_all_becomes_any(signed_in, desk):
    client = signed_in(desk)
    assert " or traits.country" in text_of(edit(client, client.get(PATH), do="switch:"))


def test_a_nested_group_keeps_its_place(signed_in, desk):
    client = signed_in(desk)
    start = client.write(
        f"{PATH}/draft",
        do="text",
        when='traits.tier == "gold" and (traits.a == 1 or traits.b == 2)',
    )
    answer = edit(client, start, **{"part:1.0:value": "7"})
    assert text_of(answer) == 'traits.tier == "gold" and (traits.a == 7 or traits.b == 2)'


def test_what_has_no_sentence_is_shown_as_text_and_kept(signed_in, desk):
    client = signed_in(desk)
    odd = '1 <= traits.age < 30 and like(traits.name, "*x*")'
    start = client.write(f"{PATH}/draft", do="text", when=odd)
    assert text_of(edit(client, start)) == odd


def test_wrong_text_is_told_with_its_place_and_stays(signed_in, desk):
    answer = signed_in(desk).write(f"{PATH}/draft", do="text", when="traits.x == None and (")
    assert "J1" in answer.text
    assert text_of(answer) == "traits.x == None and ("
    assert "Review plan" not in answer.text


def test_a_forged_tree_is_ignored(signed_in, desk):
    client = signed_in(desk)
    answer = client.write(f"{PATH}/draft", do="lines", ast='{"node": "os"}', when="traits.x == 1")
    assert text_of(answer) == "traits.x == 1"


def test_the_plan_shows_people_and_the_change_of_the_file(signed_in, desk):
    client = signed_in(desk)
    answer = client.write(f"{PATH}/plan", when='count("Order Completed", within="60d") >= 3')
    assert "Publish: 19 enter, 4 leave" in answer.text
    assert re.search(r'class="l add">.*&gt;= 3', answer.text)


def test_publishing_keeps_comments_and_everything_else(signed_in, desk):
    client = signed_in(desk)
    before = desk.project.card().files[SEGMENTS_FILE]
    base = desk.project.card().hash
    answer = client.write(f"{PATH}/publish", when='count("Order Completed") >= 3', base=base)
    assert answer.headers["location"] == f"{PATH}?published=1"
    after = desk.project.card().files[SEGMENTS_FILE]
    changed = set(after.splitlines()) ^ set(before.splitlines())
    assert changed == {
        '      count("Order Completed", within="60d") >= 2',
        '      and traits.country in ["DE", "AT"]',
        '      count("Order Completed") >= 3',
    }


def test_someone_else_published_meanwhile(signed_in, desk):
    client = signed_in(desk)
    answer = client.write(f"{PATH}/publish", when='count("Order Completed") >= 3', base="older")
    assert answer.status_code == 409
    assert "Someone else published meanwhile" in answer.text


def test_a_new_segment_goes_to_the_end_of_the_file(signed_in, desk):
    client = signed_in(desk)
    base = desk.project.card().hash
    client.write("/segments/new/publish", id="gold", when='traits.tier == "gold"', base=base)
    text = desk.project.card().files[SEGMENTS_FILE]
    assert text.rstrip().endswith("""- {id: gold, when: 'traits.tier == "gold"'}""")


def test_a_new_segment_needs_an_id_that_is_free(signed_in, desk):
    client = signed_in(desk)
    for wrong in ("", "Gold Buyers", "vip", "../x"):
        answer = client.write("/segments/new/plan", id=wrong, when="traits.x == 1")
        assert "Not published" in answer.text


def test_a_read_only_directory_gives_a_file(signed_in, desk):
    answer = signed_in(desk).write(f"{PATH}/patch", when="traits.x == 1")
    assert answer.headers["content-disposition"] == 'attachment; filename="segment.yaml"'
    assert "traits.x == 1" in answer.text


def test_an_unknown_segment_is_not_found(shop):
    assert shop.get("/segments/nope").status_code == 404


def test_a_contextual_segment_reads_and_counts_nobody(shop):
    answer = shop.get("/segments/on-mobile-evening")
    assert "context.device" in text_of(answer)
    assert "reads and types" in answer.text
    assert "Members now" not in answer.text
    assert "Members over time" not in answer.text


def test_members_of_a_segment_who_are_in_others_are_counted(shop, desk_of_shop):
    overlap = desk_of_shop.segments.overlap("returning-buyers")
    other, both = overlap.others[0]
    shown = shop.get(PATH).text
    assert f'href="/segments/{other}">{other}</a>' in shown
    assert f'<td class="n">{both}</td>' in shown[shown.index('id="h-o"') :]


def test_members_stand_with_the_time_since_they_are_in(shop):
    shown = shop.get(PATH).text
    assert "In since" in shown[shown.index('id="h-m"') :]


def test_a_new_segment_joins_the_file_with_the_most_segments(shop):
    assert f"</a> / {SEGMENTS_FILE}</p>" in shop.get("/segments/new").text
