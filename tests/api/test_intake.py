"""Sources and quarantine over HTTP."""


def test_sources_are_listed(kit):
    sources = kit.call("GET", "/v1/sources").json["sources"]
    assert {"id", "kind", "events_day"} <= set(sources[0])


def test_quarantine_is_walked_by_page(kit):
    kept = [row.id for row in reversed(kit.services.desk.quarantine.held)]
    walked, before = [], ""
    while True:
        page = kit.call("GET", f"/v1/quarantine?limit=3{before}").json
        walked += [row["id"] for row in page["messages"]]
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"
    assert walked == kept


def test_one_message_is_shown_as_json(kit):
    held = kit.services.desk.quarantine.held[0]
    read = kit.call("GET", f"/v1/quarantine/{held.id}").json
    assert (read["code"], read["source"]) == (held.code, held.source)


def test_a_message_that_is_not_there_is_404(kit):
    for held in ("999999", "x", "9" * 40, "-1"):
        assert kit.call("GET", f"/v1/quarantine/{held}").status == 404


def test_reasons_say_what_waits(kit):
    reasons = kit.call("GET", "/v1/quarantine/reasons").json["reasons"]
    assert sum(each["waiting"] for each in reasons) == len(kit.services.desk.quarantine.held)


def test_a_dry_replay_changes_nothing_and_a_real_one_empties(kit):
    waiting = len(kit.services.desk.quarantine.held)
    dry = kit.call("POST", "/v1/quarantine/replay", {"dry_run": True}).json
    assert dry["appended"] == waiting == len(kit.services.desk.quarantine.held)
    kit.call("POST", "/v1/quarantine/replay", {})
    assert kit.services.desk.quarantine.held == []


def test_messages_need_the_right_to_read_people(kit):
    assert kit.call("GET", "/v1/quarantine", key="narrow").status == 403


def test_a_place_is_asked_for_as_the_reasons_say_it(kit):
    reasons = kit.call("GET", "/v1/quarantine/reasons").json["reasons"]
    reason = next(each for each in reasons if each["pointer"])
    query = f"code={reason['code']}&source={reason['source']}&pointer={reason['pointer']}"
    page = kit.call("GET", f"/v1/quarantine?limit=500&{query}").json["messages"]
    assert len(page) >= reason["waiting"]
    assert {each["code"] for each in page} == {reason["code"]}


def test_a_preview_counts_what_would_pass_and_changes_nothing(kit):
    waiting = len(kit.services.desk.quarantine.held)
    done = kit.call("POST", "/v1/quarantine/preview", {"code": "schema"}).json
    assert done["fits"] + sum(done["still"].values()) == done["tried"] > 0
    assert len(kit.services.desk.quarantine.held) == waiting


def test_what_is_dropped_is_gone(kit):
    tried = kit.call("POST", "/v1/quarantine/preview", {"code": "schema"}).json["tried"]
    assert kit.call("POST", "/v1/quarantine/drop", {"code": "schema"}).json == {"dropped": tried}
    assert kit.call("GET", "/v1/quarantine?code=schema").json["messages"] == []
