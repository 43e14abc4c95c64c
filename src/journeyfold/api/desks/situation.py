"""Decisions over the last commit: the subject is looked up, the rest is pure (decisions 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journeyfold.core.event import Event, Identifier, Json
from journeyfold.decide.catalogue import Catalogue
from journeyfold.identity.erased import current_node
from journeyfold.identity.normalise import node_of, normalised, person_id
from journeyfold.identity.resolve import person_in
from journeyfold.project.people import profile_of
from journeyfold.project.situation import Situated
from journeyfold.project.standing import standing
from journeyfold.runtime.platform import Platform


class LiveDecisions:
    """`api.ports.Decisions` over the last commit."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def catalogue(self) -> Catalogue | None:
        compiled = self._platform.compiled
        return compiled.catalogue if compiled else None

    def situate(
        self, subject: Sequence[Identifier], context: Mapping[str, Json], now_us: int, source: str
    ) -> Situated:
        compiled, state = self._platform.compiled, self._platform.state()
        assert compiled is not None, "asked after the catalogue was there"
        if state is None:
            return Situated(compiled, None, "", context, now_us, -1)
        usable = normalised(_claims(subject), compiled.project.identity)[0]
        node = node_of(usable[0], self._platform.node_key) if usable else None
        with state.read() as reader:
            offset = standing(reader).offset
            if node is None:
                return Situated(compiled, None, "", context, now_us, offset)
            person = person_in(reader, node)
            if person is None:  # nobody knows them, or they came back after an erasure
                node = current_node(reader, usable[0], self._platform.node_key)
                person = person_in(reader, node)
            profile = profile_of(reader, person) if person else None
        unit, grants = person or person_id(node), compiled.grants.get(source)
        return Situated(compiled, profile, unit, context, now_us, offset, grants)


def _claims(subject: Sequence[Identifier]) -> Event:
    """The subject as the door would see it: normalisation is the same."""
    return Event(
        id="", name="", type="track", source="", identifiers=tuple(subject), occurred_us=0,
        received_us=0, context={"auth": "server"},
    )  # fmt: skip
