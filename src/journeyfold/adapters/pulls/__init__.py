"""One file a kind of pull: what `read` asks for over the network, as rows with a mark (ADR 30).

What users write is a struct of `sources/pull.py`. A module here opens it: libraries beyond the core
ones are imported inside, and `Rows.mark` says after each row where the next run goes on.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import assert_never

import msgspec

from journeyfold.collect.frames import Job
from journeyfold.collect.line import Rows
from journeyfold.sources.inventory import Source
from journeyfold.sources.pull import Http, Sql


def open_pull(job: Job, source: Source, stack: ExitStack) -> Rows:
    """The rows of a job that was `pulled`, in the child that runs it."""
    assert job.pulled is not None, "only pulls are read here"
    assert source.read is not None, "an import has `read`: Source checks it"
    pull = source.read.pull
    assert pull is not None, "only pulls are read here"
    filled = msgspec.convert(job.pulled.settings, type(pull))
    match filled:
        case Sql():
            from journeyfold.adapters.pulls.sql import open_sql

            return open_sql(filled, job, source, stack)
        case Http():
            from journeyfold.adapters.pulls.http import open_http

            return open_http(filled, job, source, stack)
        case _:
            assert_never(filled)
