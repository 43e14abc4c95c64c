"""What the command line asks of quarantine beside a running platform."""

from __future__ import annotations

from pathlib import Path

from journeyfold.runtime.quarantine_work import Choice, Judging, Previewed, preview
from journeyfold.runtime.requarantine import last_commit
from journeyfold.runtime.workspace import checked_project, opened


def preview_on_disk(directory: Path, data: Path | None, choice: Choice) -> Previewed:
    """With the consents of the last commit, as the door judges."""
    with opened(directory, data) as workspace, last_commit(workspace) as state:
        judging = Judging(
            workspace.log, workspace.clock, workspace.node_key,
            workspace.keyring.derive("link"), lambda: state,
            workspace.project_in_force().hash,
        )  # fmt: skip
        return preview(judging, choice, lambda: checked_project(directory))
