"""A proposed schema as the file it would be: slug and version fit the project. Pure."""

from __future__ import annotations

from journeyfold.core.event import Json
from journeyfold.project.model import Project
from journeyfold.project.registry import history_of
from journeyfold.quality.inference import Proposal, slug_of, text_of
from journeyfold.quality.lock import subject_of


def written(project: Project, proposal: Proposal) -> tuple[str, str]:
    """(file name, text): the next version of a known event, the first of a new one."""
    subjects = history_of(project).subjects()
    files = subjects.get(subject_of(proposal.type, proposal.name), [])
    taken = {each[0].slug for each in subjects.values()}
    slug = files[-1].slug if files else _free(slug_of(proposal.name), taken)
    version = files[-1].version + 1 if files else 1
    header: dict[str, Json] = {"type": proposal.type, "version": version}
    if files:
        header |= {"owner": files[-1].owner, "purposes": list[Json](files[-1].purposes)}
    else:
        header |= {"owner": "", "purposes": []}
    return f"{slug}.{version}.json", text_of({**proposal.document, "x-journeyfold": header})


def _free(slug: str, taken: set[str]) -> str:
    number = 2
    free = slug
    while free in taken:
        free, number = f"{slug}-{number}", number + 1
    return free
