"""`check` says what is wrong with a message, with its file and line (journeys A10)."""

import pytest

from journeyfold.project.check import check
from journeyfold.project.load import load

YAML = "subject: Hi {{ traits.name }}\nfrom: Shop <shop@example.com>\n"
MJML = "<mjml>\n<mj-body>\n{}\n</mj-body>\n</mjml>"


def problems(yaml=YAML, settings="name: shop\n", **bodies):
    files = {"journeyfold.yaml": settings, "templates/cart/template.yaml": yaml}
    files |= {f"templates/cart/{name.replace('__', '.')}": text for name, text in bodies.items()}
    return [each for each in check(load(files)) if each.file.startswith("templates/")]


def told(**more):
    return [(each.file.rpartition("/")[2], each.line, each.code) for each in problems(**more)]


def test_a_message_that_compiles_has_no_problems():
    assert problems(body__mjml=MJML.format("<mj-section></mj-section>")) == []


@pytest.mark.parametrize(
    ("body", "line", "what"),
    [
        ("<p>ok</p>\n<p>{{ traits.name | upcas }}</p>", 1, "unknown filter 'upcas'"),
        ("<p>ok</p>\n<p>{% if a %}</p>", 2, ""),
        ("ok\n\n{% include 'x' %}", 1, "no other templates"),
    ],
)
def test_wrong_liquid_is_told_with_its_line(body, line, what):
    (found,) = problems(body__html=body)
    assert (found.file, found.code, found.severity) == ("templates/cart/body.html", "P170", "error")
    assert what in found.message
    assert found.line == line


def test_wrong_mjml_is_told_with_its_line():
    assert told(body__mjml=MJML.format("<mj-section>\n<mj-tex></mj-tex>\n</mj-section>")) == [
        ("body.mjml", 4, "P170")
    ]


def test_a_locale_has_its_own_problems():
    assert told(body__txt="ok", body__de__txt="\n{% if %}") == [("body.de.txt", 2, "P170")]


def test_a_wrong_subject_is_told_where_it_is_written():
    yaml = "from: a@b.example\nsubject: '{{ traits.name'\n"
    assert told(yaml=yaml, body__txt="x") == [("template.yaml", 2, "P170")]


def test_a_message_without_a_body_is_told():
    assert told() == [("template.yaml", 1, "P171")]


def test_a_message_that_nobody_sends_is_told():
    assert told(yaml="subject: Hi\n", body__txt="x") == [("template.yaml", 1, "P172")]
    settings = "name: shop\nemail: {from: Shop <shop@example.com>}\n"
    assert told(yaml="subject: Hi\n", settings=settings, body__txt="x") == []


def test_an_unknown_purpose_is_told():
    assert told(yaml=YAML + "purpose: marketting\n", body__txt="x") == [
        ("template.yaml", 3, "P130")
    ]


def test_what_many_readers_cut_off_is_a_hint():
    (found,) = problems(body__html="<p>" + "x" * 103 * 1024 + "</p>")
    assert (found.code, found.severity) == ("P173", "hint")


def test_an_offer_in_a_transactional_message_is_a_hint():
    files = {
        "journeyfold.yaml": "name: shop\n",
        "templates/cart/template.yaml": YAML + "class: transactional\n",
        "templates/cart/body.txt": "Hi\n{{ vars.offer.title }}",
        "offers/ten.yaml": "variants: [{id: a, content: {title: Ten}}]\n",
        "placements/mail.yaml": "offers: {ids: [ten]}\n",
        "journeys/cart.yaml": (
            "entry: [{event: Cart Updated}]\npolicy: {purpose: marketing}\nsteps:\n"
            "  - {id: pick, decide: {placement: mail, save: offer}}\n"
            "  - {id: send, send: {channel: email, template: cart}}\n"
        ),
    }
    found = [each for each in check(load(files)) if each.code == "P174"]
    assert [(each.file, each.line) for each in found] == [("templates/cart/body.txt", 2)]


def test_a_message_that_is_sent_with_another_purpose_than_its_own_is_a_hint():
    files = {
        "journeyfold.yaml": "name: shop\n",
        "templates/cart/template.yaml": YAML + "purpose: marketing_email\nclass: marketing\n",
        "templates/cart/body.txt": "Hi",
        "journeys/cart.yaml": (
            "entry: [{event: Cart Updated}]\npolicy: {purpose: marketing}\nsteps:\n"
            "  - {id: send, send: {channel: email, template: cart}}\n"
        ),
    }
    (found,) = [each for each in check(load(files)) if each.code == "P175"]
    assert (found.line, found.severity) == (3, "hint")
    assert "purpose: marketing`" in found.message
