"""Named places where a test may kill this process (trust REL-20). In production they do nothing.

`JOURNEYFOLD_KILL_POINT=before_commit:3` kills with SIGKILL the third time `before_commit` is
reached; without a number, the first time.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "before_begin", "after_insert", "before_commit", "after_commit_before_ack",
    "mid_fold", "before_state_commit", "after_state_commit",
    "mid_delivery", "after_delivery_before_status",
    "after_lease", "before_send", "after_send_before_result", "after_result_before_row",
    "mid_checkpoint", "before_rename", "mid_state_swap", "mid_backup",
)  # fmt: skip
"""Those of REL-20 whose code is there; each stands in one place."""
VARIABLE = "JOURNEYFOLD_KILL_POINT"

_name, _, _count = os.environ.get(VARIABLE, "").partition(":")
_left = {_name: int(_count or "1")} if _name else {}
if _name and _name not in POINTS:
    raise ValueError(f"{VARIABLE}={_name}: unknown kill point; known are {', '.join(POINTS)}")


def point(name: str) -> None:
    """Die here if the environment says so."""
    if name in _left:
        _left[name] -= 1
        if _left[name] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
