"""What stands in the way of a start: one clear sentence each, exit code not 0, nothing lost."""

import re
import shutil
import socket
import subprocess
import sys
import time

import pytest
from live import CLI, free_port, platform, run_cli, start, wait_ready

from journeyfold.adapters.format import LAYOUT
from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.adapters.sqlite_file import connect
from journeyfold.runtime import commands

EVENTS = 300


def up(directory, *words, timeout=30):
    """`up` that is expected to end by itself."""
    words = words or ("--port", str(free_port()))
    return run_cli(directory, "up", *words, check=False, timeout=timeout)


def sentence_of(done):
    """What was said; never a traceback."""
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.stderr.strip()


def send(live, count, prefix="e", batch=100):
    items = [
        {"type": "track", "event": "Product Viewed", "userId": f"u{number % 30}",
         "messageId": f"{prefix}{number}", "properties": {"sku": "S", "price": 1.5}}
        for number in range(count)
    ]  # fmt: skip
    with live.client() as client:
        for at in range(0, count, batch):
            answer = client.post("/v1/batch", json={"batch": items[at : at + batch]})
            assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A project that ran, with events in its log; stopped."""
    directory = tmp_path_factory.mktemp("ran") / "shop"
    with platform(directory) as live:
        send(live, EVENTS)
        live.wait_folded()
    return directory


@pytest.fixture
def ran(template, tmp_path):
    """A copy of it for one test."""
    return shutil.copytree(template, tmp_path / "shop")


@pytest.fixture
def fresh(tmp_path):
    run_cli(tmp_path, "init", "shop", "--template", "shop")
    return tmp_path / "shop"


def everything(directory):
    """Every file of the data directory, byte for byte."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files}


def is_equal_to_a_replay(directory):
    told = commands.replay(directory, None, verify=True, by="appended", progress=lambda *_: None)
    return told.is_equal


# -- the project and its surroundings -------------------------------------------------------------


def test_a_project_file_that_is_no_yaml_is_shown_with_its_line(fresh):
    (fresh / "segments" / "rfm.yaml").write_text("- name: [oops\n  when: 1\n")
    done = up(fresh)
    assert done.returncode == 78
    assert re.match(r"segments/rfm\.yaml:\d+:\d+: ", sentence_of(done))
    assert not (fresh / ".journeyfold").exists()


def test_a_directory_without_a_project_is_a_wrong_usage(tmp_path):
    done = up(tmp_path)
    assert done.returncode == 64
    assert "is no project directory" in sentence_of(done)


def test_a_port_in_use_is_said_with_another_one(fresh):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = up(fresh, "--port", str(port))
    assert done.returncode == 75  # as the reference of commands says: try again later
    assert sentence_of(done) == (
        f"journeyfold: port {port} on 127.0.0.1 is in use; stop the other program or choose "
        f"another with --port {port + 1}"
    )


def test_a_second_up_on_the_same_directory_is_told_who_runs(fresh):
    live = start(fresh)
    try:
        done = up(fresh)
        assert done.returncode == 75
        assert f"is in use by process {live.process.pid}; stop it first" in sentence_of(done)
        send(live, 100)  # and the first goes on
    finally:
        assert live.stop() == 0


def test_data_of_a_newer_release_are_refused_and_not_touched(ran):
    data = ran / ".journeyfold"
    (data / "FORMAT").write_text('{"format": 3, "created_by": "journeyfold 9", "features": []}')
    before = everything(data)
    for words in (["up", "--port", str(free_port())], ["replay", "--verify"]):
        done = run_cli(ran, *words, check=False)
        assert done.returncode == 78
        assert sentence_of(done) == "journeyfold: data is format 3, this release reads up to 1"
    assert everything(data) == before


def test_a_missing_root_key_is_said_and_none_is_made(ran):
    (ran / ".journeyfold/keys/root.key").unlink()
    done = up(ran)
    assert done.returncode == 78
    assert "key" in sentence_of(done)
    assert not (ran / ".journeyfold/keys/root.key").exists()


# -- the state is derived: it can always be built again -------------------------------------------


@pytest.mark.parametrize("damage", ["missing", "zeros", "cut short"])
def test_a_state_that_is_gone_or_corrupt_is_rebuilt_from_the_log(ran, damage):
    pages = ran / ".journeyfold/state.lmdb/data.mdb"
    content = pages.read_bytes()
    match damage:
        case "missing":
            shutil.rmtree(pages.parent)
        case "zeros":
            pages.write_bytes(bytes(len(content)))
        case "cut short":
            pages.write_bytes(content[: len(content) // 2])
    live = start(ran)
    try:
        live.wait_folded()
        assert "rebuilding it from the log" in live.output
        assert "Traceback" not in live.output
        aside = list((ran / ".journeyfold").glob("state.lmdb.damaged-*"))
        assert len(aside) == (damage != "missing")
    finally:
        assert live.stop() == 0
    assert is_equal_to_a_replay(ran)


def relaid(directory, layout):
    """A state as a build with another layout left it: its profiles are none we could read."""
    state = LmdbState(directory / ".journeyfold/state.lmdb")
    with state.write() as writer:
        people = [key for key, _ in writer.scan("profile")]
        for key in people:
            writer.put("profile", key, b"something else")
        writer.put("meta", b"layout", b"%d" % layout)
    state.close()


def test_a_state_of_an_older_layout_is_rebuilt_from_the_log(ran):
    relaid(ran, LAYOUT - 1)
    live = start(ran)
    try:
        live.wait_folded()
        said = f"has layout {LAYOUT - 1}, this release's is {LAYOUT}; rebuilding it from the log"
        assert said in live.output
        assert "Traceback" not in live.output
    finally:
        assert live.stop() == 0
    assert not list((ran / ".journeyfold").glob("state.lmdb.*"))
    assert is_equal_to_a_replay(ran)


def test_a_state_of_a_newer_layout_is_refused_and_not_touched(ran):
    relaid(ran, LAYOUT + 1)
    before = (ran / ".journeyfold/state.lmdb/data.mdb").read_bytes()
    done = up(ran)
    assert done.returncode == 78
    assert sentence_of(done) == (
        f"journeyfold: the state has layout {LAYOUT + 1}, this release reads up to {LAYOUT}"
    )
    assert (ran / ".journeyfold/state.lmdb/data.mdb").read_bytes() == before


def test_a_damaged_value_is_found_when_it_is_read_and_the_state_rebuilt(ran):
    """The check of a profile differs: nothing of the file's structure shows it."""
    state = LmdbState(ran / ".journeyfold/state.lmdb", "read")
    with state.read() as reader:
        profiles = [raw for _, raw in reader.scan("profile")]
    state.close()
    pages = ran / ".journeyfold/state.lmdb/data.mdb"
    content = pages.read_bytes()
    for raw in profiles:
        content = content.replace(raw, raw[:-1] + bytes([raw[-1] ^ 1]))
    pages.write_bytes(content)
    live = start(ran)
    try:
        send(live, 60, "more")
        live.wait_for("moved aside to state.lmdb.damaged-")
        time.sleep(0.3)
        wait_ready(live)
        live.wait_folded()
        assert "Traceback" not in live.output
    finally:
        assert live.stop() == 0
    assert is_equal_to_a_replay(ran)


def test_a_long_rebuild_shows_how_far_it_is(ran):
    source = ran / "sources" / "shop_server.yaml"
    limits = "limits: {events_per_s: 100000, burst: 100000}"
    source.write_text(f"{source.read_text()}\n{limits}\n")
    live = start(ran)
    send(live, 20_000, "long", batch=2_000)
    live.wait_folded()
    live.stop()
    shutil.rmtree(ran / ".journeyfold/state.lmdb")
    live = start(ran)
    try:
        live.wait_folded()
        assert re.search(r"folding the log: [\d,]+ of [\d,]+ records", live.output)
    finally:
        live.stop()


def test_a_state_ahead_of_the_log_is_refused(ran, template):
    live = start(ran)
    send(live, 100, "later")
    live.wait_folded()
    live.stop()
    for name in ("log.sqlite", "log.sqlite-wal", "log.sqlite-shm"):  # an older log is put back
        (ran / ".journeyfold" / name).unlink(missing_ok=True)
        if (template / ".journeyfold" / name).exists():
            shutil.copy(template / ".journeyfold" / name, ran / ".journeyfold")
    done = up(ran)
    assert done.returncode == 78
    told = sentence_of(done)
    assert re.search(r"the state has folded record \d+, but the log ends at \d+", told)
    assert "state.lmdb to rebuild the state" in told
    shutil.rmtree(ran / ".journeyfold/state.lmdb")  # what the sentence says helps
    live = start(ran)
    live.wait_folded()
    assert live.stop() == 0
    assert is_equal_to_a_replay(ran)


# -- the log is the truth: damage stops, and is named ---------------------------------------------


def damage_record(directory, offset):
    """Another byte in one body, under a fresh page checksum: only the digest can tell."""
    script = (
        "import sys; from pathlib import Path\n"
        "from journeyfold.adapters.sqlite_file import connect\n"
        "log = connect(Path(sys.argv[1]))\n"
        "(body,), = log.execute('SELECT body FROM record WHERE offset = ?', (int(sys.argv[2]),))\n"
        "body = bytes([body[0] ^ 1]) + body[1:]\n"
        "log.execute('UPDATE record SET body = ? WHERE offset = ?', (body, int(sys.argv[2])))\n"
        "log.close()\n"
    )
    log = directory / ".journeyfold/log.sqlite"
    subprocess.run([sys.executable, "-c", script, str(log), str(offset)], check=True)


def test_a_damaged_record_stops_the_platform_and_is_named(ran):
    damage_record(ran, 200)
    shutil.rmtree(ran / ".journeyfold/state.lmdb")
    done = up(ran)
    assert done.returncode == 74
    assert "log.sqlite: record 200 is not what was written" in sentence_of(done)


def middle_body(directory):
    """Bytes of a record in the middle, as they stand in the file."""
    log = connect(directory / ".journeyfold/log.sqlite")
    ((body,),) = log.execute("SELECT body FROM record WHERE offset = 150")
    log.close()
    return body


def test_a_flipped_byte_in_a_page_of_the_log_stops_the_platform(ran):
    log = ran / ".journeyfold/log.sqlite"
    content = bytearray(log.read_bytes())
    body = content.index(middle_body(ran))
    content[body + 20] ^= 1
    log.write_bytes(content)
    shutil.rmtree(ran / ".journeyfold/state.lmdb")
    done = up(ran)
    assert done.returncode == 74
    assert re.search(r"log\.sqlite: record \d+ cannot be read, its page is dam", sentence_of(done))
    assert log.read_bytes() == bytes(content)


def test_acknowledged_batches_cut_off_the_logs_end_stop_the_start(fresh, tmp_path):
    live = start(fresh)
    for batch in range(5):
        send(live, 100, f"b{batch}-")
    data = fresh / ".journeyfold"
    copy = shutil.copytree(fresh, tmp_path / "copy")  # as a crash leaves it: nothing checkpointed
    live.stop()
    wal = copy / ".journeyfold/log.sqlite-wal"
    content = bytearray(wal.read_bytes())
    assert len(content) > 100_000, data
    content[len(content) // 2] ^= 1
    wal.write_bytes(content)
    done = up(copy)
    assert done.returncode == 74
    assert re.search(r"log\.sqlite-wal is damaged: \d+ acknowledged batches", sentence_of(done))
    assert wal.read_bytes() == bytes(content)


def test_children_say_the_same_sentence_when_started_by_hand(ran):
    (ran / ".journeyfold/FORMAT").write_text('{"format": 3, "created_by": "x", "features": []}')
    place = ["--directory", str(ran), "--data", str(ran / ".journeyfold")]
    for words in (["work", *place], ["serve", *place, "--listen-fd", "0"]):
        done = subprocess.run(
            [*CLI, *words], capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 78
        assert "data is format 3, this release reads up to 1" in sentence_of(done)
