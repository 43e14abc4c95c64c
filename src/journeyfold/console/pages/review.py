"""Review: pairs that may be one person, the strongest first, and what each run of linkage did (X6).

Values are masked, as on a person's page; a clear view asks for a reason, is written into the audit
and holds for one page. An answer is a record; the fold joins or parts people.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from journeyfold.api.mask import masked_identifier, masked_json
from journeyfold.api.review_cards import Pair, PairRow, Queue, Side, Stated
from journeyfold.console import wording
from journeyfold.console.ask import Ask
from journeyfold.console.waterfall import Fall, falls, signed, waterfall
from journeyfold.console.wording import plural
from journeyfold.core.errors import UsageError
from journeyfold.identity.review import Answer

ROWS, DECIDED, RUNS = 12, 6, 12
LOOKED = 200  # pairs among which the next is looked for that somebody has not answered
_ANSWERS: dict[str, Answer] = {"same": "same", "different": "different", "unsure": "unsure"}


class TraitRow(msgspec.Struct, frozen=True):
    """One trait of both sides; `says` is how linkage compared them."""

    name: str
    a: str
    b: str
    says: str


class Opened(msgspec.Struct, frozen=True):
    """The chosen pair as the page shows it."""

    pair: Pair
    traits: Sequence[TraitRow]
    bars: Sequence[Fall]
    clear: bool


def show(ask: Ask) -> Response:
    return _page(ask, ask.query.get("pair", "")[:64])


def answer(ask: Ask) -> Response:
    """What somebody says of a pair; the next one is shown."""
    id_, said = ask.params["pair"], ask.form.get("do", "")
    if said not in _ANSWERS or ask.desk.reviews.pair(id_) is None:
        ask.missing("Pair")
    after = _next_of(ask, id_)
    try:
        ask.desk.reviews.answer(id_, _ANSWERS[said], ask.user.name)
    except UsageError:
        return ask.go("/review", pair=id_, late="1")
    ask.desk.keys.audit(ask.user.name, f"identity.review.{said}", id_)
    return ask.go("/review", did=said, **({"pair": after} if after else {}))


def clear(ask: Ask) -> Response:
    reason = ask.form.get("reason", "").strip()
    if len(reason) < 5:
        return _page(ask, ask.params["pair"], problem="The audit needs a reason of a few words.")
    ask.desk.keys.audit(ask.user.name, "pair.clear_view", ask.params["pair"], reason[:500])
    return _page(ask, ask.params["pair"], is_clear=True)


def undo(ask: Ask) -> Response:
    """Take back what a model linked; the count is typed first, for it reaches far."""
    model = ask.form.get("model", "")[:64]
    runs = [run for run in ask.desk.reviews.runs(RUNS) if model and run.model == model]
    if not runs:
        ask.missing("Run")
    linked = sum(run.linked for run in runs)
    if ask.form.get("confirm", "").replace(",", "").strip() != str(linked):
        return _page(ask, "", undoing=model, linked=linked, wrong="confirm" in ask.form)
    ask.desk.reviews.undo(model, ask.user.name)
    ask.desk.keys.audit(ask.user.name, "identity.undo", model)
    return ask.go("/review", undone=model)


def _page(
    ask: Ask, chosen: str, *, is_clear: bool = False, problem: str = "", undoing: str = "",
    linked: int = 0, wrong: bool = False,
) -> Response:  # fmt: skip
    reviews = ask.desk.reviews
    queue = reviews.queue(ask.query.get("after", "")[:48], ROWS)
    runs = reviews.runs(RUNS)
    pair = reviews.pair(chosen or _next_of(ask) or (queue.rows[0].id if queue.rows else ""))
    if chosen and pair is None:
        ask.missing("Pair")
    return ask.page(
        "review.html",
        status=422 if wrong or problem else 200,
        title="Review",
        place="/review",
        lede=_sentence(queue),
        queue=queue,
        rows=[_masked(row, clear=is_clear and row.id == chosen) for row in queue.rows],
        opened=_opened(pair, clear=is_clear) if pair else None,
        decided=[_masked(row) for row in reviews.decided(DECIDED)],
        runs=runs,
        did=ask.query.get("did", ""),
        late=ask.query.get("late") == "1",
        undone=ask.query.get("undone", "")[:64],
        undoing=undoing,
        linked=linked,
        wrong=wrong,
        problem=problem,
        picture=waterfall,
        likely=_likely,
        signed=signed,
    )


def _sentence(queue: Queue) -> str:
    if not queue.is_set_up:
        return "Nothing is compared: the project does not say what records have in common."
    if not queue.open:
        return "No pair waits for an answer."
    who = f" of {wording.exact(queue.reviewers)} people each" if queue.reviewers > 1 else ""
    rest = f" {wording.exact(queue.unlisted)} more found no room." if queue.unlisted else ""
    return f"{plural(queue.open, 'pair')} may be one person and {'waits' if queue.open == 1 else 'wait'} for an answer{who}.{rest}"


def _likely(probability: float) -> str:
    """Never rounded into certainty."""
    return "over 0.9999" if probability > 0.9999 else f"{probability:.4f}".rstrip("0")


def _next_of(ask: Ask, id_: str = "") -> str:
    """The pair below that this person has not answered, or the first of all at the end."""
    rows = ask.desk.reviews.queue(limit=LOOKED).rows
    ids = [row.id for row in rows]
    at = ids.index(id_) + 1 if id_ in ids else 0
    mine = {row.id for row in rows if any(one.by == ask.user.name for one in row.said)}
    return next((one for one in (*ids[at:], *ids[:at]) if one not in mine | {id_}), "")


def _opened(pair: Pair, *, clear: bool) -> Opened:
    a, b = (_side(side, clear=clear) for side in (pair.a, pair.b))
    shown = msgspec.structs.replace(pair, a=a, b=b)
    return Opened(shown, _traits(pair, clear=clear), falls(pair.prior, pair.steps), clear)


def _traits(pair: Pair, *, clear: bool) -> list[TraitRow]:
    """Those that were compared first, then the others by name."""
    says = {name: said for column, said, _ in pair.steps for name in column.split("_and_")}
    names = [
        *says,
        *(name for name in sorted({*pair.a.traits, *pair.b.traits}) if name not in says),
    ]
    return [
        TraitRow(
            name,
            _value(pair.a.traits.get(name), name, clear=clear),
            _value(pair.b.traits.get(name), name, clear=clear),
            says.get(name, ""),
        )
        for name in names
    ]


def _value(stated: Stated | None, name: str, *, clear: bool) -> str:
    if stated is None:
        return ""
    shown = stated.value if clear else masked_json(stated.value, name, of_person=True)
    return wording.plain(shown)


def _side(side: Side, *, clear: bool) -> Side:
    value = side.value if clear else masked_identifier(side.kind, side.value)
    return msgspec.structs.replace(side, value=value)


def _masked(row: PairRow, *, clear: bool = False) -> PairRow:
    if clear:
        return row
    a, b = ((kind, masked_identifier(kind, value)) for kind, value in (row.a, row.b))
    return msgspec.structs.replace(row, a=a, b=b)
