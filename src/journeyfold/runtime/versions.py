"""Project versions as a serving process sees them: the newest at the door, the one in force inside.

The door judges by the newest activated version at once. Conditions and decisions follow the fold:
they switch when the fold has switched (`definition.ready`), so both read the same definitions.
"""

from __future__ import annotations

from journeyfold.core.ports import StateStore
from journeyfold.project.compile import Compiled, compile_project
from journeyfold.project.definitions import Standing, files_at, standing_of
from journeyfold.project.load import load
from journeyfold.project.model import Project
from journeyfold.runtime.workspace import Workspace


class Versions:
    """`refresh` looks for changes; it costs two small reads when there are none."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._newest_offset = -1
        self._standing = Standing()
        self.newest: Project | None = None
        self.in_force: Compiled | None = None

    def refresh(self, state: StateStore | None) -> bool:
        """True when the newest version or the one in force changed."""
        changed = self._refresh_newest()
        if state is None:
            return changed
        with state.read() as reader:
            standing = standing_of(reader)
        if standing.offset < 0:
            return changed
        if self.in_force is None or standing.hash != self.in_force.hash:
            self.in_force = self._compiled(standing.offset)
            self.in_force.use_cuts(standing.cuts, standing.fits)
            changed = True
        elif (standing.cuts, standing.fits) != (self._standing.cuts, self._standing.fits):
            self.in_force.use_cuts(standing.cuts, standing.fits)
        self._standing = standing
        return changed

    @property
    def building(self) -> tuple[str, ...]:
        """Hashes of versions whose features are still being filled."""
        return tuple(build.hash for build in self._standing.builds)

    def _refresh_newest(self) -> bool:
        offset = self._workspace.activated()
        if offset == self._newest_offset:
            return False
        self.newest = load(files_at(self._workspace.log, offset))
        self._newest_offset = offset
        return True

    def _compiled(self, offset: int) -> Compiled:
        if offset == self._newest_offset and self.newest is not None:
            return compile_project(self.newest)
        return compile_project(load(files_at(self._workspace.log, offset)))
