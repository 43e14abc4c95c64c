"""A merge that history brings about is as old as that history: nobody is written to for it."""

import pytest
from house import House

from journeyfold.core.instant import DAY_US
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

SEGMENTS = """
segments:
  - {id: busy, description: Seen twice, when: 'count("Cart Updated") >= 2'}
"""
JOURNEY = """
entry: [{segment: {id: busy}}]
steps: [{id: pause, wait: {for: 1d}}]
"""


def project():
    own = ("journeys/", "templates/", "tests/")
    files = {p: text for p, text in template_files("shop").items() if not p.startswith(own)}
    return load(files | {"journeys/busy.yaml": JOURNEY, "segments/busy.yaml": SEGMENTS})


@pytest.mark.parametrize(("ago_us", "entered"), [(0, 1), (30 * DAY_US, 0)])
def test_a_segment_that_an_old_merge_fills_lets_nobody_in(ago_us, entered):
    house = House(project())
    cart = {"cart_id": "c1", "total": 9.0, "items": 1}
    house.track("Cart Updated", cart, user="ann")
    house.track("Cart Updated", cart, anonymous="a1")
    house.occurs_us = house.now_us - ago_us
    house.track("Identify", type_="identify", user="ann", anonymous="a1")
    ann = house.person("user_id", "ann")
    assert "busy" in ann.memberships
    assert len(ann.journeys) == entered
