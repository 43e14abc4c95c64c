"""A table that rules name and nobody has put there is told by `check` (quality Q11)."""

import pytest

from journeyfold.project.load import load
from journeyfold.project.table_files import table_file_problems

FILES = {
    "journeyfold.yaml": "name: shop\n",
    "quality/skus.yaml": "dataset: skus\ntables:\n  skus: tables/catalogue.csv\n"
    "rules:\n  - {id: r, completeness: sku}\n",
}


def test_a_table_that_is_there_is_no_problem(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "catalogue.csv").write_text("sku\na\n")
    assert list(table_file_problems(load(FILES), tmp_path)) == []


@pytest.mark.parametrize(
    ("beside", "says"),
    [
        ("", "put it there; until then its rules cannot be run"),
        ("tables/catalog.csv", "did you mean 'tables/catalog.csv'?"),
    ],
)
def test_a_table_that_is_not_there_is_a_hint_at_its_line(tmp_path, beside, says):
    (tmp_path / "tables").mkdir()
    if beside:
        (tmp_path / beside).write_text("sku\na\n")
    (hint,) = table_file_problems(load(FILES), tmp_path)
    assert (hint.file, hint.line, hint.code, hint.severity) == (
        "quality/skus.yaml", 3, "P129", "hint",
    )  # fmt: skip
    assert (hint.message, hint.suggestion) == ("there is no file tables/catalogue.csv", says)
