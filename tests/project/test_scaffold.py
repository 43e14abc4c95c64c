"""Templates: they are written whole or not at all, and are right as they are."""

import pytest

from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event
from journeyfold.core.instant import DAY_US, instant_us
from journeyfold.project.check import check
from journeyfold.project.load import load, read_directory
from journeyfold.project.scaffold import template_files, template_names, write_template
from journeyfold.quality.registry import load_registry
from journeyfold.testing.shoppers import history


def test_there_is_a_shop_and_a_blank_template():
    assert template_names() == ["blank", "shop"]


@pytest.mark.parametrize("template", template_names())
def test_what_is_written_passes_check(template, tmp_path):
    write_template(template, tmp_path / "mine")
    assert check(load(read_directory(tmp_path / "mine"))) == []


@pytest.mark.parametrize(
    ("directory", "name"), [("Meine Läden", "meine-l-den"), ("shop2", "shop2"), ("---", "shop")]
)
def test_the_project_is_named_after_its_directory(directory, name, tmp_path):
    write_template("shop", tmp_path / directory)
    assert load(read_directory(tmp_path / directory)).name == name


def test_nothing_that_exists_is_overwritten(tmp_path):
    (tmp_path / "features.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"features\.yaml exists already; nothing was written"):
        write_template("shop", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["features.yaml"]


def test_an_unknown_template_gets_a_suggestion(tmp_path):
    with pytest.raises(UsageError, match="no template 'shpo'; did you mean 'shop'"):
        write_template("shpo", tmp_path / "x")


def test_data_are_ignored_by_git(tmp_path):
    assert ".journeyfold/" in template_files("shop")[".gitignore"]


def test_every_file_of_the_shop_explains_itself():
    for path, text in template_files("shop").items():
        if path.endswith(".yaml") and not path.startswith("tests/"):
            assert text.startswith("# "), path


def test_the_readme_names_every_folder_of_the_shop():
    files = template_files("shop")
    for path in files:
        if "/" in path:
            assert f"`{path.partition('/')[0]}/" in files["README.md"]


def test_simulated_shoppers_send_what_the_shop_declares():
    registry = load_registry(load(template_files("shop")).schemas)
    start_us = instant_us("2026-03-01T00:00:00Z")
    seen = set()
    for message in history("demo", 60, start_us, start_us + 10 * DAY_US):
        name = message.get("event") or message["type"].capitalize()
        event = Event(
            "e", name, message["type"], "shop_web", (), 0, 0,
            properties=message.get("properties", {}), traits=message.get("traits", {}),
        )  # fmt: skip
        schema, violations = registry.validate(event)
        assert schema is not None, f"the shop has no schema for {name}"
        assert violations == ()
        assert registry.schema_for(event).undeclared(event) == []
        seen.add(name)
    assert {"Page", "Product Viewed", "Cart Updated", "Identify", "Consent Updated"} <= seen
