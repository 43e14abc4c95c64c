"""init, check, test and schema: commands that need no platform."""

import msgspec
import pytest

from journeyfold.cli.main import run
from journeyfold.project.kinds import KINDS
from journeyfold.runtime.laboratory import Laboratory


class InMemory:
    rehearsal = staticmethod(Laboratory)


@pytest.fixture
def shop(tmp_path, monkeypatch, capsys):
    assert run(["init", str(tmp_path / "shop")]) == 0
    monkeypatch.chdir(tmp_path / "shop")
    capsys.readouterr()
    return tmp_path / "shop"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_init_says_what_to_do_next(tmp_path, capsys):
    assert run(["init", str(tmp_path / "x"), "--template", "blank"]) == 0
    assert "journeyfold check" in capsys.readouterr().out


def test_init_as_json_lists_the_files(tmp_path, capsys):
    run(["init", str(tmp_path / "x"), "--template", "blank", "--json"])
    assert "journeyfold.yaml" in msgspec.json.decode(capsys.readouterr().out)["files"]


def test_init_into_a_project_changes_nothing(shop, capsys):
    assert run(["init", str(shop)]) == 64
    assert "exists already; nothing was written" in capsys.readouterr().err


def test_check_of_a_right_project_counts_its_parts(shop, capsys):
    assert run(["check"]) == 0
    assert capsys.readouterr().out.startswith("shop: 3 sources, 14 schemas, 11 features")


def test_check_marks_the_character_and_exits_with_78(shop, capsys):
    edit(shop / "offers" / "newsletter.yaml", "traits.email", "traits.emial")
    assert run(["check"]) == 78
    assert capsys.readouterr().out == (
        "offers/newsletter.yaml:4:17: J104 traits.emial is not declared; "
        "did you mean traits.email?\n"
        "    applicability: 'traits.emial is None'\n"
        "                    ^\n"
        "1 problem\n"
    )


def test_check_as_json_has_every_problem_and_the_hash(shop, capsys):
    run(["check", "--json"])
    right = msgspec.json.decode(capsys.readouterr().out)
    assert (right["ok"], right["problems"], len(right["hash"])) == (True, [], 64)
    edit(shop / "journeyfold.yaml", "currency", "curency")
    assert run(["check", "--json"]) == 78
    wrong = msgspec.json.decode(capsys.readouterr().out)
    assert (wrong["ok"], wrong["problems"][0]["line"]) == (False, 4)


def test_a_hint_alone_is_no_failure(shop, capsys):
    (shop / "models").mkdir()
    (shop / "models" / "churn.yaml").write_text("model: churn")
    assert run(["check"]) == 0
    assert "hint: P128 is not read by this release" in capsys.readouterr().out


def test_check_works_on_another_directory(shop, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["check", "--project", "shop"]) == 0


def test_test_plays_every_scenario(shop, capsys):
    assert run(["test"], InMemory()) == 0
    assert capsys.readouterr().out.endswith("23 scenarios passed, 0 failed\n")


def test_test_shows_what_failed_and_exits_with_1(shop, capsys):
    edit(shop / "segments" / "shopping.yaml", '>= "5m"', '>= "10m"')
    assert run(["test", "--only", "five quiet minutes"], InMemory()) == 1
    out = capsys.readouterr().out
    assert "tests/shopping.yaml:11:21: T100 expected in 'cart-abandoned'" in out
    assert out.endswith("0 scenarios passed, 1 failed\n")


def test_test_refuses_to_pass_when_it_played_nothing(shop, capsys):
    assert run(["test", "--only", "no such name"], InMemory()) == 64
    assert "nothing was played" in capsys.readouterr().err


def test_test_as_json_has_an_object_a_scenario(shop, capsys):
    run(["test", "--json"], InMemory())
    answer = msgspec.json.decode(capsys.readouterr().out)
    assert answer["ok"]
    assert {"name", "file", "line", "failures"} == set(answer["scenarios"][0])


def test_test_of_a_wrong_project_shows_its_problems(shop, capsys):
    edit(shop / "journeyfold.yaml", "currency", "curency")
    assert run(["test"], InMemory()) == 78
    assert "P110 unknown key 'curency'" in capsys.readouterr().err


def test_schema_writes_a_file_a_kind(tmp_path, capsys):
    assert run(["schema", "editor", str(tmp_path / "s")]) == 0
    written = {path.name for path in (tmp_path / "s").iterdir()}
    assert written == {f"{kind.name}.schema.json" for kind in KINDS}
    assert f"{len(KINDS)} schemas" in capsys.readouterr().out


def test_version_names_the_libraries_that_bear_data(capsys):
    assert run(["version", "--json"]) == 0
    answer = msgspec.json.decode(capsys.readouterr().out)
    assert answer["libraries"]["lmdb"]


def test_where_many_sources_stand_their_number_is_told(shop, capsys):
    for number in range(13):
        (shop / "sources" / f"till_{number}.yaml").write_text("kind: server\n")
    assert run(["keys", "create", "--kind", "srv", "--source", "quux"]) == 64
    assert "no source 'quux' under sources/; 16 others stand there" in capsys.readouterr().err
