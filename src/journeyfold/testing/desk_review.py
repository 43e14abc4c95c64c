"""A sample review queue, as screens see it; answers and undone models are kept in memory."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.api.review_cards import Pair, PairRow, Queue, RunCard, Side, Stated
from journeyfold.core.chance import uniform
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.identity.evidence import Verdict
from journeyfold.identity.review import Answer, Said, Step
from journeyfold.runtime.evidence_desk import Consequence, EvidenceDone

MODEL = "4f1c09aa51d2be48-10421"
_STEPS: tuple[tuple[Step, ...], ...] = (
    (("first_name_and_surname", "same names", 11.2), ("birth_date", "1 edit", 4.1),
     ("city", "differs", -1.9), ("email", "unknown", 0.0)),
    (("first_name_and_surname", "names alike", 6.3), ("birth_date", "same", 7.4),
     ("city", "same", 2.2), ("email", "same before the @", 3.0)),
    (("first_name_and_surname", "one name, crossed", 2.8), ("birth_date", "within a month", 3.9),
     ("city", "unknown", 0.0), ("email", "alike", 5.1)),
)  # fmt: skip
_PRIOR = -9.4


class SampleReviews:
    def __init__(self, now_us: int, people: Sequence[str], names: Sequence[str] = ()) -> None:
        self._now_us = now_us
        self.reviewers = 1
        self.given: list[tuple[Verdict, str, bool]] = []
        self.undone: list[tuple[str, str]] = []
        self.is_set_up = bool(people)
        number = min(64, len(people) // 2)
        self.pairs = [_pair(now_us, at, people, names) for at in range(number)]
        self.pairs.sort(key=lambda pair: -pair.row.weight)

    def queue(self, after: str = "", limit: int = 50) -> Queue:
        rows = [pair.row for pair in self.pairs if pair.row.state == "open"]
        start = next((at + 1 for at, row in enumerate(rows) if row.id == after), 0)
        more = rows[start + limit - 1].id if len(rows) > start + limit else ""
        return Queue(
            tuple(rows[start : start + limit]), len(rows), 312 if rows else 0, self.reviewers, more,
            self.is_set_up,
        )  # fmt: skip

    def decided(self, limit: int) -> Sequence[PairRow]:
        return [pair.row for pair in self.pairs if pair.row.state != "open"][:limit]

    def pair(self, id_: str) -> Pair | None:
        return next((pair for pair in self.pairs if pair.row.id == id_), None)

    def runs(self, limit: int) -> Sequence[RunCard]:
        if not self.pairs:
            return []
        latest = RunCard(
            run="b", model=MODEL, mode="incremental", at_us=self._now_us - 9 * HOUR_US, rows=24_180,
            pairs=1_204, opened=17, linked=212, refused=3, unlisted=0, left_out=41,
            skipped=("surname: 2 values that 1,204 records share",), failure="", is_done=True,
            is_withdrawn=any(model == MODEL for model, _ in self.undone),
        )  # fmt: skip
        failed = msgspec.structs.replace(
            latest, run="a", model="", mode="full", at_us=self._now_us - 2 * DAY_US, rows=0, pairs=0,
            opened=0, linked=0, refused=0, left_out=0, skipped=(), is_withdrawn=False,
            failure="linkage: nothing was learnt about postcode: every rule of train_on holds it "
            "fixed, or it is hardly ever known; add a rule without it, or compare it no more",
        )  # fmt: skip
        return [latest, failed][:limit]

    def answer(self, id_: str, answer: Answer, actor: str) -> int:
        found = self.pair(id_)
        if found is None or found.row.state != "open":
            raise UsageError("this pair was decided already")
        others = tuple(each for each in found.row.said if each.by != actor)
        said = (*others, Said(actor, answer, self._now_us))
        is_settled = sum(each.answer == answer for each in said) >= self.reviewers
        row = msgspec.structs.replace(found.row, said=said)
        if answer != "unsure" and is_settled:
            row = msgspec.structs.replace(
                row, state=answer, decided_us=self._now_us,
                stands="one" if answer == "same" else "apart",
            )  # fmt: skip
        self.pairs[self.pairs.index(found)] = msgspec.structs.replace(found, row=row)
        return 48_201_118

    def undo(self, model: str, actor: str) -> int:
        self.undone.append((model, actor))
        return 48_201_119

    def evidence(self, verdict: Verdict, actor: str, *, dry_run: bool) -> EvidenceDone:
        self.given.append((verdict, actor, dry_run))
        told = Consequence("merged", ("p_" + "b" * 26, "p_" + "a" * 26))
        return EvidenceDone(verdict.verdict, (told,), None if dry_run else 48_201_120)


def _pair(now_us: int, at: int, people: Sequence[str], names: Sequence[str]) -> Pair:
    steps, later = _STEPS[at % 3], now_us - 9 * HOUR_US
    shift = round(4 * uniform("sample", "pair", str(at)), 2)
    weight = _PRIOR + shift + sum(step[2] for step in steps)
    sides = [_side(now_us, at, people[2 * at + end], names, end=end) for end in (0, 1)]
    row = PairRow(
        f"{at:032x}", weight, 1 / (1 + 2**-weight), (sides[0].kind, sides[0].value),
        (sides[1].kind, sides[1].value), later,
        said=(Said("bob", "unsure", later),) if at == 4 else (),
    )  # fmt: skip
    return Pair(row, sides[0], sides[1], _PRIOR + shift, steps, MODEL, 10_422 + at)


def _side(now_us: int, at: int, person: str, names: Sequence[str], *, end: int) -> Side:
    value = names[at % len(names)] if names else ""
    told = {
        "first_name": value or ("Ann", "Bob", "Cara")[at % 3],
        "surname": value or ("Moss", "Reed")[end * (at % 2)],
        "birth_date": f"19{60 + at % 40}-0{1 + at % 9}-1{at % 7 + end}",
        "city": value or ("Kiel", "Bonn")[end * ((at + 1) % 2)],
        "email": value or f"{'am' if end else 'ann.moss'}{at}@example.com",
    }
    if end and at % 3 == 0:
        told.pop("email")
    kind, named = ("customer_id", f"{1_000_000 + at}") if end else ("user_id", f"u-{20_000 + at}")
    source = "crm-with-a-long-name-eu" if end else "shop"
    traits = {name: Stated(text, source, now_us - 40 * DAY_US) for name, text in told.items()}
    return Side(kind, value or named, person, now_us - 40 * DAY_US, 1 + 11 * (1 - end), traits)
