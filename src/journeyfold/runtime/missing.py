"""Which features have no value for whom, before a model is trained on them (quality Q29)."""

from __future__ import annotations

from collections.abc import Iterator

from journeyfold.core.errors import UsageError
from journeyfold.core.instant import rfc3339
from journeyfold.core.ports import StateReader
from journeyfold.project.compile import Compiled, compile_project
from journeyfold.project.definitions import standing_of
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.people import decode_profile
from journeyfold.project.prepared import Missing, Seen, missing_report
from journeyfold.runtime.workspace import Workspace


def missing_features(workspace: Workspace, label: str) -> list[Missing]:
    """Of everybody in the last commit. `label` is a segment, or nothing."""
    compiled = compile_project(workspace.project_in_force())
    segments = compiled.project.segments
    if label and label not in segments:
        hint = did_you_mean(label, segments)
        raise UsageError(f"there is no segment '{label}'; {hint or 'see segments/'}")
    state = workspace.read_state()
    try:
        with state.read() as reader:
            standing = standing_of(reader)
            compiled.use_cuts(standing.cuts, standing.fits)
            people = _people(reader, compiled, label, workspace.clock.now_us())
            return missing_report(compiled.project.features, people)
    finally:
        state.close()


def _people(reader: StateReader, compiled: Compiled, label: str, now_us: int) -> Iterator[Seen]:
    for _, raw in reader.scan("profile"):
        profile = decode_profile(raw)
        values = compiled.feature_values(profile, now_us)
        month = rfc3339(profile.first_us)[:7]
        yield Seen(values, label in profile.memberships if label else None, month)
