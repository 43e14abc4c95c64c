"""Quarantine: what waits, why, one of them opened, a fix previewed, and the replay (collect C30, C31)."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from journeyfold.api.cards import HeldReason, Previewed
from journeyfold.console.ask import Ask
from journeyfold.console.pages.live import held_drawer

ROWS = 50


class Chosen(msgspec.Struct, frozen=True):
    """Which messages a page or a form is about; an empty field means any."""

    code: str = ""
    source: str = ""
    name: str = ""
    pointer: str = ""

    @classmethod
    def of(cls, fields: dict[str, str]) -> Chosen:
        return cls(**{key: fields.get(key, "") for key in cls.__struct_fields__})

    @property
    def words(self) -> dict[str, str]:
        return {key: value for key, value in msgspec.structs.asdict(self).items() if value}

    def meets(self, reason: HeldReason) -> bool:
        return all(getattr(reason, key) == value for key, value in self.words.items())


def show(ask: Ask) -> Response:
    return _page(ask, Chosen.of(dict(ask.query)))


def replay(ask: Ask) -> Response:
    """Try the chosen messages again: under today's plan, dry, or under the files on the disk."""
    chosen = Chosen.of(dict(ask.form))
    do = ask.form.get("do", "")
    if do == "preview":
        previewed = ask.desk.quarantine.preview(**msgspec.structs.asdict(chosen))
        return _page(ask, chosen, previewed)
    dry = do == "dry"
    done = ask.desk.quarantine.replay(
        **msgspec.structs.asdict(chosen), actor=ask.user.name, dry_run=dry
    )
    if not dry:
        ask.desk.keys.audit(ask.user.name, "quarantine.replay", _subject(chosen))
    fates = f"{done.appended}.{done.duplicate}.{done.quarantined}.{done.rejected}"
    return ask.go("/quarantine", **chosen.words, did=fates, dry="1" if dry else "")


def drop(ask: Ask) -> Response:
    """Give up what is chosen, once its number was typed (console C18)."""
    chosen = Chosen.of(dict(ask.form))
    waiting = sum(each.waiting for each in ask.desk.quarantine.reasons() if chosen.meets(each))
    if ask.form.get("confirm", "").replace(",", "").strip() != str(waiting):
        return _page(ask, chosen, wrong=True)
    dropped = ask.desk.quarantine.drop(**msgspec.structs.asdict(chosen), actor=ask.user.name)
    ask.desk.keys.audit(ask.user.name, "quarantine.drop", _subject(chosen))
    return ask.go("/quarantine", dropped=str(dropped))


def _page(
    ask: Ask, chosen: Chosen, previewed: Previewed | None = None, *, wrong: bool = False
) -> Response:
    reasons = ask.desk.quarantine.reasons()
    before = ask.before()
    rows = ask.desk.quarantine.rows(**msgspec.structs.asdict(chosen), before=before, limit=ROWS + 1)
    opened = ask.desk.quarantine.row(ask.whole("held")) if "held" in ask.query else None
    return ask.page(
        "quarantine.html",
        title="Quarantine",
        place="/quarantine",
        reasons=reasons,
        total=sum(reason.waiting for reason in reasons),
        rows=rows[:ROWS],
        older=rows[ROWS - 1].id if len(rows) > ROWS else 0,
        state=chosen.words,
        waiting_here=sum(reason.waiting for reason in reasons if chosen.meets(reason)),
        drawer=held_drawer(ask, opened) if opened else None,
        chosen=ask.query.get("held", ""),
        replayed=_counts(ask),
        dry=ask.query.get("dry") == "1",
        previewed=previewed,
        wrong=wrong,
        dropped=_number(ask.query.get("dropped", "")),
    )


def _subject(chosen: Chosen) -> str:
    return "/".join((chosen.source or "*", chosen.name or "*", chosen.code or "*"))


def _counts(ask: Ask) -> tuple[int, ...] | None:
    """What a replay just did, as the redirect tells it: four numbers or nothing."""
    parts = ask.query.get("did", "").split(".")
    numbers = [_number(part) for part in parts]
    if len(parts) != 4 or any(number is None for number in numbers):
        return None
    return tuple(number or 0 for number in numbers)


def _number(text: str) -> int | None:
    return int(text[:9]) if text.isascii() and text.isdigit() else None
