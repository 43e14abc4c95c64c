"""Files of the operator's that the door looks things up in: places and the weather (C48, C49).

A file that cannot be read is said and done without: the door stays open.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from journeyfold.adapters.places import Places
from journeyfold.adapters.weather import WeatherTable
from journeyfold.collect.situation import Place
from journeyfold.collect.whereabouts import Weather
from journeyfold.core.errors import UsageError
from journeyfold.project.model import Project
from journeyfold.project.places import places_path, weather_path

File = TypeVar("File", Places, WeatherTable)


class ReferenceFiles:
    """Those of one version of a project; `refresh` takes up what was replaced."""

    def __init__(self, project: Project, directory: Path, say: Callable[[str], None]) -> None:
        self._places = _opened(Places, places_path(project, directory), say)
        weather = partial(WeatherTable, say=say)
        self._weather = _opened(weather, weather_path(project, directory), say)

    @property
    def place(self) -> Place | None:
        return self._places.find if self._places else None

    @property
    def weather(self) -> Weather | None:
        return self._weather.find if self._weather else None

    def refresh(self) -> None:
        if self._places is not None:
            self._places.refresh()
        if self._weather is not None:
            self._weather.refresh()


def _opened(
    kind: Callable[[Path], File], path: Path | None, say: Callable[[str], None]
) -> File | None:
    try:
        return kind(path) if path else None
    except (UsageError, OSError) as error:
        say(str(error))
        return None
