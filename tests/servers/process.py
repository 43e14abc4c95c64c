"""A server of somebody else's for a test: started on a port of its own, stopped by its id."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

LOCAL = "127.0.0.1"


def needed(*names):
    """Paths of programs; a test that lacks one says which."""
    paths = [shutil.which(name) or name for name in names]
    for name, path in zip(names, paths, strict=True):
        if not Path(path).exists():
            pytest.skip(f"{name} is not installed")
    return paths


def free_ports(count):
    """As many ports that were free just now."""
    sockets = [socket.create_server((LOCAL, 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def directory_for(user=None):
    """A directory that another user may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="journeyfold-test-"))
    try:
        if user is not None and os.geteuid() == 0:
            shutil.chown(path, user)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def running(command, *, ready, log, within_s=60, stop=signal.SIGTERM, **options):
    """The process while `ready()` holds true at first and until the block is left. Its own session,
    so that what it starts ends with it.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, **options
        )
    try:
        until_s = time.monotonic() + within_s
        while not ready():
            if process.poll() is not None or time.monotonic() > until_s:
                told = log.read_text(errors="replace")[-3000:]
                pytest.fail(f"{command[0]} did not start ({process.poll()}):\n{told}")
            time.sleep(0.1)
        yield process
    finally:
        _end(process, stop)


def _end(process, stop):
    group = process.pid
    for each in (stop, signal.SIGKILL):
        try:
            os.killpg(group, each)
            process.wait(15)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    process.wait()


def listens(port):
    try:
        socket.create_connection((LOCAL, port), 1).close()
    except OSError:
        return False
    return True
