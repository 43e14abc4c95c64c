"""Quality over HTTP."""


def test_scores_rules_and_freshness_are_one_answer(kit):
    told = kit.call("GET", "/v1/quality").json
    assert told["scores"][0]["source"] == "web"
    assert told["rules"][0] | {"n": 8_412, "bad": 31, "status": "fail"} == told["rules"][0]
    assert [each["state"] for each in told["freshness"]] == ["late", "fresh"]
    assert told["alerts"][0]["rule"] == "amount"
    assert told["ledger_gap"] == 0


def test_results_of_a_rule_come_by_day(kit):
    told = kit.call("GET", "/v1/quality/results?ruleset=quality/orders.yaml&rule=amount&source=web")
    assert len(told.json["days"]) == 30


def test_a_run_is_asked_for(kit):
    assert kit.call("POST", "/v1/quality/run").json == {"asked": True}
    assert kit.services.desk.quality.asked == 1
