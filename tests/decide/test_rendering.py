"""A template that remembers its texts says what it would have said without."""

import pytest

from journeyfold.decide import template as liquid
from journeyfold.decide.rendering import REMEMBERED, Rendering
from journeyfold.decide.template import TemplateError

HOUR_US = 3_600_000_000
SOURCES = [
    "{{ traits.first_name | default: 'Hello' }}, 10 %",
    "{{ traits.first_name | upcase }} {{ context.page }}{{ offer.value | plus: 1 }}",
    "{{ traits.size }}{{ traits.first }}",
    "{{ traits[context.page] }}",
    "{% if traits.first_name %}you{% else %}all{% endif %}",
    "{{ 'now' | date: '%H' }}{{ traits.first_name }}",
    "{{ now }}",
    "{{ traits.tags | join: ',' }}",
    "plain",
]
PEOPLE = [
    {},
    {"first_name": None},
    {"first_name": ""},
    {"first_name": "Ann", "size": "XL", "/": "root"},
    {"first_name": "<b>", "tags": ["a", "b"]},
    {"first_name": 1},
    {"first_name": 1.0},
    {"first_name": True},
    {"first_name": "x" * 300},
]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("escape", [True, False])
def test_a_remembered_text_is_the_text_itself(source, escape):
    template = liquid.parse(source, escape=escape)
    remembering = Rendering(template)
    for _ in range(2):
        for hour, traits in enumerate(PEOPLE):
            values = {"traits": traits, "context": {"page": "/"}, "offer": {"value": 2}}
            fresh = liquid.render(template, values, hour * HOUR_US)
            assert remembering(values, hour * HOUR_US) == fresh


def test_a_text_of_plain_values_is_rendered_once():
    class Counted(dict):
        asked = 0

        def get(self, name, default=None):
            return super().get(name, default)

        def __getitem__(self, name):
            Counted.asked += 1
            return super().__getitem__(name)

    remembering = Rendering(liquid.parse("{{ traits.first_name }}", escape=True))
    values = {"traits": Counted(first_name="Ann")}
    assert remembering(values, 0) == "Ann"
    first = Counted.asked
    assert remembering(values, 0) == "Ann"
    assert Counted.asked == first > 0


def test_memory_is_bounded():
    remembering = Rendering(liquid.parse("{{ traits.n }}", escape=True))
    for n in range(REMEMBERED + 3):
        assert remembering({"traits": {"n": n}}, 0) == str(n)
    assert len(remembering._known) == 3


def test_an_error_is_not_remembered():
    remembering = Rendering(liquid.parse("{{ traits.n | divided_by: context.n }}", escape=True))
    values = {"traits": {"n": 4}, "context": {"n": 0}}
    for _ in range(2):
        with pytest.raises(TemplateError):
            remembering(values, 0)
    assert remembering({"traits": {"n": 4}, "context": {"n": 2}}, 0) == "2"
