"""A process whose disk is full or sick, for test_sqlite_log_faults: prints what happened.

usage: faulty_disk_child.py full|sync DIRECTORY
"""

import resource
import sys
from pathlib import Path

import apsw

from journeyfold.adapters import sqlite_file
from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.core.errors import Busy, EngineError
from journeyfold.testing.contracts.log import NOON_US, entry

fault, directory = sys.argv[1], Path(sys.argv[2])
number = 0


def append(log: SqliteLog) -> None:
    global number
    items = [entry(f"e{number + step}", properties={"pad": "x" * 900}) for step in range(50)]
    log.append(items, now_us=NOON_US)
    number += 50


def run_full() -> None:
    """The file may not grow beyond 1 MiB, and then it may again."""
    log = SqliteLog(directory, Keyring.open(directory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, resource.RLIM_INFINITY))
    try:
        while True:
            append(log)
    except Busy as busy:
        print("busy", busy.retry_after_s)
    print("kept", log.head()[0] + 1 == number > 0, len(log.read(-1, 100_000)) == number)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    append(log)
    print("resumed", log.verify() == number)


class SickFiles(apsw.VFS):
    """A disk whose syncs fail from some moment on."""

    def __init__(self) -> None:
        super().__init__("sick", sqlite_file.CHECKED_FILES)
        self.is_sick = False

    def xOpen(self, name, flags):
        return SickFile(self, name, flags)


class SickFile(apsw.VFSFile):
    def __init__(self, disk, name, flags) -> None:
        super().__init__(sqlite_file.CHECKED_FILES, name, flags)
        self.disk = disk

    def xSync(self, flags):
        if self.disk.is_sick:
            raise apsw.IOError
        return super().xSync(flags)


def run_sync() -> None:
    """The third commit cannot be synced."""
    keyring = Keyring.open(directory)
    SqliteLog(directory, keyring).close()
    disk = SickFiles()
    log = SqliteLog(directory, keyring, files="sick")
    append(log)
    append(log)
    disk.is_sick = True
    try:
        append(log)
    except EngineError as error:
        print("engine", error.exit_code)
    disk.is_sick = False
    log.close()
    print("kept", SqliteLog(directory, keyring).verify() == number)


{"full": run_full, "sync": run_sync}[fault]()
