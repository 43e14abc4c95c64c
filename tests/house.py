"""A house for tests of the fold: a log, a state and an engine in memory, over the shop project."""

from pathlib import Path

from journeyfold.adapters.memory import MemoryLog, MemoryState
from journeyfold.core.effect import Emit
from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import SPACES, Entry
from journeyfold.identity.normalise import node_of, normalised
from journeyfold.identity.resolve import Resolver
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.load import load, read_directory
from journeyfold.project.people import profile_of
from journeyfold.project.standing import standing

TEMPLATES = Path(__file__).resolve().parents[1] / "src/journeyfold/project/templates"
SHOP = load(read_directory(TEMPLATES / "shop"))
COMPILED = compile_project(SHOP)
KEY = bytes(32)
START = 1_790_000_000_000_000


class House:
    """A log, a state and an engine; everything sent is appended and folded at once."""

    occurs_us = None  # of what is tracked, if not now

    def __init__(self, project=SHOP):
        self.log, self.state = MemoryLog(), MemoryState()
        self.engine = Engine(self.log, KEY, compile_texts)
        self.now_us, self.number, self.effects = START, 0, []
        self.activate(project)

    def activate(self, project):
        self.rules = project.identity
        told = {"hash": project.hash, "files": dict(project.files)}
        self.append(system("project.activated", self.now_us, told), "project")

    def append(self, event, kind="event"):
        usable = normalised(event, self.rules)[0] if event.identifiers else ()
        nodes = tuple(node_of(identifier, KEY) for identifier in usable)
        self.log.append([Entry(event=event, kind=kind, nodes=nodes)], now_us=self.now_us)
        self.fold()

    def fold(self):
        """What others have appended, too."""
        self.effects += fold_all(self.engine, self.log, self.state)

    def track(
        self, name, properties=None, *, user=None, anonymous=None, traits=None, type_="track",
        **other
    ):  # fmt: skip
        """`other`: identifiers of other kinds, `source` and parts of the context."""
        self.number += 1
        source = other.pop("source", "shop_server")
        context = {"auth": "server", **other.pop("context", {})}
        claims = {"user_id": user, "anonymous_id": anonymous, **other}
        self.append(
            Event(
                id=f"e{self.number}", name=name, type=type_, source=source,
                identifiers=tuple(Identifier(kind, value) for kind, value in claims.items() if value),
                occurred_us=self.occurs_us or self.now_us, received_us=self.now_us,
                properties=properties or {}, traits=traits or {}, context=context,
            )
        )  # fmt: skip

    def wait(self, us):
        self.now_us += us
        self.append(system("timer.fired", self.now_us, {"until_us": self.now_us}), "timer")

    def person(self, kind, value):
        with self.state.read() as reader:
            resolver = Resolver(self.rules, KEY, reader)
            person = resolver.person_of(node_of(Identifier(kind, value), KEY))
            return profile_of(reader, person) if person else None

    def verdict(self, **told):
        """Evidence as a reviewer gives it; ends are written `user_id:ann`."""
        self.number += 1
        ends = {end: told[end].split(":", 1) for end in ("a", "b") if end in told}
        at_us = self.now_us
        event = Event(
            id=f"v{self.number}", name="Identity Verdict", type="track", source="_api",
            identifiers=(), occurred_us=at_us, received_us=at_us, properties=told | ends,
            context={"auth": "system"},
        )  # fmt: skip
        self.append(event, "evidence")

    def rebuilt(self, batch=500):
        """The state made anew from the log."""
        state = MemoryState()
        fold_all(Engine(self.log, KEY, compile_texts, complete_builds=True), self.log, state, batch)
        return state

    def emitted(self, name):
        return [each for each in self.effects if isinstance(each, Emit) and each.name == name]


def compile_texts(texts):
    return COMPILED if texts == SHOP.files else compile_project(load(texts))


def fold_all(engine, log, state, batch=500):
    """Fold what the log holds beyond the state's standing; the effects."""
    with state.read() as reader:
        done = standing(reader).offset
    effects = []
    while records := log.read(done, batch):
        with state.write() as writer:
            effects += engine.fold(writer, records)
        done = records[-1].offset
    return effects


def everything(state):
    with state.read() as reader:
        return {space: list(reader.scan(space)) for space in SPACES}


def system(name, at_us, properties):
    return Event(
        id=f"{name}/{at_us}", name=name, type="system", source="_system", identifiers=(),
        occurred_us=at_us, received_us=at_us, properties=properties, context={"auth": "system"},
    )  # fmt: skip
