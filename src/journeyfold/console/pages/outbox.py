"""The outbox: destinations, what waits for them, what failed and why, and sending it again.

A command is a record; it holds when the fold comes to it. What reaches far (more than a thousand,
or dropping) says its count first and asks for it to be typed (console C18).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from journeyfold.activate.outbox import STATES, Filter
from journeyfold.console.ask import Ask
from journeyfold.console.wording import exact, plural
from journeyfold.core.errors import UsageError
from journeyfold.runtime.outbox_view import Act, DestinationAct, DestinationCard

ROWS = 50
FAR = 1_000  # rows, from which on an act asks again
_ACTS: dict[str, Act] = {"retry": "retry", "resend": "resend", "drop": "drop"}
_STEERS: dict[str, DestinationAct] = {"pause": "pause", "resume": "resume"}
_PARTS = ("destination", "state", "journey", "reason")


class Asked(msgspec.Struct, frozen=True):
    """An act that waits for its count to be typed."""

    act: str
    rows: int


def show(ask: Ask) -> Response:
    return _page(ask, dict(ask.query))


def act(ask: Ask) -> Response:
    verb, _, key = ask.form.get("do", "").partition(":")
    if verb not in _ACTS:
        ask.missing("Action")
    chosen = _ACTS[verb]
    parts = {part: ask.form.get(part, "")[:200] for part in _PARTS}
    asked = _filter(ask, parts, key)
    rows = ask.desk.outbox.matching(chosen, asked)
    typed = ask.form.get("confirm", "").replace(",", "").strip()
    if not key and (chosen == "drop" or rows > FAR) and typed != str(rows):
        return _page(ask, parts, asked=Asked(verb, rows), wrong=bool(typed))
    ask.desk.outbox.act(chosen, asked, ask.user.name)
    subject = key or ", ".join(f"{part} {said}" for part, said in parts.items() if said) or "all"
    ask.desk.keys.audit(ask.user.name, f"outbox.{verb}", subject)
    return ask.go("/outbox", **{part: said for part, said in parts.items() if said},
                  done=verb, rows=str(rows))  # fmt: skip


def steer(ask: Ask) -> Response:
    """Pause or resume a destination; rows wait meanwhile, none is lost."""
    name, verb = ask.params["destination"], ask.form.get("do", "")
    if verb not in _STEERS or name not in {one.id for one in ask.desk.outbox.destinations()}:
        ask.missing(f"Destination {name}")
    ask.desk.outbox.steer(_STEERS[verb], name, ask.user.name)
    ask.desk.keys.audit(ask.user.name, f"destination.{verb}", name)
    return ask.go("/outbox", steered=name, done=verb)


def _page(
    ask: Ask, query: dict[str, str], *, asked: Asked | None = None, wrong: bool = False
) -> Response:
    parts = {part: query.get(part, "")[:200] for part in _PARTS}
    cursor, key = query.get("after", "")[:200], query.get("row", "")
    destinations = sorted(ask.desk.outbox.destinations(), key=lambda one: not is_troubled(one))
    try:
        page = ask.desk.outbox.page(_filter(ask, parts), cursor, ROWS)
        found = ask.desk.outbox.page(_filter(ask, {}, key), "", 1).rows if key else ()
    except UsageError:
        ask.missing("State")
    if key and not found:
        ask.missing(f"Delivery {key}")
    counts = page.counts
    return ask.page(
        "outbox.html",
        status=422 if wrong else 200,
        title="Outbox",
        place="/outbox",
        lede=_sentence(destinations),
        destinations=destinations,
        rows=page.rows,
        counts=counts,
        total=sum(counts.values()),
        next_after=page.next_cursor or "",
        parts=parts,
        filters={part: said for part, said in parts.items() if said},
        states=STATES,
        open_row=found[0] if found else None,
        asked=asked,
        wrong=wrong,
        done=query.get("done", ""),
        done_rows=query.get("rows", "0"),
        steered=query.get("steered", "")[:64],
    )


def _filter(ask: Ask, parts: dict[str, str], key: str = "") -> Filter:
    return ask.desk.outbox.filter(
        (key,) if key else (), destination=parts.get("destination", ""),
        state=parts.get("state", ""), journey=parts.get("journey", ""),
        reason=parts.get("reason", ""),
    )  # fmt: skip


def is_troubled(card: DestinationCard) -> bool:
    return card.status != "open" or card.breaker != "closed" or bool(card.problem)


def _sentence(destinations: Sequence[DestinationCard]) -> str:
    waiting = sum(one.rows.get("pending", 0) + one.rows.get("leased", 0) for one in destinations)
    dead = sum(one.rows.get("dead", 0) for one in destinations)
    unknown = sum(one.rows.get("unknown", 0) for one in destinations)
    if not destinations:
        return "Nothing was handed over yet."
    said = [
        f"{plural(waiting, 'delivery waits', 'deliveries wait')}" if waiting else "Nothing waits"
    ]
    if dead:
        said.append(f"{exact(dead)} failed for good")
    if unknown:
        said.append(f"of {exact(unknown)} it is not known whether they arrived")
    stopped = [one.id for one in destinations if one.status in {"paused", "disabled", "missing"}]
    text = "; ".join(said)
    return f"{text}. {', '.join(stopped)} {'takes' if len(stopped) == 1 else 'take'} nothing." if (
        stopped
    ) else f"{text}."  # fmt: skip
