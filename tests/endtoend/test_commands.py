"""The commands of somebody who works with a running shop: what they answer, and their exit codes."""

import csv
import json
import shutil
import time

import pyarrow.parquet as parquet
import pytest
from live import platform, run_cli

ORDERS = """order_id,ordered_at,customer_id,country,sku,name,category,quantity,price
o-1,2026-01-05 10:00:00,imp-1,DE,SHO-01,Shoe,shoes,1,79.90
o-1,2026-01-05 10:00:00,imp-1,DE,BAG-01,Bag,bags,2,20.00
o-2,2026-01-06 10:00:00,imp-2,AT,SHO-02,Shoe,shoes,1,99.90
o-3,2026-01-07 10:00:00,,AT,SHO-02,Shoe,shoes,1,99.90
"""


def asked(live, *words, code=0, **env):
    """The JSON one command prints; its exit code must be `code`."""
    done = run_cli(live.directory, *words, "--json", check=False, **env)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def ndjson(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop with three hundred visitors, some orders, a decision and two held messages."""
    with platform(tmp_path_factory.mktemp("commands") / "shop") as live:
        with live.client() as server:
            for first in range(0, 300, 100):
                batch = [message for n in range(first, first + 100) for message in visit(n)]
                reply = server.post("/v1/batch", json={"batch": batch})
                assert reply.status_code == 200, reply.text
            wrong = [
                {"type": "track", "event": "Order Completed", "userId": f"bad-{n}", "properties": {"total": "much"}}
                for n in range(2)
            ]  # fmt: skip
            assert server.post("/v1/batch", json={"batch": wrong}).json()["quarantined"] == 2
            live.wait_folded()
            for number in range(5):
                consents = {
                    "subject": {"user_id": f"v-{number}"}, "purposes": {"personalization": True},
                }  # fmt: skip
                assert server.post("/v1/consents", json=consents).status_code == 200
            live.wait_folded()
            for number in range(5):
                body = {"subject": {"user_id": f"v-{number}"}, "placements": [{"id": "home-hero"}]}
                assert server.post("/v1/decide", json=body).status_code == 200
            live.wait_folded()
        yield live


def visit(number):
    who = {"userId": f"v-{number}", "anonymousId": f"d-{number}"}
    yield {"type": "page", "properties": {"path": "/"}, **who}
    for view in range(number % 6):
        properties = {"sku": f"S{view}", "category": "shoes"}
        yield {"type": "track", "event": "Product Viewed", "properties": properties, **who}
    for order in range(number % 4):
        properties = {"order_id": f"{number}-{order}", "total": 150.0, "currency": "EUR"}
        yield {"type": "track", "event": "Order Completed", "properties": properties, **who}


@pytest.fixture(scope="module")
def people(shop, tmp_path_factory):
    path = tmp_path_factory.mktemp("people") / "people.ndjson"
    run_cli(shop.directory, "export", "people", "--to", str(path))
    return ndjson(path)


# -- what is shown is what is there ---------------------------------------------------------------


def test_the_size_of_each_segment_is_the_number_of_people_in_it(shop, people):
    with shop.client() as server:
        cards = server.get("/v1/segments").json()["segments"]
    for card in cards:
        if card["kind"] != "contextual":
            counted = sum(card["id"] in person["segments"] for person in people)
            assert card["size"] == counted, card["id"]
            assert card["entered_day"] - card["left_day"] == counted, card["id"]
    assert {card["id"]: card["size"] for card in cards}["shoe-lovers"] == 50


def test_paging_through_the_members_of_a_segment_finds_each_once(shop, people):
    found, cursor = [], ""
    with shop.client() as server:
        while cursor is not None:
            query = {"limit": 7, "cursor": cursor}
            page = server.get("/v1/segments/shoe-lovers/members", params=query).json()
            found, cursor = found + page["members"], page["next_cursor"]
    assert sorted(found) == sorted(p["person"] for p in people if "shoe-lovers" in p["segments"])
    assert len(found) == len(set(found))


# -- plan -----------------------------------------------------------------------------------------


@pytest.fixture
def changed(shop, tmp_path):
    left = shutil.ignore_patterns(".journeyfold", "up.log")
    return shutil.copytree(shop.directory, tmp_path / "changed", ignore=left)


def test_a_plan_without_a_difference_says_so_with_exit_code_0(shop, changed):
    report = asked(shop, "plan", str(changed))
    assert (report["segments"], report["decisions"], report["definitions"]) == ([], [], {})
    assert report["untouched"] > 20


def test_a_plan_names_who_enters_and_why(shop, changed):
    path = changed / "segments" / "shopping.yaml"
    path.write_text(path.read_text().replace(">= 500", ">= 400"))
    report = asked(shop, "plan", str(changed), code=2)
    (vip,) = [each for each in report["segments"] if each["segment"] == "vip"]
    assert (vip["before"], vip["after"], vip["entered"], vip["left"]) == (0, 75, 75, 0)
    assert len(vip["examples"]) == 5
    assert all(">= 400" in each["because"] for each in vip["examples"])
    assert report["definitions"] == {"segment/vip": "changed"}


def test_a_plan_names_who_leaves(shop, changed):
    path = changed / "segments" / "shopping.yaml"
    path.write_text(path.read_text().replace("shoe_affinity >= 0.4", "shoe_affinity > 1.0"))
    report = asked(shop, "plan", str(changed), code=2)
    (change,) = report["segments"]
    assert (change["segment"], change["left"], change["after"]) == ("shoe-lovers", 50, 0)
    assert {each["direction"] for each in change["examples"]} == {"leaves"}


def test_a_plan_decides_recorded_decisions_again(shop, changed):
    (changed / "offers" / "newsletter.yaml").unlink()
    path = changed / "offers" / "free-shipping.yaml"
    path.write_text(path.read_text().replace("orders_total == 0", "orders_total > 99"))
    report = asked(shop, "plan", str(changed), code=2)
    (hero,) = report["decisions"]
    assert (hero["placement"], hero["compared"]) == ("home-hero", 5)
    assert hero["differ"] >= 2
    assert "would show hero-default" in hero["examples"][0]


@pytest.fixture(scope="module")
def insistent(shop):
    """Five decisions within a minute for one visitor who sees none: the cap of two is reserved."""
    with shop.client() as server:
        said = {"subject": {"user_id": "v-12"}, "purposes": {"personalization": True}}
        assert server.post("/v1/consents", json=said).status_code == 200
        shop.wait_folded()
        body = {"subject": {"user_id": "v-12"}, "placements": [{"id": "cart-popup"}]}
        replies = [server.post("/v1/decide", json=body).json() for _ in range(5)]
    shop.wait_folded()
    assert [len(each["placements"][0]["items"]) for each in replies] == [1, 1, 0, 0, 0]
    return replies


@pytest.mark.usefixtures("insistent")
def test_what_calls_reserved_from_each_other_is_no_difference(shop, changed):
    assert asked(shop, "plan", str(changed))["decisions"] == []


@pytest.mark.usefixtures("insistent")
def test_a_plan_counts_decisions_that_other_caps_would_change(shop, changed):
    path = changed / "placements" / "cart-popup.yaml"
    path.write_text(path.read_text().replace("max: 2,", "max: 1,"))
    (popup,) = asked(shop, "plan", str(changed), code=2)["decisions"]
    assert (popup["placement"], popup["compared"], popup["differ"]) == ("cart-popup", 5, 1)
    assert popup["examples"][0].endswith("showed free-shipping, would show nothing")


def test_why_names_the_leaf_a_decision_met_though_nobody_asked_for_a_trace(shop, insistent):
    told = asked(shop, "why", "decision", insistent[0]["decision_id"])
    assert [reason["text"] for reason in told["reasons"]][1:] == [
        'cart-popup: ten-percent left at applicability, not_applicable: in_segment("cart-abandoned") (met False)'
    ]  # fmt: skip


def test_a_plan_of_a_broken_project_is_refused_with_its_place(shop, changed):
    (changed / "features.yaml").write_text("features: {x: {value: 'nonsense('}}\n")
    done = run_cli(shop.directory, "plan", str(changed), check=False)
    assert done.returncode == 78
    assert "features.yaml:1:" in done.stderr
    assert "Traceback" not in done.stderr


# -- export ---------------------------------------------------------------------------------------


def test_people_are_exported_in_every_form(shop, people, tmp_path):
    for form in ("csv", "parquet"):
        report = asked(shop, "export", "people", "--to", str(tmp_path / f"p.{form}"))
        assert report["rows"] == len(people)
    with (tmp_path / "p.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = parquet.read_table(tmp_path / "p.parquet").to_pylist()
    ids = [person["person"] for person in people]
    assert [row["person"] for row in rows] == [row["person"] for row in table] == ids
    assert json.loads(table[0]["features"]).keys() == people[0]["features"].keys()


def test_each_record_is_exported_once_and_in_order(shop, tmp_path):
    path = tmp_path / "events.ndjson"
    report = asked(shop, "export", "events", "--to", str(path))
    rows = ndjson(path)
    assert report["rows"] == len(rows)
    assert [row["offset"] for row in rows] == list(range(len(rows)))
    assert sum(row["name"] == "Order Completed" for row in rows) == 75 * (0 + 1 + 2 + 3)


def test_decisions_are_exported(shop, tmp_path):
    path = tmp_path / "decisions.ndjson"
    asked(shop, "export", "decisions", "--to", str(path))
    placements = [row["decision"]["placements"][0]["id"] for row in ndjson(path)]
    assert placements.count("home-hero") == 5


def test_everybody_is_exported_with_the_consents_that_hold(people):
    consents = {person["consents"]["personalization"] for person in people}
    assert consents <= {"granted", "denied"}
    assert all(person["consents"]["necessary"] == "granted" for person in people)


def test_instants_are_timestamps_in_parquet(shop, tmp_path):
    path = tmp_path / "events.parquet"
    asked(shop, "export", "events", "--to", str(path))
    table = parquet.read_table(path)
    assert str(table.schema.field("occurred").type) == "timestamp[us, tz=UTC]"
    assert table["appended"][0].as_py().tzinfo is not None


def test_an_export_never_replaces_a_file_unasked(shop, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("mine")
    done = run_cli(shop.directory, "export", "people", "--to", str(path), check=False)
    assert (done.returncode, path.read_text()) == (64, "mine")


# -- quarantine -----------------------------------------------------------------------------------


def test_what_did_not_fit_is_listed_and_shown_with_its_reason(shop):
    held = asked(shop, "quarantine", "list")["items"]
    assert [item["name"] for item in held] == ["Order Completed"] * 2
    shown = asked(shop, "quarantine", "show", str(held[0]["id"]))
    assert shown["pointer"].startswith("/properties")
    assert shown["message"]["properties"] == {"total": "much"}
    assert asked(shop, "quarantine", "show", "999", code=64)["error"]["exit_code"] == 64


def test_what_still_does_not_fit_stays(shop):
    tried = asked(shop, "quarantine", "replay", "--source", "shop_server")
    assert (tried["tried"], tried["appended"], sum(tried["still"].values())) == (2, 0, 2)


# -- keys -----------------------------------------------------------------------------------------


def test_a_revoked_key_is_refused_within_five_seconds(shop):
    made = asked(shop, "keys", "create", "--kind", "srv", "--source", "shop_server")
    with shop.client() as client:
        client.auth = (made["key"], "")
        assert client.get("/v1/segments").status_code == 200
        asked(shop, "keys", "revoke", made["id"])
        revoked = time.monotonic()
        while client.get("/v1/segments").status_code != 401:
            assert time.monotonic() - revoked < 5, "still in force"
            time.sleep(0.1)


def test_a_rotated_key_has_a_successor_and_goes_on_for_a_day(shop):
    old = asked(shop, "keys", "create", "--kind", "pub", "--source", "shop_web")
    new = asked(shop, "keys", "rotate", old["id"])
    assert new["id"] != old["id"]
    rows = {row["id"]: row for row in asked(shop, "keys", "list")["keys"]}
    assert rows[old["id"]]["expires_us"] or rows[old["id"]]["revoked_us"]
    assert all(not row["key"] for row in rows.values())
    with shop.client() as client:
        for key in (old["key"], new["key"]):
            client.auth = (key, "")
            page = {"type": "page", "anonymousId": "rotated", "properties": {"path": "/"}}
            assert client.post("/v1/batch", json={"batch": [page]}).status_code == 200


def last_use(shop, key_id):
    (row,) = [row for row in asked(shop, "keys", "list")["keys"] if row["id"] == key_id]
    return row["last_used_us"]


def test_the_use_of_a_key_shows_in_the_list(shop):
    made = asked(shop, "keys", "create", "--kind", "srv", "--source", "shop_server")
    assert last_use(shop, made["id"]) == 0
    with shop.client() as client:
        client.auth = (made["key"], "")
        asked_us = time.time_ns() // 1_000
        assert client.get("/v1/segments").status_code == 200
    deadline = time.monotonic() + 5
    while last_use(shop, made["id"]) < asked_us:
        assert time.monotonic() < deadline, "the use was not written down"
        time.sleep(0.1)


# -- import and replay beside the platform --------------------------------------------------------


def test_an_import_beside_the_platform_is_folded_and_a_second_appends_nothing(shop, tmp_path):
    (tmp_path / "orders.csv").write_text(ORDERS)
    env = {"SHOP_ORDERS": str(tmp_path / "orders.csv")}
    first = asked(shop, "import", "shop_orders", **env)
    rows = ("rows_read", "rows_in_events", "rows_filtered", "rows_quarantined")
    assert [first[name] for name in rows] == [4, 3, 1, 0]
    assert (first["appended"], first["reasons"]) == (2, {"no_customer": 1})
    with shop.client() as server:
        found = server.post("/v1/people/lookup", json={"kind": "user_id", "value": "imp-1"}).json()
        person = server.get(f"/v1/people/{found['person']}").json()
    assert person["features"]["spend_total"] == 119.9
    again = asked(shop, "import", "shop_orders", **env)
    assert again["appended"] == 0


def test_a_replay_beside_the_platform_gives_the_same_bytes(shop):
    report = asked(shop, "replay", "--verify")
    assert report["is_equal"], report["differences"]


# -- sentences and exit codes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["why", "user_id:nobody", "segment", "vip"], 64, "nobody is known as user_id:nobody"),
        (["why", "user_id:v-1", "segment", "vpi"], 64, "did you mean 'vip'?"),
        (["why", "decision", "0"], 64, "there is no decision 0"),
        (["import", "shop_ordrs"], 64, "did you mean 'shop_orders'?"),
        (["keys", "create", "--kind", "srv", "--source", "shop_sever"], 64, "shop_server"),
        (["keys", "revoke", "nokey"], 64, "nokey"),
        (["export", "people", "--to", "p.xls"], 64, "must end in"),
        (["quarantine", "replay", "999"], 64, "there is no message 999 in quarantine"),
        (["plan", "nowhere"], 64, "no project directory"),
        (["up"], 75, "is in use by process"),
        (["bench", "nothing"], 64, "there is no benchmark nothing"),
        (["nonsense"], 64, "no command 'nonsense'"),
    ],
)
def test_a_mistake_gets_one_sentence_and_its_exit_code(shop, words, code, sentence):
    done = run_cli(shop.directory, *words, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert sentence in done.stderr
