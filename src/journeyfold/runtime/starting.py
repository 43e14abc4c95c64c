"""`up`: check, lock, activate, start the processes, watch the project, stop."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from journeyfold.adapters.admin_audit import By
from journeyfold.adapters.directory_lock import DirectoryLock
from journeyfold.core.errors import JourneyfoldError, Problem, ProjectError
from journeyfold.core.ports import StateStore
from journeyfold.project.load import read_directory
from journeyfold.project.model import Project
from journeyfold.project.reports import Ready
from journeyfold.project.standing import standing
from journeyfold.runtime.mailing import remember_url
from journeyfold.runtime.notify import Notifier
from journeyfold.runtime.pull_plan import PULL, pulls_anything
from journeyfold.runtime.supervisor import Supervisor, child_command, listen
from journeyfold.runtime.workspace import Place, Workspace, activate, checked_project, hold

Progress = Callable[[str, int, int | None], None]
REFUSED = "refused.json"
MANY = 1_000  # records; fewer are folded before anybody has read a line about it
SAY_S = 5.0
_LOOK_S = 0.25


class Starting:
    """What a run of the platform needs; `extra` runs beside it once it is ready (the demo)."""

    def __init__(
        self,
        place: Place,
        *,
        host: str | None,
        port: int | None,
        workers: int | None,
        progress: Progress,
        ready: Callable[[Ready], None],
        say: Callable[[str], None],
    ) -> None:
        self.place = place
        self.project = checked_project(place.directory)
        server = self.project.settings.server
        self.host, self.port = host or server.host, port or server.port
        self._workers = workers or server.workers
        self._progress, self._ready, self._say = progress, ready, say
        self.stopping = threading.Event()
        self._adding: Callable[[str, list[str]], None] = lambda _name, _command: None

    def run(
        self,
        greeting: Callable[[Workspace, Ready], Ready] = lambda _workspace, ready: ready,
        beside: Callable[[threading.Event], None] | None = None,
    ) -> int:
        """Until Ctrl-C; the exit code."""
        with hold(self.place, self.project) as lock, listen(self.host, self.port) as listening:
            workspace = Workspace(self.place, self.project)
            try:
                workspace.open_state(self._say).close()
                return self._supervise(workspace, listening, lock, greeting, beside)
            finally:
                self.stopping.set()
                workspace.close()

    def _supervise(
        self,
        workspace: Workspace,
        listening: socket.socket,
        lock: DirectoryLock,
        greeting: Callable[[Workspace, Ready], Ready],
        beside: Callable[[threading.Event], None] | None,
    ) -> int:
        ready = greeting(workspace, self._first_start(workspace))
        remember_url(self.place, self.host, self.port)
        activate(workspace, self.project)
        supervisor = Supervisor(self._commands(), listening, (lock.fileno(),))
        self._add_pulling(supervisor.add, self.project)
        self._adding = supervisor.add
        threads = [threading.Thread(target=self._watch, args=(workspace,), daemon=True)]
        threads.append(
            threading.Thread(target=self._announce, args=(workspace, ready, beside), daemon=True)
        )
        code = supervisor.run(self._say, lambda: _start(threads))
        self.stopping.set()
        for thread in threads:
            thread.join(5)
        return code

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def _commands(self) -> dict[str, list[str]]:
        place = (self.place.directory, self.place.data)
        serving = {
            f"serve-{number}": child_command("serve", *place, "--name", f"serve-{number}")
            for number in range(self._workers)
        }
        return {"work": child_command("work", *place), **serving}

    def _add_pulling(self, add: Callable[[str, list[str]], None], project: Project) -> None:
        """What pulls is started with the first version that has something to pull."""
        if pulls_anything(project):
            add(PULL, child_command(PULL, self.place.directory, self.place.data))

    def _first_start(self, workspace: Workspace) -> Ready:
        """Make the first user; remind of the root key."""
        admin = workspace.open_admin()
        by = By("up", "admin", workspace.clock.now_us())
        password = admin.users.create_first_admin(by)
        admin.close()
        notices = []
        if workspace.keyring.root_was_created:
            notices.append(
                f"a root key was made in {self.place.data / 'keys' / 'root.key'}; "
                "copy it somewhere safe, without it the log cannot be read"
            )
        if self.project.settings.durability == "os":
            notices.append("durability is `os`: a power cut may lose the last acknowledged events")
        sign_in = f"user admin, password {password}" if password else ""
        return Ready(
            url=self.url, console_url=f"{self.url}/", sign_in=sign_in, notices=tuple(notices)
        )

    def _announce(
        self,
        workspace: Workspace,
        ready: Ready,
        beside: Callable[[threading.Event], None] | None,
    ) -> None:
        state = workspace.read_state()
        try:
            self._await_ready(workspace, state)
        finally:
            state.close()
        if not self.stopping.is_set():
            self._ready(ready)
            if beside is not None:
                beside(self.stopping)

    def _await_ready(self, workspace: Workspace, state: StateStore) -> None:
        """Show how far the fold is while it has much to do, as after a rebuild."""
        next_say_s = 0.0
        while not self.stopping.is_set() and not is_ready(self.host, self.port):
            with contextlib.suppress(JourneyfoldError), state.read() as reader:
                head, done = workspace.log.head()[0] + 1, standing(reader).offset + 1
                if head - done > MANY:
                    self._progress("folding the log", done, head)
                    if time.monotonic() >= next_say_s:
                        next_say_s = time.monotonic() + SAY_S
                        self._say(f"folding the log: {done:,} of {head:,} records")
            self.stopping.wait(0.05)

    def _watch(self, workspace: Workspace) -> None:
        """Take over a changed project that passes `check`; show one that does not."""
        from watchfiles import watch

        refused = self.place.run / REFUSED
        refused.unlink(missing_ok=True)
        is_behind = False  # something may have come before its folder was watched
        while not self.stopping.is_set():
            folders = _folders(self.place)
            looks = watch(
                *folders, recursive=False, stop_event=self.stopping, rust_timeout=500,
                debounce=200, yield_on_timeout=True, raise_interrupt=False,
                watch_filter=partial(_matters, self.place, folders),
            )  # fmt: skip
            with contextlib.suppress(FileNotFoundError):  # a folder went before it was watched
                for changes in looks:
                    if changes or is_behind:
                        self._take_over(workspace, refused)
                    is_behind = _folders(self.place) != folders
                    if is_behind:
                        break

    def _take_over(self, workspace: Workspace, refused: Path) -> None:
        try:
            project = checked_project(self.place.directory)
            is_new = activate(workspace, project)
        except ProjectError as error:
            refused.write_bytes(msgspec.json.encode(error.problems))
            self._say(f"the change is refused, the running version stays:\n{error}")
        except JourneyfoldError as error:
            problem = Problem("journeyfold.yaml", 1, 1, "P001", str(error))
            refused.write_bytes(msgspec.json.encode((problem,)))
            self._say(f"the change is refused, the running version stays: {error}")
        else:
            refused.unlink(missing_ok=True)
            self._add_pulling(self._adding, project)
            if is_new:
                self._tell(workspace, project)

    def _tell(self, workspace: Workspace, project: Project) -> None:
        self._say(f"project version {project.hash[:12]} is taken over")
        for name in ("work", "serve-"):
            notifier = Notifier(workspace.place.run, name)
            notifier.send()
            notifier.close()


def _start(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()


def is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_ready(host: str, port: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_ready(host, port):
            return True
        time.sleep(_LOOK_S)
    return False


def _folders(place: Place) -> list[Path]:
    """The project's folders one by one: watched as a whole, each write of the stores in it would
    be reported too, thousands of times a second.
    """
    found = []
    for folder, inside, _ in os.walk(place.directory):
        here = Path(folder)
        found.append(here)
        inside[:] = [each for each in inside if each[0] != "." and here / each != place.data]
    return sorted(found)


def _matters(place: Place, folders: Sequence[Path], _change: object, text: str) -> bool:
    """A file of the project, or a folder that came or went."""
    path = Path(text)
    return path in folders or path.is_dir() or _is_project_file(place, path)


def _is_project_file(place: Place, path: Path) -> bool:
    """Not the data beside it, not what editors leave for a moment."""
    if path.is_relative_to(place.data):
        return False
    relative = path.relative_to(place.directory) if path.is_relative_to(place.directory) else path
    hidden = any(part.startswith((".", "#")) or part.endswith("~") for part in relative.parts)
    return not hidden and relative.as_posix() in _known(place.directory, relative)


def _known(directory: Path, relative: Path) -> set[str]:
    """The files of the project as they are now, and this one if it has just been removed."""
    with contextlib.suppress(JourneyfoldError):
        return {
            *read_directory(directory),
            *([] if (directory / relative).exists() else [relative.as_posix()]),
        }
    return {relative.as_posix()}
