"""What a message of a run is reported by: its channel, its template and the arms drawn so far.

It is said when a run comes to a send for the first time, on both sides of the holdout and whether
or not a message goes out then. So those held out are compared with those who would have got the
same message, and no gate that only the treated meet chooses who is compared (journeys S4).
"""

from __future__ import annotations

from collections.abc import Mapping

from journeyfold.core.condition_eval import View
from journeyfold.core.event import Json
from journeyfold.core.profile import Instance
from journeyfold.journey.step import Step

Line = tuple[str, str, str]


def draw_line(run: Instance, step: Step, view: View) -> Line | None:
    """Kept by the run. None where its goal is behind it: no message can bring it about any more."""
    send = step.send
    assert send is not None, "only what is sent is reported"
    if run.goal_us:
        return None
    template = send.template
    if send.by_stage:
        template = send.by_stage.get(view.stage(str(send.by_stage["lifecycle"])))
    line = send.channel, template or "", arms_of(run)
    run.lines[step.id] = line
    return line


def arms_of(run: Instance) -> str:
    """`STEP=ARM` of every split so far, by commas."""
    return ",".join(f"{step}={arm}" for step, arm in sorted(run.arms.items()))


def told_lines(lines: Mapping[str, Line]) -> Json:
    """As a record says them: send → its line."""
    return {send: list(line) for send, line in lines.items()}


def take_crossed(run: Instance, step: str, arm: str) -> dict[str, Line]:
    """The lines that hold an arm which counts no more; the run is of none of them from here on."""
    gone = {send: line for send, line in run.lines.items() if f"{step}={arm}" in line[2].split(",")}
    for send in gone:
        del run.lines[send]
    return gone
