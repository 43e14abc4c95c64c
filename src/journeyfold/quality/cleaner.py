"""What cleaning is: a value in, a value out and what was done to it (quality Q17). Pure.

A cleaner is a struct of its arguments with a `clean` method; it is idempotent, its locale is
explicit, and it never guesses. The raw value stays in the record, so a mended cleaner repairs
history when the state is built again.
"""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple, TypeAlias

import msgspec

from journeyfold.core.event import Json

State: TypeAlias = Literal["ok", "changed", "failed"]
OnFailed: TypeAlias = Literal["keep", "null", "quarantine"]


class Cleaned(NamedTuple):
    """`detail` says why it failed, without the value."""

    value: Json
    state: State
    detail: str = ""


class Cleaner(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """One kind of cleaning with its arguments; `short` is the one that a list or text sets."""

    name: ClassVar[str] = ""
    short: ClassVar[str] = ""
    fails_to: ClassVar[OnFailed] = "null"

    on_failed: OnFailed | None = None

    def clean(self, value: Json) -> Cleaned:
        """Null stays null; what fails is kept, dropped or set aside as `on_failed` says."""
        if value is None:
            return Cleaned(None, "ok")
        found = self.cleaned(value)
        if isinstance(found, str | int | float | bool):
            is_same = found == value and type(found) is type(value)
            return Cleaned(found, "ok" if is_same else "changed")
        if found is None:
            return Cleaned(None, "changed")
        kept = value if (self.on_failed or self.fails_to) == "keep" else None
        return Cleaned(kept, "failed", found.why)

    @property
    def beside(self) -> str:
        """The path of the field of a record that says in which country the value is to be read."""
        return ""

    def in_country(self, code: str) -> Cleaner:
        """The same for a country, as alpha-2; itself where it has none."""
        del code
        return self

    def cleaned(self, value: Json) -> str | float | bool | Failure | None:
        """None says that the value means nothing."""
        raise NotImplementedError(value)


class Failure(NamedTuple):
    why: str


def text_of(value: Json) -> str | None:
    """What can be read as one text; booleans, lists and objects cannot."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value)


NO_TEXT = Failure("it is no text")


def require_path(path: str) -> None:
    """Of `country_of`; ValueError where it names no field of a record."""
    root, _, name = path.partition(".")
    if path and (root not in {"traits", "properties"} or not name):
        raise ValueError(f"country_of: '{path}' is no field; write traits.NAME or properties.NAME")
