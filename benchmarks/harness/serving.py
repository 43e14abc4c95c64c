"""Processes of the platform for benchmarks: started, pinned, weighed and ended by their ids."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.supervisor import child_command, listen
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

CLI = [sys.executable, "-m", "journeyfold"]
ROOT = Path(__file__).resolve().parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def beside(script: str) -> Iterator[int]:
    """A server of this folder in a process of its own, on the port it is given."""
    port = free_port()
    path = Path(__file__).parent / script
    process = subprocess.Popen([sys.executable, str(path), str(port)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="journeyfold-bench-") as directory:
        yield Path(directory) / "shop"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_cli(directory: Path, *words: str, **env: str) -> str:
    done = subprocess.run(
        [*CLI, *words], cwd=directory, capture_output=True, text=True, check=False,
        env={**os.environ, **env},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"journeyfold {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def server_key(directory: Path, source: str = "shop_server") -> str:
    made = run_cli(directory, "keys", "create", "--kind", "srv", "--source", source, "--json")
    return str(json.loads(made)["key"])


@contextlib.contextmanager
def serve_alone(directory: Path, command: list[str] | None = None) -> Iterator[tuple[int, int]]:
    """One `serve` without `work`: (port, process id). `command` stands in for `serve`."""
    place = place_of(directory, None)
    project = checked_project(directory)
    workspace = Workspace(place, project)
    activate(workspace, project)
    fold_to_head(workspace)
    workspace.close()
    port = free_port()
    listening = listen("127.0.0.1", port)
    words = command or child_command("serve", place.directory, place.data)
    process = subprocess.Popen(
        [*words, "--listen-fd", str(listening.fileno())],
        stdin=subprocess.PIPE, pass_fds=(listening.fileno(),), cwd=directory,
    )  # fmt: skip
    try:
        wait_answer(port, "/healthz", process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)
        listening.close()


@contextlib.contextmanager
def up(directory: Path, *words: str, port: int = 0) -> Iterator[tuple[int, int]]:
    """The whole platform: (port, process id of the supervisor)."""
    port = port or free_port()
    said = directory / "up.log"
    with said.open("ab") as out:
        process = subprocess.Popen(
            [*CLI, *(words or ("up",)), "--port", str(port)], cwd=directory, stdout=out, stderr=out,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_answer(port, "/readyz", process, says=lambda: ":\n" + said.read_text())
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def wait_answer(
    port: int,
    path: str,
    process: subprocess.Popen[bytes] | None = None,
    seconds: float = 120,
    says: Callable[[], str] = str,
) -> None:
    """`says` tells what a platform that ended had to say."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            sys.exit(f"the platform ended with {process.returncode}{says()}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            if get(port, path)[0] == 200:
                return
        time.sleep(0.02)
    sys.exit(f"{path} did not answer 200 within {seconds:g} s")


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def wait_folded(port: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        text = get(port, "/metrics")[1].decode()
        lag = [row for row in text.splitlines() if row.startswith("journeyfold_fold_lag_events")]
        if lag and float(lag[0].rsplit(" ", 1)[1]) == 0:
            return
        time.sleep(0.05)
    sys.exit("the fold did not catch up")


def pin(process: int, processor: int) -> None:
    """All threads of a process to one processor."""
    for task in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(OSError):
            os.sched_setaffinity(int(task.name), {processor})


def processor_seconds(process: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def family(process: int) -> list[int]:
    """A process and all below it."""
    found = [process]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(text) for text in children.read_text().split()]
    return found


def memory_mb(process: int) -> tuple[float, float]:
    """(resident, proportional): pages that processes share count in each, or in parts."""
    rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    sizes = {row.split(":")[0]: int(row.split()[1]) for row in rows if row.endswith("kB")}
    return sizes["Rss"] / 1024, sizes["Pss"] / 1024
