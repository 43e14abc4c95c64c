"""Quarantine: what waits, why, one of them opened, and the replay after a fix (collect C30, C31)."""

from __future__ import annotations

from starlette.responses import Response

from journeyfold.console.ask import Ask
from journeyfold.console.pages.live import held_drawer

ROWS = 50


def show(ask: Ask) -> Response:
    reasons = ask.desk.quarantine.reasons()
    code, source, name = (ask.query.get(key, "") for key in ("code", "source", "name"))
    before = ask.before()
    rows = ask.desk.quarantine.rows(
        code=code, source=source, name=name, before=before, limit=ROWS + 1
    )
    chosen = ask.desk.quarantine.row(ask.whole("held")) if "held" in ask.query else None
    state: dict[str, object] = {"code": code, "source": source, "name": name}
    return ask.page(
        "quarantine.html",
        title="Quarantine",
        place="/quarantine",
        reasons=reasons,
        total=sum(reason.waiting for reason in reasons),
        rows=rows[:ROWS],
        older=rows[ROWS - 1].id if len(rows) > ROWS else 0,
        state={key: value for key, value in state.items() if value},
        waiting_here=sum(
            reason.waiting
            for reason in reasons
            if (not code or reason.code == code)
            and (not source or reason.source == source)
            and (not name or reason.name == name)
        ),
        drawer=held_drawer(ask, chosen) if chosen else None,
        chosen=ask.query.get("held", ""),
        replayed=_counts(ask),
        dry=ask.query.get("dry") == "1",
    )


def replay(ask: Ask) -> Response:
    """Try the chosen messages again under today's plan; `dry` only tells what would happen."""
    code, source, name = (ask.form.get(key, "") for key in ("code", "source", "name"))
    dry = ask.form.get("do") == "dry"
    done = ask.desk.quarantine.replay(
        code=code, source=source, name=name, actor=ask.user.name, dry_run=dry
    )
    if not dry:
        subject = "/".join((source or "*", name or "*", code or "*"))
        ask.desk.keys.audit(ask.user.name, "quarantine.replay", subject)
    fates = f"{done.appended}.{done.duplicate}.{done.quarantined}.{done.rejected}"
    return ask.go(
        "/quarantine", code=code, source=source, name=name, did=fates, dry="1" if dry else ""
    )


def _counts(ask: Ask) -> tuple[int, ...] | None:
    """What a replay just did, as the redirect tells it: four numbers or nothing."""
    parts = ask.query.get("did", "").split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    return tuple(int(part[:9]) for part in parts)
