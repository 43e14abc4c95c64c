"""What every destination that is asked by HTTP may say beside its own keys."""

from __future__ import annotations

import msgspec

from journeyfold.activate.destination import Destined, Tools
from journeyfold.activate.headers import headers_problem


class Platform(Destined, frozen=True, kw_only=True):
    """`headers` go with every request, for a proxy say; their values may hold references."""

    headers: dict[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        problem = headers_problem(self.headers)
        if problem:
            raise ValueError(f"headers: {problem}")

    def headers_of(self, tools: Tools) -> dict[str, str]:
        """With their references replaced; in lower case, so that a kind's own win."""
        return {name.lower(): tools.secret(value) for name, value in self.headers.items()}
