"""P10, the embedded half: a backup of a running platform starts elsewhere, with the same meaning."""

import json
import os
import signal
import subprocess
import time

from faults.senders import finished, started
from live import CLI, platform, run_cli, start, wait_ready


def test_a_backup_under_load_starts_and_replays_to_the_same_bytes(tmp_path):
    with platform(tmp_path / "shop") as live:
        senders = started(live, 2)
        time.sleep(1)
        before = set().union(*(sender.acknowledged.copy() for sender in senders))
        told = json.loads(
            run_cli(live.directory, "backup", str(tmp_path / "copy"), "--json").stdout
        )
        finished(senders)
        root = (live.directory / ".journeyfold/keys/root.key").read_text()
    run_cli(tmp_path, "init", "elsewhere", "--template", "shop")
    home = tmp_path / "elsewhere"
    (tmp_path / "copy").rename(home / ".journeyfold")
    (home / ".journeyfold/keys/root.key").write_text(root)
    restored = start(home, None)
    try:
        wait_ready(restored)
        restored.wait_folded()
    finally:
        assert restored.stop() == 0, restored.output
    report = json.loads(run_cli(home, "replay", "--verify", "--json").stdout)
    assert report["is_equal"] is True, report
    assert report["records"] >= told["records"]
    run_cli(home, "export", "events", "--to", "events.ndjson")
    held = {json.loads(row)["id"] for row in (home / "events.ndjson").read_text().splitlines()}
    assert before
    assert before <= held


def test_a_backup_that_is_killed_leaves_nothing_with_its_name(tmp_path):
    with platform(tmp_path / "shop") as live:
        killed = subprocess.run(
            [*CLI, "backup", str(tmp_path / "copy")], cwd=live.directory, capture_output=True,
            env={**os.environ, "JOURNEYFOLD_KILL_POINT": "mid_backup"}, timeout=60, check=False,
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL
        assert not (tmp_path / "copy").exists()
        again = run_cli(live.directory, "backup", str(tmp_path / "copy"))
    assert " records in " in again.stdout.replace(" record in ", " records in ")


def test_without_its_root_key_a_copy_is_refused_with_a_sentence(tmp_path):
    with platform(tmp_path / "shop") as live:
        run_cli(live.directory, "backup", str(tmp_path / "copy"))
    refused = run_cli(live.directory, "up", "--data", str(tmp_path / "copy"), check=False)
    assert refused.returncode == 78
    assert "the root key" in refused.stderr
