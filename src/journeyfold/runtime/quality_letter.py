"""The letter about a rule that fails or has recovered: sentences for whoever opens their mail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from journeyfold.activate.destination import Mail
from journeyfold.core.event import Json
from journeyfold.project.model import Project

_SAID_BY_DETAIL = frozenset({"anomaly", "freshness"})  # their rows are days and sources


def letter(project: Project, said: Mapping[str, Json], to: str, sender: str, what: str) -> Mail:
    """`said` is the alert as its webhook has it; `what` is `fails` or `recovered`."""
    where = said["source"] or said["dataset"] or said["ruleset"]
    subject = f"[{project.name}] {said['rule']} of {where} {what}"
    return Mail(to, sender, subject, "\n".join((*_lines(project, said, what), "")))


def _lines(project: Project, said: Mapping[str, Json], what: str) -> Iterator[str]:
    has = "has " if what == "recovered" else ""
    about = f" about {said['dataset']}" if said["dataset"] else ""
    sent = f" for what {said['source']} sends" if said["source"] else ""
    yield f"The rule {said['rule']}{about} {has}{what}{sent}."
    yield ""
    yield from _found(said)
    yield f"Failing since {_minute(said['since'])}, written in {said['ruleset']}."
    weighs = f"Severity {said['severity']}." if said.get("severity") else ""
    owner = f"{said['owner']} looks after it." if said.get("owner") else ""
    if weighs or owner:
        yield " ".join(each for each in (weighs, owner) if each)
    yield ""
    yield _look(project, said)


def _found(said: Mapping[str, Json]) -> Iterator[str]:
    """What the newest day came to; nothing of a rule that is gone."""
    if "day" not in said:
        yield "It is no longer in the project."
        return
    told = []
    n, bad = said.get("n"), said.get("bad")
    if said.get("dimension") not in _SAID_BY_DETAIL and isinstance(n, int) and isinstance(bad, int):
        told.append(f"{bad:,} of {n:,} do not keep it ({bad / n if n else 0:.2%})")
    if said.get("detail"):
        told.append(str(said["detail"]))
    if told:
        yield f"{said['day']}: {'; '.join(told)}."


def _look(project: Project, said: Mapping[str, Json]) -> str:
    base = project.settings.server.public_url
    if base:
        query = urlencode({key: str(said[key]) for key in ("ruleset", "rule", "source")})
        return f"Its days and examples: {base.rstrip('/')}/quality?{query}#rule"
    return "Its days and examples: the page Quality of the console, or `journeyfold quality show`."


def _minute(instant: Json) -> str:
    """`2026-03-06 00:10 UTC`."""
    return f"{str(instant)[:16].replace('T', ' ')} UTC"
