"""The page about cleaning says what works: its steps are sound and do what it says."""

import re
from pathlib import Path

from journeyfold.project.check import check
from journeyfold.project.compile import compile_project
from journeyfold.project.load import load, read_directory

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/clean-what-comes-in.md").read_text()
SHOP = read_directory(ROOT / "src/journeyfold/project/templates/shop")
SOURCE = "sources/shop_server.yaml"


def blocks(file):
    return re.findall(rf"```yaml\n# {re.escape(file)}\n(.*?)```", PAGE, re.DOTALL)


def test_the_steps_of_the_page_are_sound():
    (server,), (crm,) = blocks(SOURCE), blocks("sources/crm.yaml")
    imported = "kind: import\nread: {csv: crm.csv}\nfields: {identifiers: {user_id: row.ID}, occurred: 'as_time(row.AT)'}\n"
    project = load({**SHOP, SOURCE: SHOP[SOURCE] + server, "sources/crm.yaml": imported + crm})
    assert [each.message for each in check(project) if each.severity == "error"] == []
    cleaning = compile_project(project).cleaning
    assert set(cleaning.of) == {"shop_server", "crm"}
    assert len(cleaning.of["shop_server"].fields) == 4


def test_the_level_of_the_page_is_one_of_the_list_that_is_shipped():
    retail = load(SHOP).taxonomies["retail"]
    (value,) = re.findall(r'category\.l1 == "(\w+)"', PAGE)
    assert value in retail.levels()[1].values()
