"""Lists of words with what they stand for: `taxonomies/*.yaml` (quality Q25). Pure.

A value is written one way, its synonyms become it, and a parent puts it into a tree. What is in no
list is never mapped by likeness; the nearest terms are shown to a person who decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import msgspec

from journeyfold.quality.cleaners.name import bare

NEAR = 85.0  # token-sort likeness of 100, from which a term is worth a look
SHOWN = 3
DEPTH_MAX = 20


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One value. `schema_org`: the name of the same thing there, where there is one."""

    synonyms: tuple[str, ...] = ()
    parent: str = ""
    schema_org: str = ""


class Taxonomy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One file: value → what stands for it and what it belongs to."""

    taxonomy: str = ""  # optional in the file; the loader fills in the stem
    description: str = ""
    owner: str = ""
    terms: dict[str, Term] = {}

    @cached_property
    def words(self) -> dict[str, str]:
        """Folded word → the value it stands for."""
        return {bare(word): value for value, word in self.said()}

    @cached_property
    def _sorted_words(self) -> dict[str, str]:
        return {" ".join(sorted(word.split())): value for word, value in self.words.items()}

    def said(self) -> Iterator[tuple[str, str]]:
        """(value, a word for it), each value first by its own name."""
        for value, term in self.terms.items():
            yield value, value
            for synonym in term.synonyms:
                yield value, synonym

    def ancestry(self, value: str) -> list[str]:
        """From the root of the tree to the value itself; of a circle, the way once around."""
        way: list[str] = []
        while value in self.terms and value not in way and len(way) < DEPTH_MAX:
            way.append(value)
            value = self.terms[value].parent
        return way[::-1]

    @cached_property
    def depth(self) -> int:
        return max((len(self.ancestry(value)) for value in self.terms), default=0)

    def levels(self) -> dict[int, dict[str, str]]:
        """Level, 1 at the root → value → its ancestor there; values above the level have none."""
        found: dict[int, dict[str, str]] = {}
        for value in self.terms:
            for level, ancestor in enumerate(self.ancestry(value), 1):
                found.setdefault(level, {})[value] = ancestor
        return found

    def nearest(self, text: str) -> list[tuple[str, float]]:
        """The values whose words are most like it, from 85 of 100 on; never taken by themselves."""
        query = " ".join(sorted(bare(text).split()))
        best: dict[str, float] = {}
        for word, value in self._sorted_words.items():
            score = likeness(query, word)
            if score >= NEAR:
                best[value] = max(score, best.get(value, 0.0))
        return sorted(best.items(), key=lambda found: (-found[1], found[0]))[:SHOWN]


def likeness(one: str, other: str) -> float:
    """Of 100: how much of both is their longest common subsequence, by Hyyrö's bit vectors (2004)."""
    if not one or not other:
        return 0.0
    at: dict[str, int] = {}
    for index, letter in enumerate(one):
        at[letter] = at.get(letter, 0) | 1 << index
    whole = unmatched = (1 << len(one)) - 1
    for letter in other:
        matched = unmatched & at.get(letter, 0)
        unmatched = (unmatched + matched) | (unmatched - matched)
    common = len(one) - (unmatched & whole).bit_count()
    return 200 * common / (len(one) + len(other))


class Fault(msgspec.Struct, frozen=True):
    """What is wrong at `path` of a file; `other` is the path it clashes with, if there is one."""

    path: tuple[str | int, ...]
    message: str
    other: tuple[str | int, ...] = ()


def faults(taxonomy: Taxonomy) -> Iterator[Fault]:
    """A word that stands for two values, a parent that is none, and trees that are circles."""
    first: dict[str, tuple[str, tuple[str | int, ...]]] = {}
    for value, term in taxonomy.terms.items():
        places: list[tuple[str, tuple[str | int, ...]]] = [(value, ("terms", value))]
        for at, word in enumerate(term.synonyms):
            places.append((word, ("terms", value, "synonyms", at)))
        for word, path in places:
            held, where = first.setdefault(bare(word), (value, path))
            if held != value:
                yield Fault(path, f"'{word}' stands for '{held}' and for '{value}'", where)
            elif not bare(word):
                yield Fault(path, f"'{word}' has no letter and no digit")
    yield from _of_parents(taxonomy.terms)


def _of_parents(terms: Mapping[str, Term]) -> Iterator[Fault]:
    told: set[str] = set()
    for value, term in terms.items():
        if term.parent and term.parent not in terms:
            yield Fault(("terms", value, "parent"), f"unknown parent '{term.parent}'")
        way: list[str] = []
        at = value
        while at in terms and at not in way:
            way.append(at)
            at = terms[at].parent
        if at in way and not told & set(way):
            circle = way[way.index(at) :]
            told |= set(circle)
            named = " in ".join(f"'{each}'" for each in (*circle, circle[0]))
            yield Fault(
                ("terms", circle[0], "parent"), f"a circle: {named}",
                ("terms", circle[-1], "parent"),
            )  # fmt: skip
