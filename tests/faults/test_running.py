"""Faults of a running platform: full and sick disks, dead parents, too much at once.

The tests share one platform, in this order: each leaves it working, which is the point.
"""

import contextlib
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from faults.senders import message, started
from live import metrics, platform, start, wait_ready

ASK = {"subject": {"user_id": "u1"}, "placements": [{"id": "home-hero"}]}
WAL_ROOM = 2**16


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("running") / "shop") as live:
        yield live


def batch(live, name, client=None):
    with client or live.client() as sender:
        items = [message(f"{name}-{number}") for number in range(20)]
        return sender.post("/v1/batch", json={"batch": items})


def decide(live):
    with live.client() as client:
        return client.post("/v1/decide", json=ASK)


def lives(live):
    """Which processes serve and work, to see that none was started again."""
    return {role: tuple(found) for role, found in live.children().items()}


def seconds_until(live, is_true, timeout=20):
    begun = time.monotonic()
    while not is_true():
        assert time.monotonic() - begun < timeout, live.output
        time.sleep(0.1)
    return time.monotonic() - begun


def is_a_refusal_to_come_back_from(answer):
    return answer.status_code in {429, 503} and 1 <= int(answer.headers["retry-after"]) <= 60


@contextlib.contextmanager
def files_may_not_grow(process, log):
    """A full disk for one process: the limit on file sizes set from outside, and lifted again."""
    size = log.with_name(log.name + "-wal").stat().st_size
    was = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size + WAL_ROOM, was[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, was)


def test_a_full_disk_is_503_while_decisions_go_on_and_resumes_without_a_restart(live):
    assert batch(live, "before").status_code == 200
    before = lives(live)
    with files_may_not_grow(before["serve"][0], live.directory / ".journeyfold/log.sqlite"):
        answers = [batch(live, f"full{number}") for number in range(60)]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert refused, "the limit was never reached"
        assert all(is_a_refusal_to_come_back_from(answer) for answer in refused)
        assert refused[-1].headers["retry-after"] == "5"
        assert decide(live).status_code == 200
        assert httpx.get(f"{live.url}/metrics", trust_env=False).status_code == 200
    assert seconds_until(live, lambda: batch(live, "after").status_code == 200) <= 5
    assert lives(live) == before
    live.wait_folded()


def test_below_the_disks_reserve_new_data_are_refused_until_the_reserve_is_lowered(live):
    settings = live.directory / "journeyfold.yaml"
    text = settings.read_text()
    before = lives(live)
    settings.write_text(text.replace("{reserve: 2GiB}", "{reserve: 900000GiB}"))
    seconds_until(live, lambda: batch(live, "reserve").status_code == 503)
    answer = batch(live, "reserve")
    assert is_a_refusal_to_come_back_from(answer)
    assert decide(live).status_code == 200
    assert httpx.get(f"{live.url}/readyz", trust_env=False).status_code == 503
    settings.write_text(text.replace("{reserve: 2GiB}", "{reserve: 1MiB}"))
    assert seconds_until(live, lambda: batch(live, "reserve").status_code == 200) <= 5
    assert lives(live) == before
    wait_ready(live)


@pytest.fixture
def few_a_second(live):
    """A source that may send so little that the slowest machine sends too much."""
    source = live.directory / "sources/shop_server.yaml"
    text = source.read_text()
    answered = live.output.count("is taken over")
    source.write_text(f"{text}\nlimits: {{events_per_s: 20, burst: 40}}\n")
    seconds_until(live, lambda: live.output.count("is taken over") > answered)
    yield
    source.write_text(text)
    seconds_until(live, lambda: live.output.count("is taken over") > answered + 1)


@pytest.mark.usefixtures("few_a_second")
def test_too_much_at_once_is_refused_with_when_to_come_back_and_memory_is_bounded(live):
    senders = started(live, 12, pause_s=0.0)
    most_kib = 0
    until = time.monotonic() + 6
    while time.monotonic() < until:
        for processes in live.children().values():
            most_kib = max(most_kib, *map(resident_kib, processes))
        time.sleep(0.2)
    for sender in senders:
        sender.enough.set()
    for sender in senders:
        sender.join(15)
    refused = [answer for sender in senders for answer in sender.refused]
    assert refused, "more than a source may send was never too much"
    assert all(is_a_refusal_to_come_back_from(answer) for answer in refused)
    assert most_kib < 512 * 1024
    print(f"{len(refused)} refused, {most_kib >> 10} MiB at most")
    live.wait_folded()


def resident_kib(process):
    with contextlib.suppress(OSError, StopIteration):
        lines = open_lines(f"/proc/{process}/status")
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])
    return 0


def open_lines(path):
    with Path(path).open() as file:
        return file.read().splitlines()


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace on the path")
@pytest.mark.parametrize("role", ["serve", "work"])
def test_a_disk_that_cannot_sync_ends_the_process_which_starts_again(live, role):
    """REL-16, REL-22: fdatasync says EIO; nothing is acknowledged by that process any more."""
    wait_ready(live)
    (process,) = live.children()[role]
    said = len(live.output)
    fault = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync"]
    fault += ["-e", "inject=fdatasync,fsync:error=EIO", "-p", str(process)]
    tracer = subprocess.Popen(fault, stderr=subprocess.PIPE)
    try:
        seconds_until(live, lambda: tracer.poll() is not None or is_traced(process))
        if tracer.poll() is not None:
            pytest.skip(f"no right to trace: {tracer.stderr.read().decode()}")
        answers = []
        seconds_until(live, lambda: not is_running(process) or answers.append(status(live, role)))
        if role == "serve":
            assert 200 not in answers
    finally:
        tracer.kill()
        tracer.communicate()
    live.wait_for(f"{role if role == 'work' else 'serve-0'} ended (exit code 74); starting it")
    assert "Traceback" not in live.output[said:]
    wait_ready(live)
    assert batch(live, f"well-{role}").status_code == 200
    live.wait_folded()


def status(live, role):
    try:
        return batch(live, f"sick-{role}-{time.monotonic_ns()}").status_code
    except httpx.HTTPError:
        return 0


def is_traced(process):
    with contextlib.suppress(OSError):
        return "TracerPid:\t0" not in open_lines(f"/proc/{process}/status")
    return False


def is_running(process):
    with contextlib.suppress(OSError):
        return not any(
            line.startswith("State:\tZ") for line in open_lines(f"/proc/{process}/status")
        )
    return False


def test_everything_still_adds_up(live):
    numbers = metrics(live.url)
    gaps = {name: value for name, value in numbers.items() if "conservation_gap" in name}
    assert len(gaps) == 3
    assert not any(gaps.values()), gaps
    assert numbers["journeyfold_parked_records"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_within_seconds(live, number):
    begun = time.monotonic()
    assert live.stop(number) == 0
    assert time.monotonic() - begun < 5
    assert not any(live.children().values())
    assert "Traceback" not in live.output
    again = start(live.directory, live.port)
    live.process = again.process


def test_children_of_a_killed_supervisor_end_and_a_new_up_works(live):
    children = [process for found in live.children().values() for process in found]
    assert len(children) == 2
    live.process.kill()
    live.process.wait()
    again = start(live.directory, live.port)  # at once: it waits for the last of them
    live.process = again.process
    assert seconds_until(live, lambda: not any(map(is_running, children))) < 10
    seconds_until(live, lambda: all(live.children().values()))
    wait_ready(live)
    assert batch(live, "new").status_code == 200
    live.wait_folded()
