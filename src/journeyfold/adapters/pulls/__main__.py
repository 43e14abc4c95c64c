"""The child process of a pull: `python -P -m journeyfold.adapters.pulls   <job   >frames`.

As `collect.reader`, with its limits of memory, but with the network: asking is what it is for. It ends
with its parent, as a server may be silent for long and nobody would hear what it says in the end.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from journeyfold.adapters.pulls import open_pull
from journeyfold.collect.reader import answer_job

LOOK_S = 1.0


def main() -> int:
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    return answer_job(open_pull, isolated=False)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
