"""Who the simulated shoppers are: a name, some devices, a taste, a purse and a view on consent.

A shopper is a function of the seed and a number, so history and live traffic know the same people.
"""

from __future__ import annotations

from random import Random
from typing import Literal

import msgspec

from journeyfold.testing.catalogue import CATEGORIES

Answer = Literal["all", "no_marketing", "none", "silent"]


class Device(msgspec.Struct, frozen=True):
    anonymous_id: str
    kind: Literal["mobile", "desktop", "tablet"]
    user_agent: str


class Shopper(msgspec.Struct, frozen=True):
    """`visits` is how many a month of 30 days brings, `purse` multiplies how much is bought."""

    number: int
    user_id: str
    email: str
    first_name: str
    last_name: str
    country: str
    city: str
    locale: str
    timezone: str
    birth_year: int
    devices: tuple[Device, ...]
    tastes: tuple[str, ...]
    visits: float
    purse: float
    answer: Answer
    is_customer: bool  # had an account before the history begins


_COUNTRIES = (
    # country, share, locale, zone, cities, first names, last names
    ("DE", 46, "de-DE", "Europe/Berlin", "Berlin Hamburg München Köln Leipzig Freiburg Essen",
     "Anna Lukas Marie Jonas Sophie Paul Lena Felix Mia Maximilian Clara Emil Greta Ben Jürgen",
     "Müller Schmidt Schneider Fischer Weber Wagner Becker Hoffmann Koch Richter Wolf Schröder"),
    ("AT", 20, "de-AT", "Europe/Vienna", "Wien Graz Linz Salzburg Innsbruck",
     "Johanna Tobias Katharina Florian Theresa Matthias Eva Stefan Barbara Andreas",
     "Gruber Huber Bauer Steiner Moser Mayer Hofer Leitner Berger Fuchs Eder Pichler"),
    ("CH", 14, "de-CH", "Europe/Zurich", "Zürich Basel Bern Luzern Winterthur",
     "Laura Noah Nina Leon Sara Luca Elena Nico Livia Reto Urs Regula",
     "Meier Keller Huber Frei Baumann Brunner Gerber Schmid Zimmermann Moser"),
    ("NL", 10, "nl-NL", "Europe/Amsterdam", "Amsterdam Utrecht Rotterdam Groningen",
     "Emma Daan Sanne Bram Lotte Sem Fleur Thijs Femke Jeroen",
     "Jansen Visser Smit Bakker Mulder Bos Vos Peters Hendriks Dekker"),
    ("FR", 6, "fr-FR", "Europe/Paris", "Paris Lyon Lille Strasbourg",
     "Camille Hugo Chloé Louis Manon Jules Élodie Antoine",
     "Martin Bernard Dubois Petit Durand Leroy Moreau Simon"),
    ("BE", 4, "nl-BE", "Europe/Brussels", "Antwerpen Gent Brussel Brugge",
     "Elise Arthur Noor Lars Julie Wout Amber Seppe",
     "Peeters Maes Jacobs Mertens Willems Claes Goossens Wouters"),
)  # fmt: skip
_AGENTS: dict[Literal["mobile", "desktop", "tablet"], tuple[str, ...]] = {
    "mobile": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
    ),
    "desktop": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    ),
    "tablet": (
        "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",
    ),
}
_PLAIN = str.maketrans("äöüéèÄÖÜÉ", "aoueeAOUE")
SHARED_EVERY = 40  # every 40th shopper shares a tablet with the one before


def dice(seed: str, *parts: object) -> Random:
    """The same parts give the same throws, on every machine."""
    return Random("/".join(map(str, (seed, *parts))))  # noqa: S311 - a simulation, not a secret


def shopper(seed: str, number: int) -> Shopper:
    throw = dice(seed, "shopper", number)
    country, _, locale, zone, cities, first_names, last_names = throw.choices(
        _COUNTRIES, [entry[1] for entry in _COUNTRIES]
    )[0]
    first, last = throw.choice(first_names.split()), throw.choice(last_names.split())
    mailbox = f"{first}.{last}{number}".translate(_PLAIN).lower()
    return Shopper(
        number=number,
        user_id=f"u{number:05d}",
        email=f"{mailbox}@{throw.choice(('example.com', 'example.org', 'example.net'))}",
        first_name=first,
        last_name=last,
        country=country,
        city=throw.choice(cities.split()),
        locale=locale,
        timezone=zone,
        birth_year=int(throw.triangular(1950, 2007, 1986)),
        devices=_devices(seed, number, throw),
        tastes=tuple(throw.sample(CATEGORIES, k=throw.choice((1, 2, 2, 3)))),
        visits=min(2.1 * throw.paretovariate(2.0), 30.0),
        purse=min(throw.paretovariate(1.6), 12.0),
        answer=throw.choices(("all", "no_marketing", "none", "silent"), (60, 18, 12, 10))[0],
        is_customer=throw.random() < 0.35,
    )


def _devices(seed: str, number: int, throw: Random) -> tuple[Device, ...]:
    kinds: list[Literal["mobile", "desktop", "tablet"]] = ["mobile"]
    if throw.random() < 0.55:
        kinds.append("desktop")
    if throw.random() < 0.12:
        kinds.append("tablet")
    devices = [_device(seed, number, kind) for kind in kinds]
    if number % SHARED_EVERY == 0 and number:
        devices.append(_device(seed, number - 1, "tablet"))
    elif number % SHARED_EVERY == SHARED_EVERY - 1 and "tablet" not in kinds:
        devices.append(_device(seed, number, "tablet"))
    return tuple(devices)


def _device(seed: str, number: int, kind: Literal["mobile", "desktop", "tablet"]) -> Device:
    throw = dice(seed, "device", number, kind)
    bits = throw.getrandbits(128)
    text = f"{bits:032x}"
    name = f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
    return Device(name, kind, throw.choice(_AGENTS[kind]))
