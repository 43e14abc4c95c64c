"""How a journey stands, read from a directory of data."""

import pytest

from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.scaffold import write_template
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.steering import shown
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
steps: [{id: pause, wait: {for: 30d}}]
"""


@pytest.fixture
def workspace(tmp_path):
    write_template("shop", tmp_path / "shop")
    (tmp_path / "shop" / "journeys" / "cart.yaml").write_text(JOURNEY)
    place = place_of(tmp_path / "shop", None)
    project = checked_project(place.directory)
    opened = Workspace(place, project)
    activate(opened, project)
    yield opened
    opened.close()


def cart(workspace, user, zone):
    now_us = workspace.clock.now_us()
    who = Identifier("user_id", user)
    event = Event(
        id=f"e-{user}", name="Cart Updated", type="track", source="shop_server", identifiers=(who,),
        occurred_us=now_us, received_us=now_us, properties={"cart_id": user, "items": 1},
        traits={"timezone": zone} if zone else {}, context={"auth": "server"},
    )  # fmt: skip
    workspace.log.append([Entry(event, nodes=(node_of(who, workspace.node_key),))], now_us=now_us)


def test_people_whose_zone_is_none_are_counted_where_they_travel(workspace):
    """E31: an abbreviation or an offset is no zone."""
    zones = {"ann": "Europe/Berlin", "bob": "EST", "cid": "+01:00", "dan": None}
    for user, zone in zones.items():
        cart(workspace, user, zone)
    fold_to_head(workspace)
    report = shown(workspace, "cart")
    assert (report.journey.running, report.unknown_zone) == (4, 2)
