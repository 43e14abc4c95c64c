"""What a project pulls by itself: known before anything that pulls is loaded."""

from __future__ import annotations

from journeyfold.project.model import Project

PULL = "pull"  # the process
MARK = "pull/"  # before a source: the number of the log's marks under which its last run began


def scheduled(project: Project) -> list[str]:
    """The sources that are imported by themselves."""
    return [
        name for name, each in project.sources.items() if each.kind == "import" and each.schedule
    ]


def followed(project: Project) -> list[str]:
    """The sources whose changes are read as they are committed."""
    return [name for name, each in project.sources.items() if each.kind == "cdc"]


def pulls_anything(project: Project) -> bool:
    return bool(scheduled(project) or followed(project))
