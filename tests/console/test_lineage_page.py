"""Lineage as a page: one name, what lies before and behind it, drawn and as tables (quality Q40)."""

import re
from html import unescape

from journeyfold.console.lineage_graph import DRAWN, lineage_graph
from journeyfold.console.pages.lineage import FEW, Row, grouped
from journeyfold.project.lineage import Edge, Graph, Node
from journeyfold.testing.desk import SampleDesk


def words(answer):
    body = re.sub(r"<(svg|head|datalist).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


def test_without_a_name_every_name_is_listed_with_how_much_it_reads(shop):
    shown = words(shop.get("/lineage"))
    assert "All names" in shown
    assert re.search(r"segment \d.* returning-buyers \d", shown)


def test_a_name_is_drawn_and_stands_in_tables(shop):
    answer = shop.get("/lineage?of=segment:returning-buyers")
    assert 'aria-labelledby="lt ld"' in answer.text
    shown = words(answer)
    assert "Made of" in shown
    assert "Order Completed event 1" in shown


def test_what_would_break_is_said(shop):
    shown = words(shop.get("/lineage?of=event:Order%20Completed"))
    assert re.search(r"of which \d+ would break without it", shown)
    assert "breaks" in shown


def test_a_name_that_nothing_has_is_said_and_all_are_listed(shop):
    shown = words(shop.get("/lineage?of=nobody%3Cb%3E"))
    assert "Nothing in the project is called nobody<b>" in shown
    assert "All names" in shown


def test_an_empty_project_has_a_page_too(signed_in):
    assert signed_in(SampleDesk(people=0)).get("/lineage").status_code == 200


def test_the_picture_holds_the_nearest_and_says_how_many_it_leaves_out():
    middle = Node("trait", "email")
    edges = [Edge(Node("field", f"crm/{number}"), middle) for number in range(40)]
    picture, hidden = lineage_graph(Graph((), edges, {}).look(middle))
    assert picture.count("<rect") == DRAWN + 1
    assert hidden == 40 - DRAWN


def listed(count, kind="trait"):
    return [Row(f"{kind}:{number}", kind, str(number), 1, number % 2) for number in range(count)]


def test_names_are_grouped_by_kind_with_how_many_nobody_reads(shop):
    answer = shop.get("/lineage?of=nothing-of-this-name")
    kinds = re.findall(r"<h3>(\w+)</h3>", answer.text)
    assert len(kinds) == len(set(kinds)) == answer.text.count('<details class="kinds"')
    groups = grouped([*listed(3), *listed(4, "segment")], is_chosen=False)
    assert [(each.kind, len(each.rows), each.idle) for each in groups] == [
        ("trait", 3, 2), ("segment", 4, 2),
    ]  # fmt: skip


def test_of_many_names_only_what_people_look_for_is_open():
    many = grouped([*listed(FEW + 1), *listed(1, "segment")], is_chosen=False)
    assert [(each.kind, each.is_open) for each in many] == [("trait", False), ("segment", True)]


def test_few_names_and_those_that_were_searched_for_are_open():
    assert grouped(listed(FEW), is_chosen=False)[0].is_open
    assert grouped(listed(FEW + 1), is_chosen=True)[0].is_open
