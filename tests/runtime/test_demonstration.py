"""What the demo says and keeps before it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from journeyfold.core.errors import Busy, UsageError
from journeyfold.project.scaffold import write_template
from journeyfold.runtime.demonstration import demonstrate
from journeyfold.runtime.supervisor import listen


def test_a_port_in_use_is_said_before_a_history_is_made(tmp_path: Path) -> None:
    taken = listen("127.0.0.1", 0)
    heard: list[str] = []
    with taken, pytest.raises(Busy, match="is in use"):
        demonstrate(
            tmp_path / "shop", data_file=None, port=taken.getsockname()[1], people=5,
            progress=lambda what, _done, _all: heard.append(what),
            ready=lambda _ready: None, say=heard.append,
        )  # fmt: skip
    assert heard == []


def test_a_directory_with_another_shop_is_not_continued(tmp_path: Path) -> None:
    write_template("shop", tmp_path / "shop")
    with pytest.raises(UsageError, match="is not a demo of simulated shoppers"):
        demonstrate(
            tmp_path / "shop", data_file=None, port=1, people=5,
            progress=lambda *_: None, ready=lambda _ready: None, say=lambda _text: None,
        )  # fmt: skip
    assert not (tmp_path / "shop" / ".journeyfold").exists()
