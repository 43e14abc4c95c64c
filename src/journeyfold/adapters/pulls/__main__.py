"""The child process of a pull: `python -P -m journeyfold.adapters.pulls   <job   >frames`.

As `collect.reader`, with its limits of memory, but with the network: asking is what it is for.
"""

from __future__ import annotations

import sys

from journeyfold.adapters.pulls import open_pull
from journeyfold.collect.reader import answer_job

if __name__ == "__main__":
    sys.exit(answer_job(open_pull, isolated=False))
