"""Templates to HTML: one environment, autoescaped, with the words and pictures pages share."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from journeyfold.console import svg, wording
from journeyfold.console.assets import Assets
from journeyfold.console.code import yaml_lines
from journeyfold.console.places import PLACES
from journeyfold.console.roles import may

if TYPE_CHECKING:
    from journeyfold.console.ask import Ask

_THEMES = frozenset(("light", "dark"))


class Screens:
    """The templates with what every page needs: the rail, the log's head, the user."""

    def __init__(self, assets: Assets) -> None:
        self._env = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals.update(
            asset=assets.url,
            places=PLACES,
            share_bar=svg.share_bar,
            sparkline=svg.sparkline,
            plural=wording.plural,
            percent=wording.share,
            rate=wording.rate,
            split=_split,
            yaml_lines=yaml_lines,
            met=wording.met,
        )
        self._env.filters.update(
            exact=wording.exact,
            short=wording.short,
            figure=wording.figure,
            lasting=wording.lasting,
            millis=wording.millis,
            person=wording.short_person,
            shown=wording.shown,
            fault=wording.fault,
            query=_query,
            segment_path=_path,
        )

    def page(self, template: str, ask: Ask, values: dict[str, object]) -> str:
        head, head_us = ask.desk.log.head()
        held = sum(reason.waiting for reason in ask.desk.quarantine.reasons())
        return self._env.get_template(template).render(
            ask=ask,
            user=ask.user,
            csrf=ask.user.csrf,
            dates=ask.dates,
            project=ask.project,
            head=head,
            head_us=head_us,
            waiting=held,
            theme=_theme(ask.cookies.get("theme", "")),
            may=partial(may, ask.user.role),
            **values,
        )

    def bare(self, template: str, theme: str = "", **values: object) -> str:
        """A page without the rail: the door and what can be said before anyone is known."""
        return self._env.get_template(template).render(theme=_theme(theme), **values)

    def part(self, template: str, macro: str, *given: object) -> Markup:
        """One macro of a template: a row for the live tail."""
        module = self._env.get_template(template).module
        rendered: Markup = getattr(module, macro)(*given)
        return rendered


def _theme(cookie: str) -> str:
    return cookie if cookie in _THEMES else ""


def _query(values: dict[str, object], **changed: object) -> str:
    """The URL's state with something changed; empty values fall out (console C10)."""
    merged = {key: value for key, value in (values | changed).items() if value not in ("", None)}
    return f"?{urlencode(merged)}" if merged else "?"


def _split(text: str) -> tuple[str, str]:
    """`84 ms` → number and unit, for a figure that shows them at two sizes."""
    number, _, unit = text.partition(wording.NBSP)
    return number, unit


def _path(text: str) -> str:
    return quote(text, safe="")
