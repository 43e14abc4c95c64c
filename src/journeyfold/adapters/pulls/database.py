"""A connection that only reads, and what a database says as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyfold.collect.line import NoAnswer
from journeyfold.core.instant import duration_us
from journeyfold.sources.pull import Sql

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

_USUAL = {"postgresql": "postgresql+pg8000", "postgres": "postgresql+pg8000"}
_EXTRA = "reading databases needs an extra; run: pip install 'journeyfold[sql]'"


@contextmanager
def connected(pull: Sql, directory: str) -> Iterator[Connection]:
    """Paths of SQLite go from the project's directory; a file that is not there is not made."""
    engine = _engine(pull, directory)
    try:
        options: dict[str, Any] = {"stream_results": True}
        if engine.name == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with engine.connect().execution_options(**options) as connection:
            if engine.name == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = ON")
            yield connection
    finally:
        engine.dispose()


def sentence(error: BaseException) -> str:
    """The database's own words, without our statement and its values."""
    from sqlalchemy.exc import DBAPIError, NoSuchTableError

    if isinstance(error, NoSuchTableError):
        return f"the database has no table {str(error)!r}"
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = cause.args[0] if cause.args else cause
    text = said.get("M", said) if isinstance(said, dict) else said
    words = " ".join(str(text).split())[:500] or type(cause).__name__
    if isinstance(error, OSError) or _is_unreached(error):
        return f"the database does not answer: {words}"
    return f"the database refuses: {words}"


def _is_unreached(error: BaseException) -> bool:
    from sqlalchemy.exc import DBAPIError

    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    name = type(getattr(error, "orig", None)).__name__
    return is_lost or name in {"InterfaceError", "ConnectionError"}


def _engine(pull: Sql, directory: str) -> Engine:
    try:
        import sqlalchemy as sa
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError
    except ImportError:
        raise NoAnswer(_EXTRA) from None
    try:
        url = sa.make_url(pull.url)
    except ArgumentError:
        raise NoAnswer(
            "`url` is no address of a database; write postgresql://user:password@host/name"
        ) from None
    url = url.set(drivername=_USUAL.get(url.drivername, url.drivername))
    try:
        timeout_s = (duration_us(pull.timeout) or 0) / 1e6
        return sa.create_engine(_placed(url, directory), connect_args=_patience(url, timeout_s))
    except NoSuchModuleError:
        raise NoAnswer(f"SQLAlchemy knows no database '{url.drivername}'") from None
    except ImportError as error:
        if url.drivername == "postgresql+pg8000":
            raise NoAnswer(_EXTRA) from None
        raise NoAnswer(
            f"the driver of {url.drivername} is not installed ({error}); install it beside "
            "journeyfold with pip"
        ) from None


def _placed(url: URL, directory: str) -> URL:
    if not url.drivername.startswith("sqlite") or not url.database:
        return url
    path = Path(directory) / url.database
    if not path.is_file():
        raise NoAnswer(f"there is no file {path}")
    return url.set(database=str(path))


def _patience(url: URL, timeout_s: float) -> dict[str, Any]:
    """Drivers name it differently; of those unknown here the URL's query says it."""
    known = url.drivername.startswith(("sqlite", "postgresql+pg8000"))
    return {"timeout": timeout_s} if known else {}
