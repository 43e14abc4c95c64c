"""Keys and webhook secrets put in for their references, where they are used (trust SEC-20).

The project that goes into the log holds `${env:NAME}`; only the door's own copy holds the value.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from journeyfold.core.errors import UsageError
from journeyfold.project.model import Project
from journeyfold.project.substitute import substitute
from journeyfold.sources.inventory import Source

Say = Callable[[str], None]


def revealed(project: Project, directory: Path, say: Say) -> Project:
    """The project as the door needs it. What is not there opens nothing, and is said."""
    sources = {name: _revealed(source, directory, say) for name, source in project.sources.items()}
    return msgspec.structs.replace(project, sources=sources)


def _revealed(source: Source, directory: Path, say: Say) -> Source:
    if source.keys:
        source = msgspec.structs.replace(source, keys=_values(source.keys, directory, say))
    if source.webhook is not None and source.webhook.secrets:
        secrets = _values(source.webhook.secrets, directory, say)
        webhook = msgspec.structs.replace(source.webhook, secrets=secrets)
        source = msgspec.structs.replace(source, webhook=webhook)
    return source


def _values(texts: Iterable[str], directory: Path, say: Say) -> tuple[str, ...]:
    values = []
    for text in texts:
        try:
            values.append(substitute(text, os.environ, lambda name: (directory / name).read_text()))
        except UsageError as missing:
            say(f"a key or secret opens nothing: {missing}")
    return tuple(value for value in values if value)
