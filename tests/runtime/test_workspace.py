"""Processes that `up` started open the stores as the version in force says."""

import apsw
import pytest

from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event
from journeyfold.core.ports import Entry
from journeyfold.project.scaffold import write_template
from journeyfold.runtime.replaying import replay
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

SECRET = "nobody should read this"


@pytest.fixture
def place(tmp_path):
    write_template("shop", tmp_path / "shop")
    return place_of(tmp_path / "shop", None)


def activated(place, **settings):
    path = place.directory / "journeyfold.yaml"
    text = path.read_text()
    for key, value in settings.items():
        lines = [
            f"{key}: {value}" if row.startswith(f"{key}:") else row for row in text.split("\n")
        ]
        text = "\n".join(lines)
    path.write_text(text)
    project = checked_project(place.directory)
    workspace = Workspace(place, project)
    activate(workspace, project)
    workspace.close()


def stored_body(place):
    """What a running process writes of an event, as bytes of the file."""
    workspace = Workspace.of_running(place)
    event = Event(
        id="e1", name="Said", type="track", source="shop_server", identifiers=(),
        occurred_us=1, received_us=1, properties={"text": SECRET},
    )  # fmt: skip
    (fate,) = workspace.log.append([Entry(event, "event")], now_us=1)
    assert workspace.log.read(fate.offset - 1, 1)[0].event == event
    workspace.close()
    connection = apsw.Connection(str(place.log))
    ((body,),) = connection.execute("SELECT body FROM record WHERE offset = ?", (fate.offset,))
    connection.close()
    return body


def test_bodies_are_encrypted_unless_the_project_says_otherwise(place):
    activated(place)
    assert SECRET.encode() not in stored_body(place)


def test_a_project_that_turns_encryption_off_has_clear_bodies(place):
    activated(place, encryption="none")
    assert SECRET.encode() in stored_body(place)


def test_a_replay_by_an_unknown_instant_is_refused_before_it_begins(place):
    activated(place)
    workspace = Workspace(place)
    said = []
    with pytest.raises(UsageError, match="'arrived' is neither appended nor occurred"):
        replay(workspace, verify=False, by="arrived", progress=lambda *step: said.append(step))
    workspace.close()
    assert said == []


def test_without_a_project_in_force_the_safe_settings_hold(place):
    assert SECRET.encode() not in stored_body(place)
