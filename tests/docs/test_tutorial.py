"""The tutorial, block by block, in one shell beside a real platform.

A block ```sh runs and must end with 0; ```sh background keeps running until the end; a ```text
block after it holds lines that must be in what came out, with `…` for anything.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from live import free_port

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "tutorial" / "first-decision.md"
FENCE = re.compile(r"^```(sh|text)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
END = "__end__"


class Shell:
    """One bash session; `run` gives the exit code and all output of a block."""

    def __init__(self, directory):
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._bash = subprocess.Popen(
            ["bash"], cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, bufsize=1, start_new_session=True,
            env={**os.environ, "PATH": path},
        )  # fmt: skip

    def run(self, code):
        self._bash.stdin.write(f"{{ {code}\n}} </dev/null; echo; echo {END} $?\n")
        self._bash.stdin.flush()
        said = []
        while not (line := self._bash.stdout.readline()).startswith(END):
            assert line, "the shell ended"
            said.append(line)
        return int(line.split()[1]), "".join(said)

    def start(self, code):
        return int(self.run(f"{code.strip()} >background.log 2>&1 &\necho $!")[1].split()[-1])

    def close(self):
        self._bash.stdin.close()
        self._bash.wait(10)
        self._bash.stdout.close()


def wait_ready(port):
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError("the platform of the tutorial did not become ready")


def as_pattern(line):
    return ".*".join(re.escape(part) for part in line.strip().split("…"))


def play(text, shell, port, started):
    """Every block in its order; what is shown must be in what came out."""
    said = ""
    for language, words, code in FENCE.findall(text):
        if language == "text":
            for line in code.splitlines():
                assert re.search(as_pattern(line), said), f"{line!r} is not in:\n{said}"
        elif "background" in words:
            started.append(shell.start(code))
            wait_ready(port)
        else:
            status, said = shell.run(code)
            assert status == 0, f"{code}\nended with {status}:\n{said}"
            time.sleep(0.3)  # the time a reader needs, and the fold


@pytest.fixture
def playing(tmp_path):
    """Plays pages one after the other, in one shell, at a port of their own."""
    port, shell, started = free_port(), Shell(tmp_path), []
    yield lambda text: play(re.sub("8091|8080", str(port), text), shell, port, started)
    for process in started:
        os.kill(process, signal.SIGINT)
    shell.close()


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on the path")


@needs_curl
def test_every_command_of_the_tutorial_does_what_it_says(playing):
    text = PAGE.read_text()
    assert len([each for each in FENCE.findall(text) if each[0] == "sh"]) >= 10
    playing(text)


@needs_curl
def test_every_command_of_the_first_journey_does_what_it_says(playing):
    text = (DOCS / "tutorial" / "first-journey.md").read_text()
    assert len([each for each in FENCE.findall(text) if each[0] == "sh"]) >= 8
    playing(text)


ANN = """
```sh
journeyfold init shop --template shop
cd shop
```
```sh background
journeyfold up --port 8080
```
```sh
KEY=$(journeyfold keys create --kind srv --source shop_server --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["key"])')
curl -sf -u "$KEY:" http://127.0.0.1:8080/v1/identify -H 'Content-Type: application/json' -d '{
  "userId": "ann", "traits": {"email": "ann@example.org", "country": "DE"}}'
sleep 2
```
"""


@needs_curl
def test_every_command_of_answering_a_data_subject_does_what_it_says(playing):
    playing(ANN)
    playing((DOCS / "how-to" / "answer-a-data-subject.md").read_text())


ORDERS = """
```sh
journeyfold init shop --template shop
cd shop
cat > orders.csv <<'END'
order_id,customer_id,ordered_at,sku,name,category,quantity,price
1,ann,2026-05-01 10:00:00,S1,Boot,shoes,1,89.90
1,ann,2026-05-01 10:00:00,S2,Lace,accessories,2,4.50
2,,2026-05-02 11:00:00,S1,Boot,shoes,1,89.90
END
```
"""


@needs_curl
def test_every_command_of_importing_a_file_does_what_it_says(playing):
    text = (DOCS / "how-to" / "import-a-file.md").read_text()
    definition = re.search(r"^```yaml check\n# (\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    written = f"```sh\ncat > {definition[1]} <<'END'\n{definition[2]}END\n```\n"
    playing(ORDERS + written + text)
