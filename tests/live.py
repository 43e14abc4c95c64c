"""A real platform for tests that need one: scaffolded, started, asked and stopped over its CLI."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

CLI = [sys.executable, "-m", "journeyfold"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_cli(
    directory: Path, *words: str, check: bool = True, timeout: float = 120, **env: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*CLI, *words],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
    )
    if check and done.returncode:
        raise AssertionError(
            f"journeyfold {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        )
    return done


@dataclass
class Live:
    """A running platform: its directory, address and keys."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes]
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def key(self, kind: str, source: str) -> str:
        name = f"{kind}/{source}"
        if name not in self.keys:
            made = run_cli(
                self.directory, "keys", "create", "--kind", kind, "--source", source, "--json"
            )
            self.keys[name] = json.loads(made.stdout)["key"]
        return self.keys[name]

    def client(self, kind: str = "srv", source: str = "shop_server") -> httpx.Client:
        key = self.key(kind, source)
        return httpx.Client(base_url=self.url, auth=(key, ""), timeout=30, trust_env=False)

    def wait_folded(self, timeout: float = 60) -> None:
        """Until the fold has taken in everything that was acknowledged."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):
                numbers = metrics(self.url)
                if numbers["journeyfold_fold_lag_events"] == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the fold did not catch up")

    def children(self) -> dict[str, list[int]]:
        """Process ids by role, as the command lines show them."""
        roles: dict[str, list[int]] = {"serve": [], "work": []}
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if str(self.directory).encode() in words:
                    for role in roles:
                        if role.encode() in words:
                            roles[role].append(int(entry.name))
        return roles

    @property
    def output(self) -> str:
        """What `up` has said so far, its children included."""
        return (self.directory / "up.log").read_text()

    def kills(self) -> int:
        """How many processes died of SIGKILL, as the supervisor saw it."""
        return self.output.count("ended (SIGKILL)")

    def wait_for(self, words: str, timeout: float = 20) -> None:
        """Until `up` has said something that holds these words."""
        deadline = time.monotonic() + timeout
        while words not in self.output:
            assert time.monotonic() < deadline, f"never said '{words}':\n{self.output}"
            time.sleep(0.02)

    def stop(self, how: int = signal.SIGINT, timeout: float = 20) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout)


def metrics(url: str) -> dict[str, float]:
    """Prometheus text → {name{labels}: value}."""
    text = httpx.get(f"{url}/metrics", timeout=10, trust_env=False).text
    rows = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in rows}


def start(directory: Path, port: int | None = None, *words: str, **env: str) -> Live:
    port = port or free_port()
    with (directory / "up.log").open("ab") as out:
        process = subprocess.Popen(
            [*CLI, "up", "--port", str(port), *words],
            cwd=directory,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **env},
        )
    live = Live(directory, port, process)
    try:
        wait_ready(live)
    except AssertionError:
        live.stop(signal.SIGKILL)  # nobody else knows it
        raise
    return live


def wait_ready(live: Live, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if live.process.poll() is not None:
            raise AssertionError(
                f"up ended with {live.process.returncode}:\n{(live.directory / 'up.log').read_text()}"
            )
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{live.url}/readyz", timeout=2, trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"not ready after {timeout} s:\n{(live.directory / 'up.log').read_text()}")


@contextlib.contextmanager
def platform(directory: Path, template: str = "shop", **env: str) -> Iterator[Live]:
    """A platform on a fresh project made from a template."""
    run_cli(directory.parent, "init", str(directory), "--template", template)
    live = start(directory, **env)
    try:
        yield live
    finally:
        live.stop()
