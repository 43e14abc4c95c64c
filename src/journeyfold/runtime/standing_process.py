"""A process that `up` keeps alive: it opens the workspace, runs until it is told to stop, and ends
with the code that tells the supervisor whether a restart can help.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from journeyfold.core.errors import JourneyfoldError
from journeyfold.runtime.supervisor import end_with_parent, final_code
from journeyfold.runtime.workspace import Place, Workspace


def run_until_stopped(
    place: Place, run: Callable[[Workspace, threading.Event], None], say: Callable[[str], None]
) -> int:
    """`run` returns once the event is set, by a signal or by the end of the supervisor."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    end_with_parent(stop.set)
    try:
        workspace = Workspace.of_running(place)
        try:
            run(workspace, stop)
        finally:
            workspace.close()
    except JourneyfoldError as error:
        say(str(error))
        return final_code(error)
    return 0
