"""Every screen, as a server-made page: what it must show, and its empty states (console 2.4)."""

from __future__ import annotations

import re
from html import unescape

import msgspec
import pytest

from journeyfold.core.errors import Problem
from journeyfold.core.instant import DAY_US
from journeyfold.testing.desk import NOW_US, SampleDesk

SCREENS = (
    "/",
    "/live",
    "/quarantine",
    "/people",
    "/review",
    "/audit",
    "/segments",
    "/sources",
    "/schemas",
    "/schemas/order_completed",
    "/settings",
    "/lineage",
    "/quality",
)


def words(answer):
    """The text a reader sees, tags cut, spaces single, no-break spaces as spaces."""
    body = re.sub(r"<(svg|head|datalist).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


def first_person(desk):
    return desk.people.recent(1)[0].person


@pytest.mark.parametrize("path", SCREENS)
def test_each_screen_has_one_title_and_a_sentence(shop, path):
    answer = shop.get(path)
    assert answer.status_code == 200
    assert answer.text.count("<h1>") == 1
    assert 'class="lede"' in answer.text


@pytest.mark.parametrize("path", SCREENS)
def test_each_screen_stands_on_a_first_start(signed_in, path):
    answer = signed_in(SampleDesk(people=0)).get(path)
    assert answer.status_code == 200
    assert "None" not in words(answer)


def test_the_sum_of_fates_is_shown_adding_up(shop):
    shown = words(shop.get("/"))
    received, appended, duplicate, quarantined, rejected = 12_336, 12_218, 86, 27, 5
    assert received == appended + duplicate + quarantined + rejected
    for number in (received, appended, duplicate, quarantined, rejected):
        assert f"{number:,}" in shown


def test_the_overview_says_how_many_things_need_a_person(shop):
    assert "Three things need you." in words(shop.get("/"))


def test_a_refused_change_of_the_project_needs_a_person(signed_in, desk):
    problem = Problem("segments/vip.yaml", 4, 12, "J104", "traits.county is not declared")
    import msgspec

    desk.sample.project = msgspec.structs.replace(desk.sample.project, refused=(problem,))
    shown = words(signed_in(desk).get("/"))
    assert "A change of the project is not in force" in shown
    assert "segments/vip.yaml:4:12: J104 traits.county is not declared" in shown


def test_the_last_publish_is_shown_as_a_difference(shop):
    text = shop.get("/").text
    assert re.search(r'class="l del">.*&gt;= 3', text)
    assert re.search(r'class="l add">.*&gt;= 2', text)


def test_the_chart_has_a_table_of_the_same_numbers(shop):
    text = shop.get("/").text
    assert 'role="img"' in text
    assert "Show as table" in text


def test_a_longer_range_is_in_the_address(shop):
    assert 'href="?last=7d" aria-current="true"' in shop.get("/?last=7d").text


def test_the_tail_shows_records_and_held_messages(shop):
    shown = words(shop.get("/live"))
    assert "appended" in shown
    assert "quarantined Order Completed" in shown


def test_the_tail_filters_on_the_server(shop):
    text = shop.get("/live?source=app-ios&fate=appended").text
    body = text[text.index("<live-tail") : text.index("</live-tail>")]
    assert ">web</td>" not in body
    assert "fate quarantined" not in body


def test_the_tail_pages_back_without_a_gap(shop, desk_of_shop):
    first = shop.get("/live?fate=appended").text
    older = re.search(r'href="(/live\?[^"]*before=\d+)"', first)[1].replace("&amp;", "&")
    offsets = [int(one) for one in re.findall(r"record=(\d+)#", first)]
    after = [int(one) for one in re.findall(r"record=(\d+)#", shop.get(older).text)]
    between = {
        record.offset
        for record in desk_of_shop.log.records[max(after) + 1 : min(offsets)]
        if record.kind != "timer"
    }
    assert not between
    assert max(after) < min(offsets)


def test_an_empty_filter_says_what_each_filter_costs(shop):
    shown = words(shop.get("/live?name=zzz&source=web"))
    assert "No record matches both filters" in shown
    assert "without name is zzz 50+ rows" in shown
    assert "without source is web 0 rows" in shown


def test_duplicates_are_counted_and_the_page_says_why_they_have_no_rows(shop):
    shown = words(shop.get("/live?fate=duplicate"))
    assert "counted, not kept again" in shown
    assert "app-ios 18" in shown


def test_the_drawer_marks_the_line_that_does_not_fit(shop, desk_of_shop):
    held = next(row for row in desk_of_shop.quarantine.held if row.code == "schema")
    text = shop.get(f"/live?held={held.id}").text
    assert re.search(r'class="l wrong">.*&#34;total&#34;', text)
    assert "Replay 14" in text


def test_the_drawer_shows_where_a_record_went(shop, desk_of_shop):
    record = desk_of_shop.log.records[-1]
    shown = words(shop.get(f"/live?record={record.offset}"))
    assert "Where it went" in shown
    assert f"{record.offset:,}" in shown


def test_a_drawer_of_nothing_is_no_error(shop):
    assert shop.get("/live?record=999999999").status_code == 200
    assert shop.get("/live?held=abc").status_code == 200


def test_quarantine_lists_reasons_by_weight(shop):
    shown = words(shop.get("/quarantine"))
    assert shown.index("schema /properties/total") < shown.index("unknown_event")


def test_a_dry_run_tells_and_changes_nothing(signed_in, desk):
    client = signed_in(desk)
    held = len(desk.quarantine.held)
    answer = client.write("/quarantine/replay", do="dry", code="schema", source="app-ios", name="")
    assert "A replay would append 14 of 14" in words(client.get(answer.headers["location"]))
    assert len(desk.quarantine.held) == held


def test_a_replay_lets_them_in_and_is_audited(signed_in, desk):
    client = signed_in(desk)
    client.write("/quarantine/replay", do="replay", code="schema", source="app-ios", name="")
    assert not desk.quarantine.rows(code="schema")
    assert ("admin", "quarantine.replay", "app-ios/*/schema", "") in desk.keys.acts


def test_one_hit_opens_the_person(signed_in, desk):
    answer = signed_in(desk).write("/people", q="JONNA.0@example.com")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/people/p_")


def test_an_identifier_never_stands_in_an_address(signed_in, desk):
    client = signed_in(desk)
    answer = client.write("/people", q="nobody@example.com")
    assert answer.status_code == 200
    assert "nobody@example.com" not in answer.headers.get("location", "")
    assert not re.search(r'href="[^"]*nobody', answer.text)


def test_no_hit_says_how_values_are_compared(signed_in, desk):
    shown = words(signed_in(desk).write("/people", q="nobody@example.com"))
    assert "No person has this identifier" in shown


def test_a_search_finds_segments_and_sources_too(signed_in, desk):
    shown = words(signed_in(desk).write("/people", q="buyers"))
    assert "returning-buyers segment" in shown


def test_a_person_page_shows_records_identity_segments_traits_and_decisions(shop, desk_of_shop):
    shown = words(shop.get(f"/people/{first_person(desk_of_shop)}"))
    for part in ("Timeline", "Identity", "Segments", "Consent", "Traits", "Decisions"):
        assert part in shown
    assert "if nothing happens" in shown


def test_personal_values_are_masked(shop, desk_of_shop):
    profile = desk_of_shop.people.recent(1)[0]
    text = shop.get(f"/people/{profile.person}").text
    assert profile.traits["email"].value not in text
    assert "•••@example.com" in text


def test_a_clear_view_needs_a_reason(signed_in, desk):
    client = signed_in(desk)
    answer = client.write(f"/people/{first_person(desk)}/clear", reason="")
    assert "The audit needs a reason" in answer.text
    assert not desk.keys.acts


def test_a_clear_view_is_audited_and_holds_for_one_page(signed_in, desk):
    client = signed_in(desk)
    profile = desk.people.recent(1)[0]
    answer = client.write(f"/people/{profile.person}/clear", reason="support ticket 17")
    assert profile.traits["email"].value in answer.text
    assert desk.keys.acts == [("admin", "person.clear_view", profile.person, "support ticket 17")]
    assert profile.traits["email"].value not in client.get(f"/people/{profile.person}").text


def test_a_former_id_leads_to_the_person_of_now(shop, desk_of_shop):
    answer = shop.get("/people/p_" + "z" * 26)
    assert answer.status_code == 303
    assert desk_of_shop.sample.aliases["p_" + "z" * 26] in answer.headers["location"]


def test_an_unknown_person_is_not_found(shop):
    assert shop.get("/people/p_unknown").status_code == 404


@pytest.mark.parametrize("kind", ["did", "we", "consent", "identity"])
def test_the_timeline_filters_by_kind(shop, desk_of_shop, kind):
    assert shop.get(f"/people/{first_person(desk_of_shop)}?kind={kind}").status_code == 200


def test_the_timeline_is_told_in_days_of_the_readers_zone(shop, desk_of_shop):
    assert "Today, Sunday 22 November" in words(shop.get(f"/people/{first_person(desk_of_shop)}"))


def test_the_zone_of_this_browser_is_used(signed_in, desk):
    client = signed_in(desk)
    client.write("/settings/look", theme="dark", zone="UTC")
    text = client.get("/").text
    assert "now 15:14" in text
    assert 'data-theme="dark"' in text


def test_a_made_up_zone_is_ignored(signed_in, desk):
    client = signed_in(desk)
    client.cookies.set("zone", "Mars/Olympus")
    assert "now 16:14" in client.get("/").text


def test_a_key_is_shown_once(signed_in, desk):
    client = signed_in(desk)
    made = client.write("/settings/keys", kind="pub", source="web").text
    key = re.search(r"jf_pub_live_\w+_s{32}_\w+", made)[0]
    assert key not in client.get("/settings").text


def test_an_expired_key_is_shown_as_expired(signed_in):
    desk = SampleDesk()
    first, *others = desk.keys.cards()
    desk.keys._cards[:] = [msgspec.structs.replace(first, expired_us=NOW_US - DAY_US), *others]
    shown = words(signed_in(desk).get("/settings"))
    assert "expired" in shown
    assert "0 in use" in shown


@pytest.mark.parametrize(
    "path",
    ["/live?before=x", "/quarantine?before=-1", "/people/PERSON?before=9e9",
     "/segments/SEGMENT?after=x", "/segments/SEGMENT?after=p_" + "1" * 26],
)  # fmt: skip
def test_a_page_that_no_page_leads_to_is_404(signed_in, desk, path):
    card = max(desk.segments.segments(), key=lambda each: each.size or 0)
    path = path.replace("PERSON", first_person(desk)).replace("SEGMENT", card.id)
    assert signed_in(desk).get(path).status_code == 404


def test_the_last_use_of_a_key_is_shown(signed_in, desk):
    shown = words(signed_in(desk).get("/settings"))
    assert "Last use" in shown
    assert "1 h ago" in shown


def test_revoking_asks_for_the_id(signed_in, desk):
    client = signed_in(desk)
    assert client.write("/settings/keys/Ab12Cd34Ef/revoke", confirm="").status_code == 422
    client.write("/settings/keys/Ab12Cd34Ef/revoke", confirm="Ab12Cd34Ef")
    assert desk.keys.cards()[0].revoked_us == NOW_US


def test_sources_show_a_snippet_with_the_real_host_and_key(shop):
    shown = words(shop.get("/sources"))
    assert 'apiHost: "127.0.0.1:8080/v1"' in shown
    assert "jf_pub_live_Ab12Cd34Ef" in shown


def test_roles_without_an_act_do_not_see_its_button(signed_in, desk):
    text = signed_in(desk, "viewer").get("/settings").text
    assert "Create a key" not in text
    assert "Revoke" not in text


def test_an_empty_log_has_no_last_record_to_be_as_of(signed_in):
    client = signed_in(SampleDesk(people=0))
    assert all("as of" not in client.get(path).text for path in ("/", "/live", "/segments"))


def test_sources_show_how_a_scheduled_import_went(shop):
    shown = words(shop.get("/sources"))
    assert "failing last well" in shown
    assert "1,204 rows, next" in shown
    assert "the database does not answer" in shown


def test_sources_show_freshness_volume_stages_and_unused_fields(shop):
    shown = words(shop.get("/sources"))
    assert "shop is later than its rhythm" in shown
    assert "No source informs advocacy." in shown
    assert "user.health_and_medical PII sensitive" in shown
    assert "properties.coupon" in shown
    assert "nobody" in shown
