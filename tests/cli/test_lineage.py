"""`journeyfold lineage` (quality Q40)."""

import json

from live import run_cli


def test_a_name_is_shown_with_what_it_is_made_of_and_goes_into(tmp_path):
    run_cli(tmp_path, "init", "shop", "--template", "shop")
    shown = run_cli(tmp_path / "shop", "lineage", "event:Order Completed", "--down").stdout
    assert shown.startswith("event:Order Completed, for ")
    assert "made of" not in shown
    told = json.loads(
        run_cli(tmp_path / "shop", "lineage", "event:Order Completed", "--json").stdout
    )
    assert told["id"] == "event:Order Completed"
    assert {each["kind"] for each in told["down"]} >= {"feature", "segment", "journey"}
    wrong = run_cli(tmp_path / "shop", "lineage", "traits:emial", check=False)
    assert wrong.returncode == 64
    assert "nothing called 'traits:emial'" in wrong.stderr
