"""The list of segments, and one segment: who is in, as lines and as text, and how that would change.

Builder and text are two forms over one condition. Each posts to the same page, which answers with
both sides brought together, the count and a sample; nothing is kept until Publish. Review replays
recorded history under the change (plan), Publish writes the project file and keeps its comments.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from journeyfold.api.cards import Checked, Overlap, Plan, SegmentCard, Stale
from journeyfold.api.segment_text import in_lines, with_condition, with_segment
from journeyfold.console import builder, svg
from journeyfold.console.ask import Ask
from journeyfold.console.code import CodeLine, diff_lines
from journeyfold.core.condition import All, Node, to_text
from journeyfold.core.condition_parse import parse
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.core.instant import DAY_US
from journeyfold.core.profile import Profile
from journeyfold.identity.explain import node_of_person

DAYS = 60
MEMBERS = 20
OVERLAPS = 6
NEW = "new"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_START = 'count("Order Completed", within="30d") >= 1'


class Draft(msgspec.Struct, frozen=True):
    """A condition under the hand: text and tree, what check says, and whether it differs."""

    when: str
    lines: str  # the same, broken where a reader would break it
    checked: Checked
    group: builder.Group | None
    ast: str
    is_changed: bool


class Review(msgspec.Struct, frozen=True):
    """What publishing would do: the plan's figures and the changed file, line by line."""

    plan: Plan
    file: str
    lines: list[CodeLine]


def index(ask: Ask) -> Response:
    cards = ask.desk.segments.segments()
    wanted = ask.query.get("tag", "")
    return ask.page(
        "segments.html",
        title="Segments",
        place="/segments",
        cards=[card for card in cards if not wanted or wanted in card.tags],
        count=len(cards),
        tag=wanted,
        tags=sorted({tag for card in cards for tag in card.tags}),
        people=ask.desk.people.total(),
        stages=ask.desk.segments.stages(),
    )


def show(ask: Ask) -> Response:
    card = _card(ask)
    overlap = ask.desk.segments.overlap(card.id) if card and card.size else Overlap()
    return _page(ask, _draft(ask, _when(ask)), overlap=overlap)


def edit(ask: Ask) -> Response:
    """One edit of the text or of a line; the page answers with both sides following."""
    return _page(ask, _draft(ask, _edited(ask)))


def review(ask: Ask) -> Response:
    """The plan of the draft: recorded history under the changed file."""
    draft = _draft(ask, ask.form.get("when", ""))
    if draft.checked.problems:
        return _page(ask, draft)
    try:
        path, text = _changed_file(ask, draft.checked.text)
    except ProjectError as error:
        return _page(ask, draft, problem=str(error.problems[0]))
    if path == "":
        return _page(ask, draft, problem=text)
    plan = ask.desk.project.plan({**ask.project.files, path: text})
    lines = diff_lines(ask.project.files.get(path, ""), text)
    return _page(ask, draft, review=Review(plan, path, lines))


def publish(ask: Ask) -> Response:
    """Write the file and put it in force; 409 with the other change if someone was faster."""
    draft = _draft(ask, ask.form.get("when", ""))
    path, text = _changed_file(ask, draft.checked.text)
    if draft.checked.problems or path == "":
        return _page(ask, draft, problem=text if path == "" else "")
    files = {**ask.project.files, path: text}
    actor = ask.user.name
    try:
        ask.desk.project.publish(files, base=ask.form.get("base", ""), actor=actor)
    except Stale as stale:
        theirs = diff_lines(ask.project.files.get(path, ""), stale.files.get(path, ""))
        mine = Review(Plan(), path, diff_lines(stale.files.get(path, ""), text))
        return _page(ask, draft, review=mine, theirs=theirs, status=409)
    except ProjectError as error:
        return _page(ask, draft, problem=str(error.problems[0]), status=422)
    ask.desk.keys.audit(actor, "segment.publish", _id(ask))
    return ask.go(f"/segments/{_id(ask)}", published="1")


def patch(ask: Ask) -> Response:
    """The change as a text to download: what a read-only project directory gives (C17)."""
    path, text = _changed_file(ask, _draft(ask, ask.form.get("when", "")).checked.text)
    if path == "":
        return _page(ask, _draft(ask, ask.form.get("when", "")), problem=text)
    disposition = 'attachment; filename="segment.yaml"'
    return Response(
        text, media_type="application/yaml", headers={"Content-Disposition": disposition}
    )


def _page(
    ask: Ask,
    draft: Draft,
    *,
    review: Review | None = None,
    theirs: list[CodeLine] | None = None,
    problem: str = "",
    overlap: Overlap | None = None,
    status: int = 200,
) -> Response:
    card = _card(ask)
    series = ask.desk.segments.series(card.id, ask.now_us - DAYS * DAY_US) if card else []
    wanted = "" if not card else card.id
    return ask.page(
        "segment.html",
        status=status,
        title=wanted or "New segment",
        place="/segments",
        card=card,
        new_id=ask.form.get("id", ""),
        file=_file(ask, card),
        draft=draft,
        review=review,
        theirs=theirs,
        problem=problem,
        people=ask.desk.people.total(),
        series=series,
        size_chart=_size_chart(ask, series),
        flow_chart=_flow_chart(series),
        members=_members(ask, card),
        examples=_profiles(ask, draft.checked.examples),
        overlap=overlap.others[:OVERLAPS] if overlap else (),
        overlap_of=overlap.members if overlap else 0,
        members_max=MEMBERS,
        new_lines=builder.NEW_LINES,
        others=[one.id for one in ask.desk.segments.segments() if one.id != wanted],
        published=ask.query.get("published") == "1",
    )


def _members(ask: Ask, card: SegmentCard | None) -> list[Profile]:
    """A page of members and one more, by which the page knows that there are more."""
    if card is None or not card.size:
        return []
    after = ask.query.get("after", "")
    if after and node_of_person(after) is None:
        ask.missing("Page")
    return _profiles(ask, ask.desk.segments.members(card.id, after, MEMBERS + 1))


def _profiles(ask: Ask, people: Sequence[str]) -> list[Profile]:
    found = (ask.desk.people.profile(person) for person in people)
    return [profile for profile in found if profile is not None]


def _card(ask: Ask) -> SegmentCard | None:
    wanted = ask.params.get("segment", "")
    if wanted == NEW:
        return None
    for card in ask.desk.segments.segments():
        if card.id == wanted:
            return card
    return ask.missing(f"Segment {wanted}")


def _id(ask: Ask) -> str:
    wanted = ask.params["segment"]
    return ask.form.get("id", "").strip() if wanted == NEW else wanted


def _when(ask: Ask) -> str:
    card = _card(ask)
    return card.when if card else _START


def _edited(ask: Ask) -> str:
    """The condition after the edit the form asks for; text wins when the text was edited."""
    side = "lines" if "ast" in ask.form else "text"
    verb, _, target = ask.form.get("do", side).partition(":")
    if verb == "text":
        return ask.form.get("when", "")
    try:
        node = msgspec.json.decode(ask.form.get("ast", ""), type=Node)
    except msgspec.DecodeError:
        return ask.form.get("when", "")
    for name, value in ask.form.items():
        if name.startswith("part:"):
            _, path, slot = name.split(":", 2)
            node = builder.changed(node, path, slot, value.strip())
    match verb:
        case "drop":
            node = builder.dropped(node, target)
        case "switch":
            node = builder.switched(node, target)
        case "add":
            node = _added(ask, node, target)
        case _:
            pass
    return "" if builder.is_empty(node) else to_text(node)


def _added(ask: Ask, node: Node, path: str) -> Node:
    kind = ask.form.get(f"new:{path}", "count")
    project = ask.project
    others = {
        "features": project.features,
        "consent": project.purposes,
        "in_segment": [card.id for card in ask.desk.segments.segments()],
    }.get(kind, ())
    return builder.added(
        node,
        path,
        kind,
        event=project.events[0] if project.events else "Order Completed",
        trait=project.traits[0] if project.traits else "country",
        other=others[0] if others else "",
    )


def _draft(ask: Ask, when: str) -> Draft:
    card = _card(ask)
    is_contextual = card is not None and card.kind == "contextual"
    checked = ask.desk.segments.check(when, in_decision=is_contextual)
    group, ast = None, ""
    if checked.ast is not None:
        node = msgspec.convert(checked.ast, Node)
        group, ast = builder.laid_out(node), msgspec.json.encode(checked.ast).decode()
    elif not when.strip():  # every line was removed: the next one can be added
        empty = All(())
        group, ast = builder.laid_out(empty), msgspec.json.encode(empty).decode()
    text = checked.text or when
    is_changed = card is None or (card.when != when and to_text(parse(card.when).node) != text)
    lines = text if checked.problems else "\n".join(in_lines(text, 46))
    return Draft(text, lines, checked, group, ast, is_changed)


def _file(ask: Ask, card: SegmentCard | None) -> str:
    """A new segment joins the file that holds the most."""
    if card is not None:
        return card.file
    held = Counter(one.file for one in ask.desk.segments.segments())
    return max(sorted(held), key=held.__getitem__, default="segments/segments.yaml")


def _changed_file(ask: Ask, when: str) -> tuple[str, str]:
    """(path, new text), or ("", what is wrong)."""
    card = _card(ask)
    path = _file(ask, card)
    text = ask.project.files.get(path, "")
    if card is not None:
        return path, with_condition(path, text, card.id, when)
    wanted = _id(ask)
    if not _ID.fullmatch(wanted):
        return "", "An id is lower case, digits and hyphens; it stands in files and in the log."
    if any(one.id == wanted for one in ask.desk.segments.segments()):
        return "", f"There is a segment {wanted} already."
    return path, with_segment(path, text, wanted, when)


def first_problem(problems: tuple[Problem, ...]) -> Problem | None:
    return problems[0] if problems else None


def _size_chart(ask: Ask, series: object) -> object:
    days = list(series) if isinstance(series, list | tuple) else []
    if len(days) < 2:
        return None
    sizes = [day.size for day in days]
    ticks = [
        (part / 3, ask.dates.date(days[round(part / 3 * (len(days) - 1))].start_us))
        for part in range(4)
    ]
    label = f"Members over {len(days)} days, from {sizes[0]:,} to {sizes[-1]:,}"
    return svg.line_chart(
        [svg.Line([float(size) for size in sizes], "st1")],
        label=label,
        unit="people",
        ticks=ticks,
        height=160,
        now=(1.0, f"{sizes[-1]:,} now"),
    )


def _flow_chart(series: object) -> object:
    days = list(series)[-28:] if isinstance(series, list | tuple) else []
    if len(days) < 2:
        return None
    ins, outs = [day.entered for day in days], [day.left for day in days]
    label = f"In {len(days)} days {sum(ins):,} entered and {sum(outs):,} left"
    return svg.in_and_out(ins, outs, label=label)
