"""A live shop meets contacts of a CRM that resemble its customers: compared, reviewed, one person."""

import csv
import json
import re
import time
from contextlib import closing

import httpx
from linkage_kit import TRAITS, claim_of, people, split, write_rules
from live import platform, run_cli

CRM = """
kind: import
description: Contacts of the shops
owner: crm@example.com
basis: contract
purposes: [analytics, personalization]
read: {csv: contacts.csv, types: {seen: timestamp}}
map: [{type: identify}]
fields:
  id: [card]
  occurred: row.seen
  identifiers: {loyalty_card: row.card}
columns:
  - {from: first_name, to: traits.first_name}
  - {from: surname, to: traits.surname}
  - {from: dob, to: traits.dob}
  - {from: city, to: traits.city}
  - {from: email, to: traits.email}
"""
TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def asked(live, *words):
    return json.loads(run_cli(live.directory, *words, "--json").stdout)


def write_contacts(directory, rows):
    with (directory / "contacts.csv").open("w") as file:
        writer = csv.writer(file)
        writer.writerow(("card", "seen", *TRAITS))
        for row in rows:
            card = claim_of(row, "loyalty_card").value
            writer.writerow((card, "2026-11-01T10:00:00Z", *(row[name] for name in TRAITS)))


def send(live, rows):
    batch = [
        {
            "type": "identify", "userId": claim_of(row, "user_id").value,
            "messageId": f"m{row['unique_id']}",
            "traits": {name: row[name] for name in TRAITS if row[name]},
        }
        for row in rows
    ]  # fmt: skip
    with live.client() as client:
        assert client.post("/v1/batch", json={"batch": batch}).status_code == 200


def version(live):
    return httpx.get(f"{live.url}/healthz", trust_env=False).json()["project"]


def wait_for_version(live, before):
    """A change of the project is taken up; the import sees to the rest."""
    deadline = time.monotonic() + 30
    while version(live) == before:
        assert time.monotonic() < deadline, live.output
        time.sleep(0.05)


def signed_in(live):
    """The console, as the admin who is told the first password."""
    said = re.search(r"password (\S+)", live.output)[1]
    browser = httpx.Client(
        base_url=live.url, headers={"origin": live.url}, trust_env=False, timeout=30
    )
    done = browser.post("/sign-in", data={"name": "admin", "password": said})
    assert done.status_code == 303, done.text
    return browser


def test_contacts_that_resemble_customers_become_one_person_with_them(tmp_path, shared_data):
    customers, contacts = split(people(shared_data, 60))
    with platform(tmp_path / "shop") as live:
        before = version(live)
        write_contacts(live.directory, contacts)
        write_rules(live.directory)
        (live.directory / "sources" / "crm.yaml").write_text(CRM)
        wait_for_version(live, before)
        send(live, customers)
        assert asked(live, "import", "crm")["appended"] == len(contacts)
        live.wait_folded()
        told = asked(live, "identity", "link-records")
        assert told["mode"] == "full"
        assert told["review"] > 40
        pair = asked(live, "identity", "review", "--limit", "1")["pairs"][0]
        before = asked(live, "identity", "resolve", pair["a"])["person"]
        with closing(signed_in(live)) as browser:
            page = browser.get(f"/review?pair={pair['id']}").text
            assert "Are these one person?" in page
            answer = browser.post(
                f"/review/{pair['id']}", data={"csrf": TOKEN.search(page)[1], "do": "same"}
            )
            assert answer.status_code == 303
        live.wait_folded()
        one, other = (asked(live, "identity", "resolve", pair[end]) for end in ("a", "b"))
        assert one["person"] == other["person"]
        assert {f"{node['kind']}:{node['value']}" for node in one["nodes"]} >= {
            pair["a"], pair["b"]
        }  # fmt: skip
        why = run_cli(live.directory, "why", pair["a"], pair["b"]).stdout
        assert "were said to be one person (review" in why
        apart = asked(live, "identity", "evidence", "cannot", pair["a"], pair["b"], "--dry-run")
        assert apart["consequences"][0]["change"] == "split"
        run_cli(live.directory, "identity", "evidence", "cannot", pair["a"], pair["b"])
        assert asked(live, "identity", "resolve", pair["a"])["person"] == before
        assert "byte for byte" in run_cli(live.directory, "replay", "--verify").stdout
