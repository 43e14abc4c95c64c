"""The shop's messages can be written to anybody: also to somebody of whom nothing is known."""

import pytest

from journeyfold.activate.compose import compose
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

SHOP = load(template_files("shop"))
KNOWN = {"first_name": "Ann", "email": "ann@example.com"}
LIMIT = 102_000  # bytes above which some mail programs cut a message off


def sends():
    for name, journey in SHOP.journeys.items():
        saved = [step.decide.save for step in journey.steps if step.decide is not None]
        for step in journey.steps:
            if step.send is not None:
                stages = [each for key, each in step.send.by_stage.items() if key != "lifecycle"]
                for template in filter(None, [step.send.template, *stages]):
                    yield pytest.param(template, [*step.send.vars, *saved], id=f"{name}-{template}")


def written(template, traits, names):
    bodies = {
        path.partition("/")[2]: text
        for path, text in SHOP.bodies.items()
        if path.partition("/")[0] == template
    }
    values = {
        "traits": traits, "vars": dict.fromkeys(names), "features": {"top_category": None},
        "unsubscribe_url": "https://shop.example.com/u/x",
    }  # fmt: skip
    return compose(SHOP.messages[template], bodies, values, locale="en", now_us=0)


@pytest.mark.parametrize(("template", "names"), list(sends()))
@pytest.mark.parametrize("traits", [KNOWN, {}], ids=["known", "stranger"])
def test_a_message_can_be_written(template, names, traits):
    message = written(template, traits, names)
    assert message.subject
    assert message.text
    assert '<html lang="en"' in message.html
    assert len(message.html) < LIMIT


def test_every_message_of_the_shop_is_sent_by_a_journey():
    assert {param.values[0] for param in sends()} == set(SHOP.messages)


@pytest.mark.parametrize("template", sorted(SHOP.messages))
def test_marketing_shows_the_way_out(template):
    names = next(param.values[1] for param in sends() if param.values[0] == template)
    shown = "https://shop.example.com/u/x" in written(template, KNOWN, names).html
    assert shown is (SHOP.messages[template].message_class != "transactional")


def test_journeys_speak_of_every_stage():
    assert {journey.stage for journey in SHOP.journeys.values()} == {
        "awareness", "consideration", "purchase", "loyalty",
    }  # fmt: skip
