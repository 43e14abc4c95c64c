"""`identity link-records`: pairs of people who may be one, proposed as records (identity 2.7).

A run reads the log, has the records compared, and appends what it found: each pair worth a look,
and one record of what it did. The fold does the rest, so a replay knows every pair and every
verdict without comparing anything. A run that fails appends why, and nothing else.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Literal

import msgspec

from journeyfold.adapters.directory_lock import DirectoryLock
from journeyfold.adapters.linkage import Model, Proposal
from journeyfold.adapters.linkage_model import words_of
from journeyfold.adapters.linkage_records import Kept, Records
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import WEEK_US
from journeyfold.core.ports import Entry, StateReader, StateStore
from journeyfold.identity import review
from journeyfold.identity.closure import Pair, judge
from journeyfold.identity.linkage import Linkage, weight_of
from journeyfold.identity.resolve import Resolver
from journeyfold.identity.review import OPEN_MAX, Proposed, Ran
from journeyfold.project.compile import Compiled, compile_project
from journeyfold.project.definitions import files_at, standing_of
from journeyfold.project.load import load
from journeyfold.project.standing import standing
from journeyfold.runtime.linking_input import Objecting, sightings
from journeyfold.runtime.quality_stop import require_going
from journeyfold.runtime.tracing import traces_linkage
from journeyfold.runtime.workspace import Workspace

Progress = Callable[[str, int, "int | None"], None]
Mode = Literal["full", "incremental"]
FOLDER, FILE = "linkage", "records.duckdb"
RETRAIN_US = WEEK_US  # a model older than this is trained anew
_PIECE = 500


@traces_linkage
def link_records(workspace: Workspace, *, full: bool, progress: Progress) -> Ran:
    """One run. Raises UsageError with the way out, after a record that says so."""
    state = workspace.read_state()
    try:
        compiled, folded = _in_force(workspace, state)
        linkage = compiled.project.identity.linkage
        if linkage is None:
            raise UsageError(
                "identity.yaml says nothing of `linkage:`; add what to compare and how, see "
                "docs/how-to/link-records-that-share-no-identifier.md"
            )
        require_going(workspace, compiled.project, "linkage")
        folder = workspace.place.data / FOLDER
        with DirectoryLock(folder):
            run = _Run(workspace, state, compiled, linkage, folded, full=full, progress=progress)
            try:
                return run.run()
            except UsageError as error:
                run.fail(str(error))
                raise
            finally:
                run.close()
    finally:
        state.close()


class _Run:
    """What one run holds; `close` lets go of it."""

    def __init__(
        self, workspace: Workspace, state: StateStore, compiled: Compiled, linkage: Linkage,
        folded: int, *, full: bool, progress: Progress,
    ) -> None:  # fmt: skip
        self._workspace, self._state, self._compiled = workspace, state, compiled
        self._linkage, self._until, self._progress = linkage, folded, progress
        self._full = full
        self._now_us, self._started_s = workspace.clock.now_us(), time.monotonic()
        self._told = Ran(f"{self._now_us:x}", "", "full" if full else "incremental", self._now_us)
        self._records: Records | None = None

    def run(self) -> Ran:
        path = self._workspace.place.data / FOLDER / FILE
        records = self._records = Records(path, self._linkage)
        kept = self._usable(records.kept)
        mode: Mode = "full" if kept is None else "incremental"
        is_full = kept is None
        self._read(records, -1 if kept is None else kept.until)
        left_out = self._left_out(records, full=is_full)
        rows = records.prepare(left_out, full=is_full)
        self._progress("comparing records", 0, None)
        model = self._compared(records, kept)
        version = f"{model.version}-{self._until}" if kept is None else kept.version
        self._told = msgspec.structs.replace(
            self._told, model=version, mode=mode, until=self._until, rows=rows,
            left_out=len(left_out), skipped=records.skipped,
        )  # fmt: skip
        proposals = self._chosen(records)
        self._append(proposals)
        trained_us = self._now_us if kept is None else kept.trained_us
        digest = digest_of(self._linkage)
        records.keep(
            Kept(version, digest, self._until, trained_us, model.settings), left_out, full=is_full
        )
        self._say(msgspec.structs.replace(self._told, seconds=round(self._passed_s(), 3)))
        return self._told

    def fail(self, why: str) -> None:
        self._say(msgspec.structs.replace(self._told, failure=why, seconds=self._passed_s()))

    def close(self) -> None:
        if self._records is not None:
            self._records.close()

    # -- in order ---------------------------------------------------------------------------------

    def _usable(self, kept: Kept | None) -> Kept | None:
        """The model of before, unless another one is due, asked for, or was taken back."""
        if self._full or kept is None or kept.digest != digest_of(self._linkage):
            return None
        with self._state.read() as reader:
            is_withdrawn = self._resolver(reader).is_withdrawn(kept.version)
        is_old = self._now_us - kept.trained_us > RETRAIN_US
        return None if is_withdrawn or is_old else kept

    def _read(self, records: Records, after: int) -> None:
        log, key = self._workspace.log, self._workspace.node_key
        for piece in sightings(
            log, self._state, self._compiled, key, after=after, upto=self._until,
            read=lambda done: self._progress("reading the log", done + 1, self._until + 1),
        ):  # fmt: skip
            records.take(piece)

    def _left_out(self, records: Records, *, full: bool) -> list[str]:
        with self._state.read() as reader:
            objecting = Objecting(reader, self._resolver(reader))
            return [
                node
                for piece in records.nodes(full=full)
                for node in piece
                if objecting.is_gone(bytes.fromhex(node)) or objecting.objects(bytes.fromhex(node))
            ]

    def _compared(self, records: Records, kept: Kept | None) -> Model:
        if kept is not None:
            model = records.recall()
            records.score_new(model)
            return model
        model = records.train()
        records.score(model)
        return model

    def _chosen(self, records: Records) -> list[Proposed]:
        """As many pairs as join everybody, the strongest; for review no more than have room."""
        bands = self._linkage.bands
        from_weight = weight_of(bands.review_from)
        scored, pairs = records.pairs(from_weight)
        judged = judge(pairs, from_weight)
        counts = Counter[str]()
        with self._state.read() as reader:
            resolver, room = self._resolver(reader), OPEN_MAX - review.tally(reader).open
            chosen = list(_between_people(judged.held, resolver, counts))
        banded = [(pair, bands.band(_probability(pair))) for pair in chosen]
        auto = [pair for pair, band in banded if band == "auto"]
        asked = [pair for pair, band in banded if band == "review"]
        self._told = msgspec.structs.replace(
            self._told, pairs=scored, auto=len(auto), review=min(len(asked), room),
            unlisted=max(0, len(asked) - room), known=counts["known"], refused=counts["refused"],
            implied=counts["implied"], dropped=scored - len(judged.held),
        )  # fmt: skip
        taken = [*auto, *asked[: max(0, room)]]
        says = words_of(self._linkage)
        found = {(one.a, one.b): one for one in records.proposals(taken)}
        return [self._proposed(found[pair.a, pair.b], says) for pair in taken]

    def _proposed(self, found: Proposal, says: dict[str, list[str]]) -> Proposed:
        steps = [(name, level, weight) for name, (level, weight) in found.waterfall.items()]
        band = self._linkage.bands.band(found.probability)
        assert band != "drop", "only what is worth a look was chosen"
        return Proposed(
            found.a, found.b, round(found.weight, 6), found.probability, band,
            tuple(review.words(steps, says)), self._told.model, self._told.run,
        )  # fmt: skip

    def _append(self, proposals: Sequence[Proposed]) -> None:
        for start in range(0, len(proposals), _PIECE):
            piece = proposals[start : start + _PIECE]
            entries = [
                Entry(review.proposal(told, self._now_us), "evidence", nodes=told.nodes)
                for told in piece
            ]
            self._workspace.log.append(entries, now_us=self._workspace.clock.now_us())
            self._progress("proposing pairs", start + len(piece), len(proposals))

    def _say(self, told: Ran) -> None:
        self._told = told
        event = review.report(told, self._workspace.clock.now_us())
        self._workspace.log.append([Entry(event, "evidence")], now_us=event.occurred_us)

    def _resolver(self, reader: StateReader) -> Resolver:
        return Resolver(self._compiled.project.identity, self._workspace.node_key, reader)

    def _passed_s(self) -> float:
        return time.monotonic() - self._started_s


def digest_of(linkage: Linkage) -> str:
    """Of what a model depends on: with other bands or another schedule it is the same."""
    same = msgspec.structs.replace(linkage, bands=type(linkage.bands)(), schedule="0 0 * * *")
    return blake2b(msgspec.json.encode(same, order="sorted"), digest_size=8).hexdigest()


def _between_people(
    held: Iterable[Pair], resolver: Resolver, counts: Counter[str]
) -> Iterator[Pair]:
    """Strongest first; none that follows from stronger ones, for it would be asked in vain."""
    home: dict[str, str] = {}

    def root(person: str) -> str:
        while (above := home.setdefault(person, person)) != person:
            home[person] = home.setdefault(above, above)
            person = above
        return person

    for pair in held:
        a, b = bytes.fromhex(pair.a), bytes.fromhex(pair.b)
        one, other = resolver.person_of(a), resolver.person_of(b)
        if one is None or other is None:
            continue
        if one == other:
            counts["known"] += 1
        elif resolver.forbids(a, b):
            counts["refused"] += 1
        elif root(one) == root(other):
            counts["implied"] += 1
        else:
            home[root(one)] = root(other)
            yield pair


def _probability(pair: Pair) -> float:
    return float(1 / (1 + 2.0**-pair.weight))


def _in_force(workspace: Workspace, state: StateStore) -> tuple[Compiled, int]:
    """The definitions in force, and how far the fold is."""
    with state.read() as reader:
        defined = standing_of(reader)
        if defined.offset < 0:
            raise UsageError("nothing has been folded yet; start the platform once")
        compiled = compile_project(load(files_at(workspace.log, defined.offset)))
        return compiled, standing(reader).offset
