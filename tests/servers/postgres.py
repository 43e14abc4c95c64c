"""PostgreSQL for a test session: a cluster of its own, which refuses to run as root."""

import os
import signal
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from servers.process import LOCAL, directory_for, free_ports, listens, needed, running

USER, PASSWORD = "shop", "p@ss/word"


def _programs():
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name)
    )
    newest = found[-1] if found else Path("/usr/lib/postgresql/bin")
    return needed(str(newest / "initdb"), str(newest / "postgres"))


class Cluster:
    """A server on one port and one directory, which may be stopped and started again."""

    def __init__(self, home, *settings):
        initdb, self._server = _programs()
        self.home, self._settings = home, settings
        (self.port,) = free_ports(1)
        user = "nobody" if os.geteuid() == 0 else None
        self._options = {"user": user, "cwd": home, "env": {**os.environ, "HOME": str(home)}}
        self._running = ExitStack()
        secret = home / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        made = subprocess.run(
            [initdb, "-D", home / "data", "-U", USER, f"--pwfile={secret}", "-A", "scram-sha-256",
             "-E", "UTF8", "--no-locale", "--no-sync"],
            check=False, capture_output=True, **self._options,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr.decode()

    def start(self):
        given = [word for setting in ("fsync=off", *self._settings) for word in ("-c", setting)]
        command = [
            self._server, "-D", str(self.home / "data"), "-p", str(self.port), "-h", LOCAL,
            "-k", str(self.home), *given,
        ]  # fmt: skip
        log = self.home.parent / f"{self.home.name}.log"
        self._running.callback(lambda: log.unlink(missing_ok=True))
        self._running.enter_context(
            # A client that is still there must not hold it up: "fast" is SIGINT.
            running(
                command, ready=self._is_ready, log=log, stop=signal.SIGINT,
                **self._options,
            )
        )  # fmt: skip

    def _is_ready(self):
        """It listens before it has gone through its log, and refuses until then."""
        if not listens(self.port):
            return False
        asked = [
            Path(self._server).with_name("pg_isready"),
            "-q",
            "-h",
            LOCAL,
            "-p",
            str(self.port),
        ]
        return subprocess.run(asked, check=False).returncode == 0

    def stop(self):
        self._running.close()

    @property
    def url(self):
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@{LOCAL}:{self.port}/postgres"


@contextmanager
def cluster(*settings):
    """A server with these settings, as `wal_level=logical`."""
    with directory_for("nobody" if os.geteuid() == 0 else None) as home:
        server = Cluster(home, *settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def postgres():
    """Yields its port. The user is `shop` with `PASSWORD`, the database `postgres`."""
    with cluster() as server:
        yield server.port
