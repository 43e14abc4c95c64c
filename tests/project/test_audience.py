"""What a sync is called."""

import pytest

from journeyfold.core.errors import UsageError
from journeyfold.project.audience import named_sync, names_of
from journeyfold.project.load import load

SYNC = "syncs: [{id: %s, from: {where: 'true'}, key: traits.email}]\n"
KAFKA = "type: kafka\nservers: 'k:1'\ntopic: t\n"
PROJECT = load(
    {
        "journeyfold.yaml": "name: shop\n",
        "destinations/crm.yaml": KAFKA + SYNC % "vip",
        "destinations/ads.yaml": KAFKA + SYNC % "vip",
        "destinations/lake.yaml": KAFKA + SYNC % "all",
    }
)


def test_a_sync_is_called_by_its_destination_and_its_id():
    assert sorted(names_of(PROJECT)) == ["ads.vip", "crm.vip", "lake.all"]
    assert named_sync(PROJECT, "crm.vip") == "crm.vip"


def test_the_id_alone_will_do_where_there_is_one_of_it():
    assert named_sync(PROJECT, "all") == "lake.all"
    with pytest.raises(UsageError, match=r"more than one sync 'vip': write ads\.vip or crm\.vip"):
        named_sync(PROJECT, "vip")


def test_a_sync_that_is_not_there_is_guessed_at():
    with pytest.raises(UsageError, match=r"there is no sync 'crm\.vop'; did you mean 'crm\.vip'"):
        named_sync(PROJECT, "crm.vop")
    with pytest.raises(UsageError, match="no destination has any"):
        named_sync(load({"journeyfold.yaml": "name: shop\n"}), "vip")
