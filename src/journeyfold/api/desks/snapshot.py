"""One consistent look at the state: people, identity and the version in force at one commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from journeyfold.core.errors import EngineError
from journeyfold.core.event import Identifier
from journeyfold.core.ports import StateReader
from journeyfold.core.profile import Profile
from journeyfold.identity.explain import node_of_person
from journeyfold.identity.normalise import identifier as normalised_identifier
from journeyfold.identity.resolve import Resolver
from journeyfold.project.compile import Compiled
from journeyfold.project.people import profile_of
from journeyfold.project.standing import standing
from journeyfold.runtime.as_of import Past
from journeyfold.runtime.platform import Platform


class Snapshot:
    """Valid while its transaction is open."""

    def __init__(self, reader: StateReader, compiled: Compiled, node_key: bytes) -> None:
        self.reader, self.compiled = reader, compiled
        self.resolver = Resolver(compiled.project.identity, node_key, reader)

    @property
    def offset(self) -> int:
        return standing(self.reader).offset

    def node(self, claim: Identifier) -> bytes | None:
        """The node of a claimed identifier, normalised; None when it names nobody."""
        usable = normalised_identifier(claim.kind, claim.value, self.compiled.project.identity)
        return self.resolver.node(usable) if usable else None

    def current(self, person: str) -> str | None:
        """The id a person has now, given any id they ever had."""
        node = node_of_person(person)
        return self.resolver.person_of(node) if node else None

    def profile(self, person: str) -> Profile | None:
        current = self.current(person)
        return profile_of(self.reader, current) if current else None


@contextmanager
def snapshot(platform: Platform | Past) -> Iterator[Snapshot]:
    """EngineError while there is no state or no project in force yet: come back in a moment."""
    state, compiled = platform.state(), platform.compiled
    if state is None or compiled is None:
        raise EngineError("the state is being built")
    with state.read() as reader:
        yield Snapshot(reader, compiled, platform.node_key)
