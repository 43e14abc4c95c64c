"""A house with the fold loop and the dispatcher of `work`, in step with a clock of the test's own."""

import threading
import time

from house import KEY, House, compile_texts

from journeyfold.activate.destination import Answer, Destined, Outcome
from journeyfold.activate.tracking import TokenKey
from journeyfold.adapters.memory import MemoryState
from journeyfold.core.effect import Deliver
from journeyfold.project.compile import PUSH
from journeyfold.project.engine import Engine
from journeyfold.project.letters import Letters
from journeyfold.runtime import outbox
from journeyfold.runtime.dispatch import Dispatcher
from journeyfold.runtime.fold_loop import FoldLoop, output_entry
from journeyfold.runtime.lanes import Lanes
from journeyfold.runtime.lease_mark import LeaseMark
from journeyfold.runtime.results import told
from journeyfold.runtime.settling import Settling


class Post(House):
    """`deliver` lets the dispatcher work until nothing is under way or due."""

    def __init__(self, project, path, http=None, **recorders):
        """`recorders` are destinations that no file says."""
        self.loop, self.recorders, self.marks = None, recorders, _Marks()
        self.reported = []  # to whoever looks at the terminal
        super().__init__(project)
        self.path, self.http = path, http or no_http
        self.loop = FoldLoop(self.log, self.state, self.engine, _Clock(self))
        self.begin()

    def begin(self):
        """The dispatcher of a new process over the same stores."""
        self.lanes = _Recorded(
            self.state, lambda: self.engine.definitions.in_force, _Clock(self),
            lambda _allowed: self.http, self.path, self.path,
            Letters(TokenKey(KEY), "http://127.0.0.1:8080"),
        )  # fmt: skip
        settling = Settling(self.log, self.loop.entries_of, output_entry, lambda: self.now_us)
        self.lanes.recorders = self.recorders
        with self.state.read() as reader:
            leases = LeaseMark(self.marks, reader, self.log.head()[0])
        self.dispatcher = Dispatcher(
            self.log, self.state, self.lanes, settling, _Clock(self), self.reported.append,
            leases=leases,
        )  # fmt: skip
        self.commands = self.loop.commands
        self.dispatcher.take_up()
        self.fold()

    def lose_state(self):
        """It was damaged and set aside: the next process begins with an empty one."""
        self.lanes.close(5)
        self.state = MemoryState()
        self.engine = Engine(self.log, KEY, compile_texts)
        self.loop = FoldLoop(self.log, self.state, self.engine, _Clock(self))
        self.begin()

    def fold(self):
        if self.loop is None:
            super().fold()
            return
        while True:
            number, delivers = self.loop.batch(500)
            if not number:
                return
            self.effects += delivers
            if hasattr(self, "dispatcher"):
                self.dispatcher.fresh([each for each in delivers if each.destination != PUSH])
                if self.loop.commands != self.commands:
                    self.commands = self.loop.commands
                    self.dispatcher.look_again()

    def deliver(self):
        until_s = time.monotonic() + 20
        while True:
            self.dispatcher.listen(0.01)
            self.dispatcher.turn()
            self.fold()
            if self.dispatcher.is_idle():
                return
            assert time.monotonic() < until_s, "the dispatcher does not come to an end"

    def stage(self, *delivers):
        """As if a record of the fold had made them."""
        with self.state.write() as writer:
            outbox.stage(writer, delivers)
        self.dispatcher.fresh(delivers)

    def restage(self, *delivers):
        """Rows that stood in the state before this process began."""
        with self.state.write() as writer:
            outbox.stage(writer, delivers)
        self.dispatcher.look_again()

    def command(self, name, number=0, **asked):
        entry = outbox.command(name, {"filter": asked}, self.now_us, f"{name}/{number}")
        self.log.append([entry], now_us=self.now_us)
        self.fold()

    def ask(self, name, **told):
        """Of a destination."""
        entry = outbox.command(name, told, self.now_us, f"{name}/{self.now_us}")
        self.log.append([entry], now_us=self.now_us)
        self.fold()

    def record_result(self, deliver, result):
        """As a process before this one did, that then was killed."""
        say = told(outbox.Row(deliver), deliver.destination, result, {}, self.now_us)
        self.log.append(self.loop.entries_of([say]), now_us=self.now_us)

    def rows(self):
        with self.state.read() as reader:
            return list(outbox.rows(reader))

    def results(self, *prefixes):
        prefixes = prefixes or ("message.", "webhook.", "delivery.")
        found = self.log.read(-1, 100_000)
        return [each.event for each in found if each.event.name.startswith(prefixes)]


def no_http(_call):
    return Answer(0, problem="nobody is there", is_unreached=True)


no_http.close = lambda: None


class _Marks:
    """Named numbers, as the log keeps them."""

    def __init__(self):
        self.numbers = {}

    def number(self, name):
        return self.numbers.get(name)

    def set_number(self, name, value):
        self.numbers[name] = value


class _Clock:
    def __init__(self, post):
        self.post = post

    def now_us(self):
        return self.post.now_us


class _Recorded(Lanes):
    """Lanes that know some destinations more."""

    def destined(self, name):
        return self.recorders.get(name) or super().destined(name)


class Recorder(Destined, frozen=True, kw_only=True, tag="recorder"):
    """A destination that answers as it is told; `answers` is shared by all that are opened."""

    takes = frozenset({"webhook", "event", "upsert", "remove"})

    book: object = None

    def open(self, tools):
        if self.book.problem is not None:
            raise self.book.problem
        return _Open(self.book)


class Book:
    """What came, and what is answered: outcomes in turn, then `sent`; a number is waited for."""

    def __init__(self, *answers):
        self.came, self.answers, self.is_closed, self.problem = [], list(answers), False, None
        self.sizes = []


class _Open:
    def __init__(self, book):
        self.book = book

    def deliver(self, parcels):
        self.book.came += [parcel.key for parcel in parcels]
        self.book.sizes.append(len(parcels))
        return [self._answer() for _ in parcels]

    def _answer(self):
        answer = self.book.answers.pop(0) if self.book.answers else Outcome("sent")
        if isinstance(answer, threading.Event):
            answer.wait(20)
            return Outcome("sent")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.book.is_closed = True


def effect(number, destination="crm", delivery="at_least_once", due_us=0, **payload):
    """One for nobody in particular."""
    told = {"kind": "webhook", "delivery": delivery, **payload}
    return Deliver(f"effect-{number}", destination, "", due_us, "necessary", told)
