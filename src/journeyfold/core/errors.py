"""The error tree. Wrong data from outside is a value; these are for what must stop someone.

JourneyfoldError            exit code
 ├── UsageError             64   the command line or the call is wrong
 ├── ProjectError           78   the project directory is wrong (carries `Problem`s)
 ├── FormatError            78   data of another release, or keys that do not open it
 ├── DamageError            74   a store whose bytes are not what was written
 │    └── StateDamageError  74   the state store: it is set aside and rebuilt from the log
 ├── EngineError            74   a store or disk that does not work (the shell may retry)
 │    └── StateGrew         74   the state store made room: the caller repeats its batch
 └── Busy                   75   try again later (queue full, disk full, lock held)
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class JourneyfoldError(Exception):
    """One clear sentence: what, where, and how to fix it."""

    exit_code = 1


class UsageError(JourneyfoldError):
    exit_code = 64


class FormatError(JourneyfoldError):
    exit_code = 78


class EngineError(JourneyfoldError):
    exit_code = 74


class DamageError(EngineError):
    exit_code = 74


class StateDamageError(DamageError):
    exit_code = 74


class StateGrew(EngineError):  # noqa: N818 - it is good news: repeat the batch (trust REL-17)
    exit_code = 74


class Busy(JourneyfoldError):  # noqa: N818 - it is a state of the world, not a mistake
    """`retry_after_s` is what the HTTP face says in Retry-After."""

    exit_code = 75

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Problem(msgspec.Struct, frozen=True):
    """One finding of `check`: `file:line:column code message` and what to do about it."""

    file: str
    line: int
    column: int
    code: str
    message: str
    text: str = ""  # the offending line as written
    suggestion: str = ""
    severity: str = "error"  # error | hint

    def __str__(self) -> str:
        tail = f"; {self.suggestion}" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}{tail}"


class ProjectError(JourneyfoldError):
    exit_code = 78

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
