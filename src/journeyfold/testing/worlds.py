"""Small random worlds of identity evidence: shared devices, verdicts of every kind, repetition.

A world is a function of its number, so a difference that a run finds can be looked at again.
"""

from __future__ import annotations

from random import Random

import msgspec

from journeyfold.core.event import Record
from journeyfold.identity.normalise import person_id
from journeyfold.identity.rules import IdentityRules
from journeyfold.testing.evidence import resolved, suppressed
from journeyfold.testing.judge import RULES, VALUES, Step, build, judge
from journeyfold.testing.shopper import dice

_AUTHS = ("server", "server", "browser", "import")
_TYPES = ("track", "track", "track", "alias")
_METHODS = ("event", "alias", "import", "review")
_VERDICTS = ("link", "equal", "cannot", "retract", "retract", "select", "block")
LONGEST = 24


def steps(random: Random, longest: int = LONGEST) -> list[Step]:
    """Two steps of three are sightings; a third of the sightings share a device."""
    return [
        _verdict(random) if random.random() < 0.33 else _sighting(random)
        for _ in range(random.randint(2, longest))
    ]


def world(number: int) -> list[Record]:
    return build(steps(dice("world", number)))


def differences(number: int, rules: IdentityRules = RULES) -> list[str]:
    """How one world's people differ between two orders of delivery, and from the judge; [] is right.

    The second order is a permutation with some records delivered twice.
    """
    random = dice("order", number)
    records = world(number)
    said = judge(records, rules)
    expected = {node: person_id(anchor) for node, anchor in said.anchors.items()}
    found = []
    for name, each in (("as written", records), ("permuted", _permuted(records, random))):
        after = resolved(each, rules, random.choice((1, 7, 500)))
        people = {node: person for person, members in after.people().items() for node in members}
        refused = {
            bytes.fromhex(id_): "hub" if why.startswith("hub") else why
            for id_, why in suppressed(after).items()
        }
        if people != expected:
            found.append(f"world {number}, {name}: other people")
        if refused != said.refused:
            found.append(f"world {number}, {name}: other suppressed links")
    return found


def _permuted(records: list[Record], random: Random) -> list[Record]:
    again = [random.choice(records) for _ in range(random.randint(0, 4))]
    mixed = [*records, *again]
    random.shuffle(mixed)
    return [msgspec.structs.replace(each, offset=at) for at, each in enumerate(mixed)]


def _sighting(random: Random) -> Step:
    chosen = random.sample(VALUES, random.randint(1, 4))
    return ("seen", chosen, random.randint(0, 9), random.choice(_AUTHS), random.choice(_TYPES))


def _verdict(random: Random) -> Step:
    kind = random.choice(_VERDICTS)
    match kind:
        case "retract":
            return (kind, random.randint(0, 60))
        case "select":
            return (kind, random.choice(_METHODS))
        case "block":
            return (kind, random.choice(VALUES))
    return (kind, random.choice(VALUES), random.choice(VALUES))
