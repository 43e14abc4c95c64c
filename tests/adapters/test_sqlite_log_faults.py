"""P7: a full disk is said so and survived; a disk that cannot sync stops the log."""

import subprocess
import sys
from pathlib import Path

CHILD = Path(__file__).with_name("faulty_disk_child.py")


def told_by_a_child(fault: str, directory: Path) -> list[str]:
    command = [sys.executable, CHILD, fault, directory]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_full_disk_is_busy_keeps_what_was_acknowledged_and_resumes(tmp_path):
    told = told_by_a_child("full", tmp_path)
    assert told == ["busy 5", "kept True True", "resumed True"]


def test_a_sync_that_fails_is_an_engine_error_and_not_retried(tmp_path):
    assert told_by_a_child("sync", tmp_path) == ["engine 74", "kept True"]
