"""What is shown: plain values in, safe text out."""

import pytest

from journeyfold.decide.content import compile_content, render, safe_link
from journeyfold.decide.definition import Variant
from journeyfold.decide.template import TemplateError


def shown(content, values=None, *, escape=True, locales=("en",), templates=None):
    part = compile_content(Variant("v", content), templates or {}, escape=escape)
    return render(part, values or {}, locales, 0)


def test_a_missing_value_is_the_empty_string():
    assert shown({"title": "Hi {{ traits.first_name }}!"}) == {"title": "Hi !"}


def test_a_default_stands_in_for_a_missing_value():
    text = "{{ traits.first_name | default: 'Hello' }}, 10 %"
    assert shown({"title": text}) == {"title": "Hello, 10 %"}


def test_values_are_escaped_for_web_and_not_for_apps():
    values = {"traits": {"n": "<b>&'"}}
    assert shown({"t": "{{ traits.n }}"}, values) == {"t": "&lt;b&gt;&amp;&#39;"}
    assert shown({"t": "{{ traits.n }}"}, values, escape=False) == {"t": "<b>&'"}


def test_numbers_flags_lists_and_objects_pass_as_they_are():
    content = {"n": 3, "f": True, "x": None, "l": ["a", "{{ 1 }}"], "o": {"label": "{{ 2 }}"}}
    assert shown(content) == {"n": 3, "f": True, "x": None, "l": ["a", "1"], "o": {"label": "2"}}


@pytest.mark.parametrize(
    ("locales", "text"),
    [(("de-AT", "en"), "Hallo"), (("en-GB",), "Cheers"), (("fr", "en"), "Hi"), (("fr",), "Hallo")],
)
def test_content_speaks_the_language_of_the_person_then_of_the_project(locales, text):
    content = {"title": {"de": "Hallo", "en": "Hi", "en-GB": "Cheers"}}
    assert shown(content, locales=locales) == {"title": text}


def test_the_locale_of_the_person_comes_before_that_of_the_call(shop):
    title = {"de": "Hallo", "fr": "Salut", "en": "Hi"}
    offer = shop.offer("a", variants=[{"id": "x", "content": {"title": title}}])
    book = shop.catalogue([offer], [shop.placement()])
    person = shop.person(None, traits={"locale": "fr-BE"})
    french = shop.answer(book, person, context={"locale": "de"})
    german = shop.answer(book, shop.person(None), context={"locale": "de"})
    assert [shop.only(each).items[0].content["title"] for each in (french, german)] == [
        "Salut",
        "Hallo",
    ]


def test_templates_see_traits_features_offer_and_context(shop):
    text = "{{ traits.n }}/{{ offer.id }}/{{ offer.value }}/{{ context.page }}"
    offer = shop.offer("a", value=3, variants=[{"id": "x", "content": {"t": text}}])
    book = shop.catalogue([offer], [shop.placement()])
    answered = shop.answer(book, shop.person(None, traits={"n": 1}), context={"page": "/"})
    assert shop.only(answered).items[0].content["t"] == "1/a/3.0//"


def test_html_in_an_offer_loses_scripts_and_handlers():
    html = '<p onclick="x()">Hi<script>alert(1)</script> <b>you</b></p>'
    assert shown({"html": html}) == {"html": "<p>Hi <b>you</b></p>"}


def test_a_template_file_may_style_but_not_script():
    page = '<div class="hero" style="color:red" onload="x()"><img src="data:x"><script>1</script></div>'
    assert shown({"template": "t.liquid"}, templates={"t.liquid": page}) == {
        "html": '<div class="hero" style="color:red"><img></div>'
    }


def test_a_template_file_is_text_for_an_app():
    got = shown({"template": "t.liquid"}, templates={"t.liquid": "a < {{ 1 }}"}, escape=False)
    assert got == {"text": "a < 1"}


def test_a_template_that_does_not_exist_is_named():
    with pytest.raises(TemplateError, match=r"variants.v.content.template.*templates/t.liquid"):
        shown({"template": "t.liquid"})


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x?y=1", True),
        ("/relative", True),
        ("mailto:a@b.example", True),
        ("javascript:alert(1)", False),
        ("JaVa\tScript:alert(1)", False),
        (" data:text/html,x", False),
        ("vbscript:x", False),
    ],
)
def test_links_are_http_https_mailto_or_relative(url, safe):
    assert safe_link(url) == (url if safe else "")


def test_a_link_that_a_value_turned_bad_is_empty():
    assert shown({"cta_url": "{{ traits.u }}"}, {"traits": {"u": "javascript:x"}}) == {
        "cta_url": ""
    }


def test_a_subject_has_one_line():
    assert shown({"subject": "Hi {{ traits.n }}"}, {"traits": {"n": "x\r\nBcc: y"}}) == {
        "subject": "Hi x Bcc: y"
    }
