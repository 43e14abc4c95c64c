"""PostgreSQL for a test session: a cluster of its own, which refuses to run as root."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

from servers.process import LOCAL, directory_for, free_ports, listens, needed, running

USER, PASSWORD = "shop", "p@ss/word"


def _programs():
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name)
    )
    newest = found[-1] if found else Path("/usr/lib/postgresql/bin")
    return needed(str(newest / "initdb"), str(newest / "postgres"))


@contextmanager
def postgres():
    """Yields its port. The user is `shop` with `PASSWORD`, the database `postgres`."""
    initdb, server = _programs()
    user = "nobody" if os.geteuid() == 0 else None
    (port,) = free_ports(1)
    with directory_for(user) as home:
        secret = home / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        options = {"user": user, "cwd": home, "env": {**os.environ, "HOME": str(home)}}
        made = subprocess.run(
            [initdb, "-D", home / "data", "-U", USER, f"--pwfile={secret}", "-A", "scram-sha-256",
             "-E", "UTF8", "--no-locale", "--no-sync"],
            check=False, capture_output=True, **options,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr.decode()
        command = [
            server, "-D", str(home / "data"), "-p", str(port), "-h", LOCAL, "-k", str(home),
            "-c", "fsync=off",
        ]  # fmt: skip
        log = home.parent / f"{home.name}.log"
        try:
            with running(command, ready=lambda: listens(port), log=log, **options):
                yield port
        finally:
            log.unlink(missing_ok=True)
