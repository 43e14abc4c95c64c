"""`journeyfold identity`, as the command line asks for it; see `runtime.commands`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from journeyfold.runtime.workspace import opened


def identity(directory: Path, data: Path | None, ask: Callable[..., object]) -> object:
    from journeyfold.runtime.identity_asks import IdentityAsks

    with opened(directory, data) as workspace:
        return ask(IdentityAsks(workspace))
