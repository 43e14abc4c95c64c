"""`journeyfold demo`: made, filled, running, stopped and started again; here with few shoppers."""

import json
import os
import shlex
import signal
import subprocess
import time

import httpx
import pytest
from live import CLI, free_port, metrics, run_cli

APPENDED = 'journeyfold_events_received_total{result="appended",source="%s"}'


class Demo:
    """One start of the demo; `ready` is what it printed."""

    def __init__(self, directory):
        self.port = free_port()
        self.process = subprocess.Popen(
            [
                *CLI, "demo", "--directory", str(directory), "--people", "80",
                "--port", str(self.port), "--json",
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
        )  # fmt: skip
        self.ready = json.loads(self.process.stdout.readline())

    def appended(self, source):
        return metrics(self.ready["url"]).get(APPENDED % source, 0)

    def stop(self):
        """(exit code, what it said on stderr)."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said


def asked(example):
    """The answer to the printed curl, sent as curl would."""
    words = shlex.split(example.replace("\\\n", " "))
    url = next(word for word in words if word.startswith("http"))
    user, _ = words[words.index("-u") + 1].split(":")
    header, value = words[words.index("-H") + 1].split(": ")
    body = words[words.index("-d") + 1]
    return httpx.post(url, content=body, headers={header: value}, auth=(user, ""), trust_env=False)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Two starts, one after the other: what each showed."""
    directory = tmp_path_factory.mktemp("demo") / "shop"
    found = {"directory": directory}
    demo = Demo(directory)
    found["first"], found["answer"] = demo.ready, asked(demo.ready["example"])
    found["history"] = demo.appended("history")
    deadline = time.monotonic() + 30
    while demo.appended("shop_web") < 5 and time.monotonic() < deadline:
        time.sleep(0.1)
    found["live"] = demo.appended("shop_web")
    found["end"] = demo.stop()
    again = Demo(directory)
    found["second"], found["history_again"] = again.ready, again.appended("history")
    found["live_again"], found["answer_again"] = (
        again.appended("shop_web"), asked(again.ready["example"]),
    )  # fmt: skip
    found["end_again"] = again.stop()
    path = directory / "events.ndjson"
    run_cli(directory, "export", "events", "--to", str(path))
    found["names"] = {json.loads(line)["name"] for line in path.read_text().splitlines()}
    return found


def test_the_history_is_there_when_the_demo_is_ready(told):
    assert told["history"] > 1_000


def test_the_printed_question_is_answered_with_reasons(told):
    for reply in (told["answer"], told["answer_again"]):
        (placed,) = reply.json()["placements"]
        assert placed["items"]
        assert placed["reasons"]


def test_the_question_is_about_somebody_who_is_known(told):
    """Nobody has a fallback for everyone; a known person was really decided about."""
    (placed,) = told["answer"].json()["placements"]
    assert "no_consent" not in {reason["code"] for reason in placed["reasons"]}


def test_it_stops_at_ctrl_c_without_a_word_too_much(told):
    for code, said in (told["end"], told["end_again"]):
        assert code == 0
        assert "Traceback" not in said


def test_a_second_start_shows_the_same_and_imports_nothing(told):
    for name in ("write_key", "server_key", "sign_in"):
        assert told["first"][name] == told["second"][name] != ""
    assert told["history_again"] == told["history"]


def test_a_second_start_goes_on_where_the_first_was(told):
    assert told["live_again"] >= told["live"]


def test_after_both_a_rebuild_gives_the_same_bytes(told):
    report = json.loads(run_cli(told["directory"], "replay", "--verify", "--json").stdout)
    assert report["is_equal"], report["differences"]


def test_visitors_come_and_see_what_was_decided(told):
    assert told["live"] >= 5
    assert {"Decision Made", "Offer Shown"} <= told["names"]


def _hear_ctrl_c():
    """What a shell starts in the background inherits a deaf ear for it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_first_start_that_was_interrupted_is_made_good_by_the_next(tmp_path):
    directory = tmp_path / "shop"
    words = ["demo", "--directory", str(directory), "--people", "80", "--port", str(free_port())]
    with subprocess.Popen(
        [*CLI, *words], stderr=subprocess.PIPE, text=True, preexec_fn=_hear_ctrl_c
    ) as process:
        while not (directory / ".journeyfold" / "history.ndjson").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said.strip()) == (130, "")
    demo = Demo(directory)
    assert demo.appended("history") > 1_000
    assert demo.stop()[0] == 0


def test_its_own_scenarios_pass(told):
    assert "0 failed" in run_cli(told["directory"], "test").stdout
