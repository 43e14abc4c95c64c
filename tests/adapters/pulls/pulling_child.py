"""A process that imports from a server into a log on the disk, to be killed by a test.

usage: pulling_child.py DIRECTORY READ_AS_JSON SOURCE_AS_JSON
"""

import json
import sys
import time
from pathlib import Path

from pull_kit import Pulled

from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.collect.batch import cursor_name, run_import
from journeyfold.collect.pulled import Pulling

directory, read, keys = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
log = SqliteLog(directory, Keyring.open(directory))
gate = Pulled(directory, read, **keys).gate
now_us = time.time_ns() // 1000


def append(items, *, rejected, cursor):
    return log.append(items, now_us=now_us, rejected=rejected, cursor=cursor)


run_import(
    gate, append, directory=directory, received_us=now_us,
    cursor=log.marks.cursor(cursor_name(gate.source)), items_max=500,
    pulling=Pulling("journeyfold.adapters.pulls", directory / "room", ("127.0.0.1",)),
)  # fmt: skip
