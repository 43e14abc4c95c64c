"""`journeyfold identity audit` and `verify` over a real log and state (identity X4, X5)."""

import json

import pytest

from journeyfold.cli.main import run
from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of, normalised
from journeyfold.project.scaffold import write_template
from journeyfold.runtime import auditing
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.identity_metrics import identity_metrics
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

SEEN = (
    ("user_id:ann", "email:ann@example.com"), ("user_id:ann", "anonymous_id:tablet"),
    ("user_id:bob", "anonymous_id:tablet"), ("email:bob@example.com",),
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Ann and Bob on one tablet; Bob's address is not known to be his."""
    directory = tmp_path_factory.mktemp("audit") / "shop"
    write_template("shop", directory)
    project = checked_project(directory)
    workspace = Workspace(place_of(directory, None), project)
    activate(workspace, project)
    now_us = workspace.clock.now_us()
    for number, written in enumerate(SEEN):
        event = Event(
            id=f"e{number}", name="Identify", type="identify", source="shop_server",
            identifiers=tuple(Identifier(*one.split(":", 1)) for one in written),
            occurred_us=now_us + number, received_us=now_us, context={"auth": "server"},
        )  # fmt: skip
        nodes = tuple(
            node_of(one, workspace.node_key) for one in normalised(event, project.identity)[0]
        )
        workspace.log.append([Entry(event, nodes=nodes)], now_us=now_us)
    fold_to_head(workspace)
    workspace.close()
    return directory


@pytest.fixture
def asked(shop, monkeypatch, capsys):
    """What a command of the group prints."""
    monkeypatch.chdir(shop)

    def ask(*words, code=0):
        assert run(["identity", *words]) == code
        printed = capsys.readouterr()
        return printed.out if code == 0 else printed.err

    return ask


def test_an_audit_tells_sizes_refused_links_and_what_is_to_be_judged(asked):
    told = json.loads(asked("audit", "--json"))["report"]
    assert told["audit"]["people"] == 3
    assert told["audit"]["suppressed"] == {"limit user_id 2>1": 1}
    assert told["audit"]["conflicts"] == []
    assert len(told["to_judge"]) == 2


def test_labels_say_how_good_the_people_are(shop, asked):
    file = shop / "labels.csv"
    file.write_text(
        "identifier,person\nuser_id:ann,1\nemail:ann@example.com,1\n"
        "user_id:bob,2\nemail:bob@example.com,2\nuser_id:nobody,3\n"
    )
    told = json.loads(asked("audit", "--labels", "labels.csv", "--json"))["labels"]
    assert (told["precision"], told["recall"]) == (1.0, 0.5)
    assert told["under_merged"] == pytest.approx(1 / 3)
    assert "under-merged" in asked("audit", "--labels", "labels.csv")


def test_what_a_retract_takes_is_not_folded(asked):
    told = json.loads(asked("resolve", "user_id:ann", "--json"))["accepted"]
    shown = asked("resolve", "user_id:ann")
    assert [one["id"] for one in told if one["id"] not in shown] == []


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("email:nope", "'nope' is no usable email"),
        ("emial:ann@example.com", "did you mean 'email'?"),
    ],
)
def test_what_names_nobody_says_what_is_wrong_with_it(asked, claim, said):
    told = (
        asked("resolve", claim, code=64),
        asked("evidence", "cannot", claim, "user_id:ann", code=64),
    )
    assert [one for one in told if said not in one] == []


def test_a_verdict_that_keeps_two_apart_is_told_in_words_and_with_what_takes_it_back(asked, capsys):
    asked("evidence", "cannot", "email:ann@example.com", "email:bob@example.com")
    assert run(["why", "email:ann@example.com", "email:bob@example.com"]) == 0
    told = capsys.readouterr().out.strip()
    assert "two people: somebody said that they are two, evidence " in told
    asked("evidence", "retract", told[-32:])


def test_at_least_one_pair_is_listed(asked):
    assert "x>=1" in asked("review", "--limit", "0", code=64)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who,person\n", "the first line must name the columns identifier and person"),
        ("identifier,person\nmail:x,1\n", ":2: write an identifier as kind:value"),
        ("identifier,person\nuser_id:x,\n", ":2: write an identifier as kind:value"),
        (b"\xff\xfe", "is no UTF-8 text"),
        (None, "No such file"),
    ],
)
def test_labels_that_cannot_be_read_are_one_sentence(shop, asked, text, said):
    file = shop / "bad.csv"
    file.unlink(missing_ok=True)
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert said in asked("audit", "--labels", "bad.csv", code=64)


def test_what_is_stored_is_verified_on_the_slow_path(asked):
    assert asked("verify") == "5 identifiers, 3 links, 1 component: 0 differences\n"


def test_a_report_that_is_kept_is_a_record_and_feeds_the_metrics(shop, asked):
    kept = json.loads(asked("audit", "--keep", "--json"))["kept"]
    workspace = Workspace(place_of(shop, None), checked_project(shop))
    try:
        (record,) = workspace.log.read(kept - 1, 1)
        found = {
            sample.name: sample.value
            for metric in identity_metrics(workspace.log, "journeyfold_")
            for sample in metric.samples
            if not sample.labels
        }
        assert auditing.of_date(workspace.log, auditing.latest(workspace.log).date) is not None
    finally:
        workspace.close()
    assert record.event.name == auditing.AUDITED
    assert found["journeyfold_identity_people"] == 3


def test_the_next_report_compares_with_the_one_that_was_kept(asked):
    asked("audit", "--keep")
    assert "3 unchanged, 100.0 % keep their id" in asked("audit")


@pytest.mark.parametrize("offset", ["2", "3", "4"])
def test_why_answers_as_of_a_record(shop, monkeypatch, capsys, offset):
    monkeypatch.chdir(shop)
    assert run(["why", "user_id:ann", "anonymous_id:tablet", "--as-of", offset]) == 0
    assert "are one person" in capsys.readouterr().out


def test_why_before_somebody_was_seen_says_so(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop)
    assert run(["why", "user_id:ann", "anonymous_id:tablet", "--as-of", "1"]) == 64
    assert "nobody is known as anonymous_id:tablet" in capsys.readouterr().err
