"""A message is shown outside of any run: what its journey would give it stands for itself."""

import pytest
from house import KEY, compile_project

from journeyfold.activate.tracking import TokenKey
from journeyfold.core.profile import Profile
from journeyfold.project.letters import Letters
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.project.standing_in import stands_for_vars

SHOP = load(template_files("shop"))
LETTERS = Letters(TokenKey(KEY), "http://127.0.0.1:8080")


def preview(template, **given):
    return LETTERS.previewed(compile_project(SHOP), Profile("p_preview"), template, 1, **given)


@pytest.mark.parametrize("template", sorted(SHOP.messages))
def test_every_message_of_the_shop_can_be_shown(template):
    assert preview(template).subject


def test_what_a_send_gives_stands_for_itself():
    mail = preview("order-thanks")
    assert mail.subject == "Thank you for your order [order]"
    assert "[order]" in mail.html


def test_what_is_given_stands_for_all():
    assert preview("order-thanks", given={"order": "o-1", "total": 3}).subject.endswith("o-1")


def test_what_a_step_saves_has_no_fields():
    assert stands_for_vars(SHOP, "cart-reminder")["offer"] == {}


def test_a_message_that_nothing_sends_is_given_nothing():
    assert stands_for_vars(SHOP, "nothing") == {}
