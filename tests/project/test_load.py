"""From a directory's files to a project."""

import pytest

from journeyfold.core.errors import ProjectError, UsageError
from journeyfold.project.load import load, project_hash, read_directory
from journeyfold.project.scaffold import template_files, write_template

SHOP = template_files("shop")


def test_the_shop_loads_with_everything_in_it():
    shop = load(SHOP)
    assert shop.name == "shop"
    assert sorted(shop.sources) == ["shop_orders", "shop_server", "shop_web"]
    assert shop.sources["shop_web"].source == "shop_web"
    assert shop.offers["ten-percent"].offer == "ten-percent"
    assert shop.segments["champions"].tags == ("rfm",)
    assert shop.lifecycles["customer"].stages[0].stage == "Lapsed"
    assert shop.traits["email"].sources == ("shop_server", "shop_orders", "shop_web")
    assert shop.identity.kinds[0].name == "user_id"


def test_a_directory_gives_the_texts_that_were_written(tmp_path):
    write_template("shop", tmp_path / "shop")
    (tmp_path / "shop" / ".journeyfold").mkdir()
    (tmp_path / "shop" / ".journeyfold" / "x.yaml").write_text("no: definition")
    (tmp_path / "shop" / "notes.txt").write_text("mine")
    files = read_directory(tmp_path / "shop")
    expected = set(SHOP) - {"README.md", ".gitignore"}
    assert set(files) == expected
    assert all(files[path] == SHOP[path] for path in expected)


def test_the_hash_depends_on_texts_and_not_on_their_order():
    backwards = dict(reversed(SHOP.items()))
    assert project_hash(SHOP) == project_hash(backwards)
    assert project_hash(SHOP) != project_hash(SHOP | {"journeyfold.yaml": "name: other"})


def test_the_hash_does_not_run_paths_and_texts_together():
    assert project_hash({"a": "bc"}) != project_hash({"ab": "c"})


def test_a_project_loaded_from_its_files_is_the_same_project():
    shop = load(SHOP)
    assert load(shop.files) == shop


def test_an_id_may_be_left_out_because_the_file_has_it():
    files = SHOP | {"offers/new.yaml": "category: hero\n", "offers/other.yaml": "offer: other\n"}
    assert load(files).offers["new"].offer == "new"
    assert load(files).offers["other"].category == ""


@pytest.mark.parametrize(
    "path", ["features.yaml", "identity.yaml", "segments/x.yaml", "tests/x.yaml"]
)
def test_an_empty_file_says_nothing_and_is_right(path):
    files = {"journeyfold.yaml": "name: x", path: "# nothing yet\n"}
    assert load(files).name == "x"


def test_a_directory_without_its_root_file_is_no_project(tmp_path):
    with pytest.raises(UsageError, match=r"has no journeyfold\.yaml"):
        read_directory(tmp_path)


def test_a_file_that_is_no_text_is_named_with_its_line(tmp_path):
    (tmp_path / "journeyfold.yaml").write_bytes(b"name: x\ndescription: \xff\n")
    with pytest.raises(ProjectError) as caught:
        read_directory(tmp_path)
    assert str(caught.value).startswith("journeyfold.yaml:2:1: P101 this is no UTF-8 text")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "journeyfold.yaml").write_text("name: x")
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "big.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ProjectError, match="larger than 1048576 bytes"):
        read_directory(tmp_path)


def test_templates_of_variants_are_read_by_name():
    files = SHOP | {
        "templates/ten.liquid": "{{ traits.first_name }}",
        "offers/t.yaml": "variants: [{id: a, content: {template: ten.liquid}}]",
    }
    assert load(files).templates == {"ten.liquid": "{{ traits.first_name }}"}
