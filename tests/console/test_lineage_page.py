"""Lineage as a page: one name, what lies before and behind it, drawn and as tables (quality Q40)."""

import re
from html import unescape

from journeyfold.console.lineage_graph import DRAWN, lineage_graph
from journeyfold.project.lineage import Edge, Graph, Node
from journeyfold.testing.desk import SampleDesk


def words(answer):
    body = re.sub(r"<(svg|head|datalist).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


def test_without_a_name_every_name_is_listed_with_how_much_it_reads(shop):
    shown = words(shop.get("/lineage"))
    assert "All names" in shown
    assert "returning-buyers segment" in shown


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
