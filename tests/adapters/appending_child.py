"""A process that appends in a loop and says each acknowledged id, to be killed by a test.

usage: appending_child.py DIRECTORY FIRST_NUMBER
"""

import sys
from pathlib import Path

from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.testing.contracts.log import NOON_US, entry, node

directory, number = Path(sys.argv[1]), int(sys.argv[2])
log = SqliteLog(directory, Keyring.open(directory))
while True:
    names = [f"e{number + step}" for step in range(5)]
    # The last of each batch is sent again with the next one, as a client in doubt does.
    log.append([entry(name, nodes=[node(1)]) for name in names], now_us=NOON_US)
    print("\n".join(names), flush=True)
    number += 4
