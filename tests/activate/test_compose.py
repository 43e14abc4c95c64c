"""A template becomes a message for one person, or says which variable and line it failed at."""

import pytest

from journeyfold.activate.compose import Written
from journeyfold.activate.header_line import HEADER_MAX
from journeyfold.activate.markup import PIXEL, bare
from journeyfold.activate.mjml import MarkupError
from journeyfold.activate.template import MessageTemplate
from journeyfold.decide.template import TemplateError

TEMPLATE = MessageTemplate("cart", subject="Your cart", sender="Shop <shop@example.com>")


def mjml(body, head=""):
    return f"<mjml>\n<mj-head>{head}</mj-head>\n<mj-body>\n{body}\n</mj-body></mjml>"


def text(inner):
    return f"<mj-section><mj-column><mj-text>{inner}</mj-text></mj-column></mj-section>"


def written(values=None, locale="en", template=TEMPLATE, **bodies):
    files = {name.replace("__", "."): source for name, source in bodies.items()}
    return Written(template, files).composed(values or {}, locale, 0)


def test_mjml_becomes_html_with_the_values_of_a_person():
    found = written({"traits": {"name": "Ann"}}, body__mjml=mjml(text("Hello {{ traits.name }}")))
    assert "Hello Ann" in found.html
    assert "mj-" not in bare(found.html).replace("mj-column-per-100", "").replace(
        "mj-outlook-group-fix", ""
    )


def test_nothing_is_fetched_for_fonts():
    assert "googleapis" not in written(body__mjml=mjml(text("x"))).html


def test_liquid_between_rows_of_a_table_stays_there():
    rows = "<mj-table>{% for p in items %}<tr><td>{{ p }}</td></tr>{% endfor %}</mj-table>"
    source = mjml(f"<mj-section><mj-column>{rows}</mj-column></mj-section>")
    html = written({"items": ["a", "b"]}, body__mjml=source).html
    cells = html[html.index(">a</td>") : html.index(">b</td>")]
    assert "<tbody>" not in cells
    assert "</tr><tr>" in cells


def test_liquid_between_sections_repeats_them():
    source = mjml("{% for p in items %}" + text("<b>{{ p }}</b>") + "{% endfor %}")
    html = written({"items": [1, 2, 3]}, body__mjml=source).html
    assert html.count("<b>") == 3


def test_liquid_in_attributes_styles_titles_and_comments_survives():
    head = "<mj-title>{{ a }}</mj-title><mj-style>.x{color:{{ a }}}</mj-style>"
    source = mjml(text('<a class="x" href="https://e.example/{{ a | append: "b" }}">l</a>'), head)
    html = bare(written({"a": "red"}, body__mjml=source).html)
    assert "<title>red</title>" in html
    assert 'href="https://e.example/redb"' in html
    assert "color: red" in html


def test_styles_go_into_the_elements_they_are_for_and_hover_stays():
    html = written(
        body__html="<style>.a{color:red} a:hover{color:blue}</style><p class=a>x</p>"
    ).html
    assert 'style="color: red;"' in html
    assert "a:hover" in html


def test_no_style_sheet_is_fetched_or_read(tmp_path):
    sheet = tmp_path / "a.css"
    sheet.write_text("p{color:red}")
    html = written(
        body__html=f'<html><head><link rel="stylesheet" href="{sheet}"><style></style></head>'
        "<body><p>x</p></body></html>"
    ).html
    assert "color" not in html


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("<mj-section>\n<mj-column>\n</mj-section>", 6, "</mj-section> comes before <mj-column>"),
        ("<mj-section>", 5, "</mj-body> comes before <mj-section>"),
        ("\n<mj-txt></mj-txt>", 5, "no <mj-txt>"),
        ('<mj-include path="x.mjml"/>', 4, "mj-include"),
        ("<mj-section><mj-column><mj-text>1 < 2</mj-text></mj-column></mj-section>", 1, "cannot"),
    ],
)
def test_wrong_mjml_is_told_with_its_line(body, line, what):
    with pytest.raises(MarkupError) as error:
        written(body__mjml=mjml(body))
    assert what in error.value.what
    assert error.value.line == line


def test_a_comparison_inside_liquid_is_no_tag():
    source = mjml(text("{% if a < 2 %}few{% endif %}"))
    assert "few" in written({"a": 1}, body__mjml=source).html


def test_a_variable_that_is_not_there_is_named_with_its_line():
    source = mjml(text("hi") + "\n" + text("Hello {{ traits.name }}"))
    with pytest.raises(TemplateError, match=r"body.mjml: line 5: .*traits.name"):
        written({"traits": {}}, body__mjml=source)


def test_JT27_a_filter_over_what_is_not_there_fails_too():
    with pytest.raises(TemplateError, match=r"body.html: line 2: "):
        written({"traits": {}}, body__html="<p>\n{{ traits.name | upcase }}</p>")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ traits.name | default: 'you' }}", "you"),
        ("{% if traits.name %}a{% else %}b{% endif %}", "b"),
        ("{% if traits.name == 'x' %}a{% else %}b{% endif %}", "b"),
        ("{% unless traits.vip %}plain{% endunless %}", "plain"),
    ],
)
def test_asking_whether_something_is_there_is_no_error(source, told):
    assert written({"traits": {}}, body__txt=source).text == told


def test_html_is_escaped_and_text_is_not():
    found = written({"n": "<b>&"}, body__html="<p>{{ n }}</p>", body__txt="{{ n }}")
    assert "&lt;b&gt;&amp;" in found.html
    assert found.text == "<b>&"


def test_the_text_is_made_of_the_html_with_links_behind_their_words():
    source = "<h1>Hi {{ n }}</h1><p>See <a href='https://e.example/{{ n }}'>it</a>.</p>"
    found = written({"n": "Ann"}, body__html=source)
    assert found.text == "Hi Ann\nSee it (https://e.example/Ann)."


def test_cells_of_a_row_stand_apart_in_the_text():
    found = written(body__html="<table><tr><td>a</td><td>1</td></tr></table>")
    assert found.text == "a 1"


def test_a_locale_has_its_own_body():
    bodies = {"body__html": "<p>Hello</p>", "body__de__html": "<p>Hallo</p>"}
    told = [written(locale=each, **bodies).text for each in ("en", "de", "de-AT", "fr")]
    assert told == ["Hello", "Hallo", "Hallo", "Hello"]


def test_a_preheader_stands_first_and_is_not_seen():
    template = MessageTemplate("c", subject="s", preheader="Only {{ n }} & left")
    html = written(
        {"n": "<1>"}, template=template, body__html="<body class='x'><p>y</p></body>"
    ).html
    assert html.startswith("<body class='x'><div style=\"display:none")
    assert "Only &lt;1&gt; & left</div><p>" in html


def test_a_header_is_one_line_whatever_a_value_holds():
    template = MessageTemplate("c", subject="Hi {{ n }}", sender="{{ n }} <a@b.example>")
    found = written({"n": "a\r\nBcc: x@y.example\x00"}, template=template, body__txt="x")
    assert found.subject == "Hi a Bcc: x@y.example"
    assert "\r" not in found.sender


def test_a_header_ends_at_the_limit_of_a_line():
    template = MessageTemplate("c", subject="{{ n }}")
    assert len(written({"n": "x" * 5_000}, template=template, body__txt="x").subject) == HEADER_MAX


@pytest.mark.parametrize(
    "hostile",
    [
        "{% for i in (1..100000) %}x{% endfor %}",
        "{% assign a = 'xxxxxxxxxx' %}{% for i in (1..9999) %}{% assign a = a | append: a %}{% endfor %}",
        "{% for i in (1..9999) %}" + "x" * 100 + "{% endfor %}",
        "{% if true %}" * 40 + "{% endif %}" * 40,
    ],
)
def test_a_template_is_never_expensive(hostile):
    with pytest.raises(TemplateError):
        written(body__txt=hostile)


def test_links_and_the_place_of_the_pixel_are_marked_once():
    html = written(
        body__html='<body><a href="https://e.example/a">1</a><a href="mailto:a@b.example">2</a>'
        '<a data-no-track href="https://e.example/b">3</a></body>'
    ).html
    assert html.count("\x02") == html.count("\x03") == 1
    assert html.index(PIXEL) < html.index("</body>")


def test_a_message_without_a_body_is_no_message():
    with pytest.raises(TemplateError, match="no body"):
        written()
