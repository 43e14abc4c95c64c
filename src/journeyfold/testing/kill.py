"""Kill points for tests: which there are, and the environment that arms one."""

from __future__ import annotations

from journeyfold.adapters.faults import POINTS, VARIABLE

__all__ = ["POINTS", "armed"]


def armed(name: str, count: int = 1) -> dict[str, str]:
    """The variables to start a process with, so that it dies at the `count`th visit of a point."""
    assert name in POINTS, f"unknown kill point {name}"
    return {VARIABLE: f"{name}:{count}"}
