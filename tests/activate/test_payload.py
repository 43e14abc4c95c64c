"""The body of what is sent when nobody wrote a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.activate.json_template import rendered_json
from journeyfold.activate.payload import call_body, type_of, usual_body
from journeyfold.decide.template import TemplateError

AT_US = 1_795_334_400_000_000
PAYLOAD = {
    "kind": "webhook", "journey": "cart", "version": "abc", "instance": "i1", "step": "crm",
    "payload": None, "vars": {"offer": {"offer": "ten"}}, "reply": False,
    "entry": {"id": "e1", "name": "Cart Updated", "occurred": "2026-11-22T07:00:00Z",
              "properties": {"value": 20}, "identifiers": [["email", "a@b.example"]]},
}  # fmt: skip


def body(template=None, **values):
    return call_body(
        {**PAYLOAD, "payload": None if template is None else "crm"}, {"crm.liquid": template},
        values, person="p_1", key="k", at_us=AT_US,
    )  # fmt: skip


def test_the_usual_body_is_that_of_the_specification():
    assert usual_body("Order Completed", AT_US, {"id": "o-1"}) == {
        "type": "order.completed", "timestamp": "2026-11-22T08:00:00Z", "data": {"id": "o-1"},
    }  # fmt: skip


@given(st.text(max_size=40))
def test_a_type_has_the_characters_that_the_specification_recommends(name):
    made = type_of(name)
    assert made
    assert all(each.isascii() and (each.isalnum() or each in "_.") for each in made)


def test_a_step_without_a_template_says_where_it_comes_from_and_what_began_it():
    made = body()
    assert made["type"] == "journey.called"
    assert made["data"]["person"] == "p_1"
    assert made["data"]["journey"] == "cart"
    assert made["data"]["entry"]["properties"] == {"value": 20}
    assert made["data"]["vars"] == {"offer": {"offer": "ten"}}


def test_a_step_without_a_template_tells_no_identifier():
    assert "a@b.example" not in str(body())


def test_a_template_says_what_it_likes():
    made = body(
        '{"Tier__c": "{{ traits.tier | upcase }}", "value": {{ entry.properties.value }},'
        ' "offer": {{ vars.offer | json }}, "id": "{{ id }}", "who": "{{ person }}",'
        ' "step": "{{ journey.step }}", "at": "{{ timestamp }}"}',
        traits={"tier": "gold"},
    )
    assert made == {
        "Tier__c": "GOLD", "value": 20, "offer": {"offer": "ten"}, "id": "k", "who": "p_1",
        "step": "crm", "at": "2026-11-22T08:00:00Z",
    }  # fmt: skip


@given(st.text(max_size=60))
def test_no_value_of_a_visitor_ends_its_string(text):
    made = body('{"a": "{{ traits.x }}", "b": {{ traits.x | json }}}', traits={"x": text})
    assert made == {"a": text, "b": text}


@pytest.mark.parametrize(
    "way",
    [
        "{{ traits.x }}",
        "{% echo traits.x %}",
        "{% liquid echo traits.x %}",
        "{% assign y = traits.x %}{{ y }}",
        "{% capture y %}{{ traits.x }}{% endcapture %}{{ y }}",
        "{% for y in traits.all %}{{ y }}{% endfor %}",
        "{% if true %}{{ traits.x | append: '' }}{% endif %}",
        "{% for y in traits.all %}{% ifchanged %}{{ y }}{% endifchanged %}{% endfor %}",
        "{{ traits.unknown | default: traits.x }}",
    ],
)
@pytest.mark.parametrize(
    "attack", ['", "admin": true, "x": "', "\\", '\\", "admin": true, "x": "\\']
)
def test_an_attack_on_a_payload_stays_a_text_whichever_way_it_is_written(way, attack):
    values = {"x": attack, "all": [attack]}
    assert body(f'{{"a": "{way}"}}', traits=values) == {"a": attack}


@pytest.mark.parametrize(
    "tag", ["{% cycle traits.x, 1 %}", "{% tablerow y in traits.all %}{% endtablerow %}"]
)
def test_a_tag_that_writes_values_as_they_are_is_none(tag):
    with pytest.raises(TemplateError, match="line 1"):
        body(f'{{"a": "{tag}"}}', traits={"x": "x", "all": []})


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ('{"a": "{{ traits.x }}"}', "'traits.x' is not there"),
        ('{"a": {{ traits.y }}}', "no JSON"),
        ("[1]", "no JSON object"),
        ('{"a": 1', "no JSON"),
        ('{"a": "{{ traits.y | shout }}"}', "unknown filter 'shout'"),
        ('{% for i in (1..99999) %}{% endfor %}{"a": 1}', "line 1"),
    ],
)
def test_a_template_that_fails_says_where(template, why):
    with pytest.raises(TemplateError, match=why) as failed:
        body(template, traits={"y": "word"})
    assert str(failed.value).startswith("templates/crm.liquid: ")


def test_what_is_not_there_may_have_a_usual_value_or_be_null():
    made = body('{"a": "{{ traits.x | default: "none" }}", "b": {{ traits.x | json }}}', traits={})
    assert made == {"a": "none", "b": None}


def test_a_template_that_has_gone_is_told():
    with pytest.raises(TemplateError, match="no template 'crm' any more"):
        call_body({**PAYLOAD, "payload": "crm"}, {}, {}, person="p", key="k", at_us=AT_US)


def test_the_size_of_a_payload_has_a_limit():
    with pytest.raises(TemplateError):
        rendered_json('{"a": "{{ x }}"}', {"x": "y" * 300_000}, AT_US)


def test_the_instant_of_the_entry_is_told_as_others_read_instants():
    entry = {**PAYLOAD["entry"], "occurred": AT_US, "hops": 2}
    made = call_body(
        {**PAYLOAD, "entry": entry}, {}, {}, person="p_1", key="k", at_us=AT_US
    )  # fmt: skip
    assert made["data"]["entry"]["occurred"] == "2026-11-22T08:00:00Z"
    assert "hops" not in made["data"]["entry"]
