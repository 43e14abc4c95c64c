"""The project in force, its sources, the plan of a change, and publishing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from journeyfold.adapters.admin_audit import By
from journeyfold.api.cards import Plan, ProjectCard, PullCard, Shift, SourceCard, Stale
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.core.instant import DAY_US
from journeyfold.project.check import load_checked
from journeyfold.project.load import project_hash
from journeyfold.project.prepared import readable
from journeyfold.project.registered import Published
from journeyfold.project.scopes import event_types, trait_type
from journeyfold.project.stocktaking import Stock
from journeyfold.quality.registry import load_registry
from journeyfold.runtime.planning import plan_between
from journeyfold.runtime.platform import Platform
from journeyfold.runtime.pull_standing import PullStanding, read_standings
from journeyfold.runtime.stock import take_stock
from journeyfold.runtime.workspace import activate
from journeyfold.sources.inventory import Source

_MINUTE_US = 60_000_000
_WINDOW_US = 30 * DAY_US
_KINDS = {
    "browser": "client",
    "mobile": "client",
    "webhook": "webhook",
    "cdc": "stream",
}


class Projects:
    """`api.desk.ProjectDesk`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._published: tuple[str, Published] | None = None

    def card(self) -> ProjectCard:
        platform = self._platform
        project = platform.project
        registry = load_registry(project.schemas)
        (record,) = platform.log.read(platform.workspace.activated() - 1, 1)
        return ProjectCard(
            name=project.name, zone=project.settings.time_zone, hash=project.hash,
            files=dict(project.files), published_us=record.appended_us,
            published_by=str(record.event.properties.get("by", "")),
            writable=_is_writable(platform), refused=self._refused(),
            identifiers=tuple(kind.name for kind in project.identity.kinds),
            events=tuple(sorted(event_types(registry))),
            traits=tuple(trait_type(registry).keys()),
            purposes=project.settings.privacy.known, features=tuple(readable(project.features)),
        )  # fmt: skip

    def sources(self) -> Sequence[SourceCard]:
        platform = self._platform
        now_us = platform.clock.now_us()
        last: dict[str, int] = {}
        day: dict[str, int] = {}
        for row in platform.log.marks.tallies((now_us - DAY_US) // _MINUTE_US):
            last[row.source] = max(last.get(row.source, 0), row.minute * _MINUTE_US)
            day[row.source] = day.get(row.source, 0) + row.received
        pulls = read_standings(platform.place.run)
        return [
            SourceCard(
                id=name, title=source.description or name,
                kind=_kind(source), env=source.env, basis=source.basis,
                last_us=last.get(name, 0), events_day=day.get(name, 0),
                pull=_pull(pulls.get(name)),
            )
            for name, source in platform.project.sources.items()
        ]  # fmt: skip

    def registry(self) -> Published:
        """Made once a version of the project."""
        project = self._platform.project
        if self._published is None or self._published[0] != project.hash:
            self._published = project.hash, Published(project)
        return self._published[1]

    def stock(self) -> Stock:
        return take_stock(self._platform.workspace, self._platform.project)

    def plan(self, files: Mapping[str, str]) -> Plan:
        try:
            changed = load_checked(files)
        except ProjectError as error:
            return Plan(problems=error.problems)
        platform = self._platform
        report = plan_between(
            platform.log, platform.node_key, platform.project, changed,
            window_us=_WINDOW_US, now_us=platform.clock.now_us(),
        )  # fmt: skip
        shifts = tuple(
            Shift(
                segment=each.segment, before=each.before or 0, after=each.after or 0,
                entering=tuple(one.person for one in each.examples if one.direction == "enters"),
                leaving=tuple(one.person for one in each.examples if one.direction == "leaves"),
                entered=each.entered, left=each.left,
            )
            for each in report.segments
        )  # fmt: skip
        compared = sum(each.compared for each in report.decisions)
        differ = sum(each.differ for each in report.decisions)
        return Plan(shifts, compared, differ, _WINDOW_US, journeys=report.journeys)

    def publish(self, files: Mapping[str, str], *, base: str, actor: str) -> str:
        """Writes the files of the project directory and activates the version at once."""
        platform = self._platform
        if base != platform.project.hash:
            raise Stale(platform.project.files)
        changed = load_checked(files)
        edited = {
            path: text for path, text in files.items() if platform.project.files.get(path) != text
        }
        self._require_untouched(edited)
        for path, text in edited.items():
            target = platform.place.directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        activate(platform.workspace, changed, actor)
        by = By(actor, "admin", platform.clock.now_us())
        platform.admin.audit.add(by, "project.publish", project_hash(files), base)
        platform.refresh()
        return changed.hash

    def _require_untouched(self, edited: Mapping[str, str]) -> None:
        """Nobody's work on the disk is written over: Stale with what stands there."""
        platform = self._platform
        there: dict[str, str] = {}
        for path in edited:
            target = platform.place.directory / path
            text = target.read_text(encoding="utf-8") if target.exists() else ""
            if text not in {platform.project.files.get(path, ""), edited[path]}:
                there[path] = text
        if there:
            raise Stale({**platform.project.files, **there})

    def _refused(self) -> tuple[Problem, ...]:
        """What the supervisor found wrong with newer files that it did not take over."""
        path = self._platform.place.run / "refused.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=tuple[Problem, ...])
        except (OSError, msgspec.MsgspecError):
            return ()


def _pull(standing: PullStanding | None) -> PullCard | None:
    """Of a source that nobody pulls any more nothing is shown: its standing goes with it."""
    if standing is None:
        return None
    return PullCard(**{name: getattr(standing, name) for name in PullCard.__struct_fields__})


def _kind(source: Source) -> str:
    """Of a card: how its data come."""
    if source.read is not None and source.read.pull is not None:
        return "api" if source.read.http is not None else "database"
    return "file" if source.kind == "import" else _KINDS.get(source.kind, "server")


def _is_writable(platform: Platform) -> bool:
    import os

    return os.access(platform.place.directory, os.W_OK)
