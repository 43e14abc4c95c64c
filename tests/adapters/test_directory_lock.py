import os
import subprocess
import sys

import pytest

from journeyfold.adapters.directory_lock import DirectoryLock
from journeyfold.core.errors import Busy

HOLD = """
import sys, time
from pathlib import Path
from journeyfold.adapters.directory_lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_holder_is_refused_and_told_who_holds(tmp_path):
    with DirectoryLock(tmp_path), pytest.raises(Busy, match=f"in use by process {os.getpid()}"):
        DirectoryLock(tmp_path)


def test_a_released_directory_can_be_taken_again(tmp_path):
    lock = DirectoryLock(tmp_path)
    lock.release()
    lock.release()
    with DirectoryLock(tmp_path):
        pass


def test_a_killed_holder_leaves_no_lock_behind(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Busy, match=f"process {holder.pid};"):
        DirectoryLock(tmp_path)
    holder.kill()
    holder.communicate()
    with DirectoryLock(tmp_path):
        pass
