"""Each command: what it asks the runtime, what it prints, how it ends."""

import cli_answers as answers
import msgspec
import pytest

from journeyfold.cli.main import run
from journeyfold.project.reports import ReplayReport


@pytest.fixture
def call(project, capsys):
    """Run a command; (exit code, stdout, what was asked)."""

    def run_it(*args, **given):
        runtime = answers.Answers(**given)
        code = run(args, runtime)
        return code, capsys.readouterr().out, runtime.asked

    return run_it


def decoded(text):
    return msgspec.json.decode(text)


QUESTIONS = [
    ("import", "shop_orders"),
    ("replay", "--verify"),
    ("plan",),
    ("why", "user_id:ann", "segment", "vip"),
    ("why", "decision", "d1"),
    ("why", "user_id:ann", "anonymous_id:a"),
    ("why", "user_id:ann", "journey", "cart"),
    ("journey", "list"),
    ("journey", "show", "cart"),
    ("journey", "pause", "cart"),
    ("journey", "resume", "cart"),
    ("journey", "migrate", "cart"),
    ("sync", "list"),
    ("sync", "show", "vip"),
    ("sync", "run", "vip"),
    ("sync", "run", "vip", "--dry-run"),
    ("quality", "cleaning"),
    ("quality", "missing", "--label", "vip"),
    ("quality", "profile", "customers.csv"),
    ("quality", "duplicates", "products.csv", "--column", "name"),
    ("quality", "duplicates", "Product Viewed", "--column", "properties.name"),
    ("quality", "profile", "Product Viewed"),
    ("taxonomy", "misses"),
    ("quarantine", "list"),
    ("quarantine", "show", "17"),
    ("quarantine", "replay", "--dry-run"),
    ("keys", "create", "--kind", "pub", "--source", "shop_web"),
    ("keys", "list"),
    ("keys", "rotate", "7hKq2MbX0a"),
    ("keys", "revoke", "7hKq2MbX0a"),
    ("export", "people", "--to", "p.csv"),
    ("backup", "copy"),
    ("bench",),
    ("up", "--port", "9000"),
    ("demo",),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_with_json_every_command_prints_json_and_nothing_else(question, call):
    code, out, _ = call(*question, "--json")
    assert code in {0, 2}
    for line in out.splitlines():
        assert isinstance(decoded(line), dict)
    assert out.endswith("\n")


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_without_json_every_command_prints_words(question, call):
    code, out, asked = call(*question)
    assert code in {0, 2}
    assert len(out) > 10
    assert len(asked) == 1


def test_import_ends_with_the_counts(call):
    _, out, _ = call("import", "shop_orders", "--json")
    report = decoded(out)
    assert (report["rows_read"], report["appended"], report["duplicate"]) == (10, 3, 1)
    assert report["reasons"] == {"no_customer": 2}


def test_an_example_names_its_line_once(call):
    _, out, _ = call("import", "shop_orders")
    assert "  line 4: torn quote\n" in out
    assert "  line 5: no_time the time it occurred is empty\n" in out
    assert "  line 6: bad_value column 'total': no number\n" in out


def test_import_passes_its_options_on(call):
    _, _, asked = call(
        "import", "shop_orders", "--dry-run", "--limit", "5", "--from", "x", "--force"
    )
    options = asked[0][2]
    options.pop("progress")
    assert options == {"dry_run": True, "limit": 5, "since": "x", "force": True}


def test_replay_that_differs_exits_with_1(call):
    report = ReplayReport(1, 1, 0.1, is_equal=False, differences=("profile/p_a",))
    code, out, _ = call("replay", "--verify", replay=report)
    assert code == 1
    assert "differs: profile/p_a" in out


def test_plan_exits_with_2_when_something_changes(call):
    assert call("plan")[0] == 2


def test_plan_without_changes_exits_with_0(call):
    same = msgspec.structs.replace(answers.PLAN, segments=(), decisions=(), definitions={})
    code, out, _ = call("plan", plan=same)
    assert code == 0
    assert "No difference." in out


@pytest.mark.parametrize("window", ["30 days", "0d", "1mo"])
def test_plan_refuses_a_window_that_is_no_span(window, call):
    assert call("plan", "--window", window)[0] == 64


def test_a_new_key_alone_goes_to_stdout(call):
    made = msgspec.structs.replace(answers.KEY, key="jf_pub_live_x")
    _, out, _ = call("keys", "create", "--kind", "pub", "--source", "shop_web", keys_create=made)
    assert out == "jf_pub_live_x\n"


def test_a_new_key_as_json_holds_its_text(call):
    made = msgspec.structs.replace(answers.KEY, key="jf_pub_live_x")
    question = ("keys", "create", "--kind", "pub", "--source", "shop_web", "--json")
    row = decoded(call(*question, keys_create=made)[1])
    assert (row["key"], row["kind"], row["source"]) == ("jf_pub_live_x", "pub", "shop_web")


def test_a_key_needs_a_source_of_the_project(call, capsys):
    code, _, asked = call("keys", "create", "--kind", "pub", "--source", "shop_wbe")
    assert (code, asked) == (64, [])


@pytest.mark.parametrize(
    "question",
    [
        ("replay",),
        ("plan",),
        ("why", "a", "b"),
        ("quarantine", "list"),
        ("export", "people", "--to", "x.csv"),
    ],
)
def test_without_data_the_sentence_says_how_to_get_some(question, call, project, capsys):
    (project / ".journeyfold" / "FORMAT").unlink()
    runtime = answers.Answers()
    assert run(question, runtime) == 64
    assert "there are no data in .journeyfold yet" in capsys.readouterr().err
    assert runtime.asked == []


@pytest.mark.parametrize("name", ["people.xlsx", "people"])
def test_export_refuses_an_ending_it_cannot_write(name, call):
    assert call("export", "people", "--to", name)[0] == 64


def test_export_replaces_a_file_only_with_force(call, project):
    (project / "p.csv").write_text("mine")
    assert call("export", "people", "--to", "p.csv")[0] == 64
    assert call("export", "people", "--to", "p.csv", "--force")[0] == 0


def test_up_says_where_it_is_and_what_comes_next(call):
    _, out, asked = call("up", "--port", "9000")
    assert "ready on http://127.0.0.1:8080" in out
    assert "console" in out
    assert "jf_pub_x" in out
    assert asked[0][2]["port"] == 9000


def test_demo_refuses_a_file_that_is_not_there(call):
    assert call("demo", "--data-file", "nowhere.parquet")[0] == 64


def test_bench_says_what_is_reached(call):
    _, out, _ = call("bench")
    assert "replay_events_per_s" in out
    assert "reached" in out


def test_a_question_without_a_form_is_refused_with_the_forms(call, capsys):
    runtime = answers.Answers()
    assert run(["why", "a", "b", "c", "d"], runtime) == 64
    assert "why PERSON segment ID" in capsys.readouterr().err


def test_markup_in_data_is_shown_as_it_is(call):
    held = msgspec.structs.replace(answers.HELD, name="[red]x[/red]")
    listed = answers.HeldList((held,))
    assert "[red]x[/red]" in call("quarantine", "list", quarantine_list=listed)[1]


def test_records_the_fold_could_not_take_are_listed_with_the_error(call):
    _, out, _ = call("quarantine", "list")
    assert "fold_failed" in out
    assert "ZeroDivisionError" in out


def test_an_empty_quarantine_says_so(call):
    _, out, _ = call("quarantine", "list", quarantine_list=answers.HeldList())
    assert out == "Nothing is in quarantine.\n"


def test_a_list_of_what_does_not_wait_does_not_say_that_nothing_does(call):
    given = ("quarantine", "list", "--code", "shema")
    _, out, _ = call(*given, quarantine_list=answers.HeldList())
    assert out.startswith("Nothing of this is in quarantine; ")


def test_a_replay_says_what_is_folded_again(call):
    done = msgspec.structs.replace(answers.REPLAYED, parked=2)
    _, out, _ = call("quarantine", "replay", quarantine_replay=done)
    assert "2 records the fold could not take: they are folded again" in out


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("shop_oders", "no source 'shop_oders' under sources/; did you mean 'shop_orders'?"),
        ("shop_web", "sources/shop_web.yaml is of kind browser, not import; known: shop_orders"),
    ],
)
def test_import_needs_a_source_that_is_an_import(source, sentence, call, capsys):
    runtime = answers.Answers()
    assert run(["import", source], runtime) == 64
    assert sentence in capsys.readouterr().err
    assert runtime.asked == []


def test_a_backup_reminds_of_the_key_that_is_not_in_it(project, capsys):
    runtime = answers.Answers()
    assert run(["backup", "copies/monday"], runtime) == 0
    printed = capsys.readouterr()
    assert printed.out.endswith("10 records in /backups/shop (81,920 bytes)\n")
    assert "The root key is not in it" in printed.err
    assert str(runtime.asked[0][2]["to"]) == "copies/monday"


def test_journeys_are_listed_with_how_they_stand(call):
    _, out, _ = call("journey", "list")
    assert "paused since 2023-11-14T22:13:20Z by ann" in out


@pytest.mark.parametrize("action", ["pause", "resume", "drain", "stop"])
def test_a_command_on_a_journey_says_which_record_it_is(call, action):
    code, out, asked = call("journey", action, "cart")
    assert (code, asked[0][2]["action"], asked[0][2]["catch_up"]) == (0, action, "all")
    assert f"cart: {action} is record 41" in out


def test_a_migration_tells_who_goes_where_and_changes_nothing_when_asked_to(call):
    _, out, asked = call("journey", "migrate", "cart", "--dry-run")
    assert asked[0][2]["dry_run"] is True
    assert "version aa, 3 runs at old: to new" in out
    assert "version aa, 2 runs at gone: stay: no step" in out
    assert "nothing was changed" in out


def test_syncs_are_listed_with_how_they_stand(call):
    _, out, _ = call("sync", "list")
    assert "crm.vip" in out
    assert "stopped" in out


def test_a_sync_shows_what_its_last_run_counted(call):
    _, out, _ = call("sync", "show", "vip")
    assert "20 rows acknowledged; last run 2023-11-14T22:13:20Z" in out
    assert "Too many rows are gone" in out
    assert "no key" in out


def test_a_sync_is_run_by_a_record_and_confirmed_only_when_that_is_said(call):
    _, out, asked = call("sync", "run", "vip")
    assert asked[0][2] == {"sync": "vip", "confirm": False}
    assert "Asked (record 41)" in out
    _, _, asked = call("sync", "run", "vip", "--confirm")
    assert asked[-1][2]["confirm"] is True


def test_a_dry_run_of_a_sync_says_what_would_be_done_and_asks_for_nothing(call):
    _, out, asked = call("sync", "run", "vip", "--dry-run")
    assert [name for name, *_ in asked] == ["sync_preview"]
    assert "It would stop: too many rows are gone" in out
    assert "ann@shop.test" in out
