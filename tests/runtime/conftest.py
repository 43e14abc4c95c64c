"""What many tests of the shell begin with."""

import pytest

from journeyfold.project.scaffold import write_template
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of


@pytest.fixture
def shop(tmp_path):
    """The open stores of a shop whose project is in force."""
    write_template("shop", tmp_path / "shop")
    place = place_of(tmp_path / "shop", None)
    project = checked_project(place.directory)
    workspace = Workspace(place, project)
    activate(workspace, project)
    yield workspace
    workspace.close()
