"""A system of codes: a letter and two digits are a category, what follows a dot divides it.

Categories lie in blocks and blocks in chapters, both of which are ranges such as `S60-S69`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Final, NamedTuple, Self, TypeAlias

from pydantic import Field, PrivateAttr, StringConstraints, model_validator

from rft_core import PluginConfig

LEVELS: Final = ("chapter", "block", "category", "code")
"""From the widest to the deepest."""
CATEGORY: Final = 3
"""A category has so many characters."""

Code: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[A-Z][0-9]{2}(?:\.[0-9A-Z]{1,4})?$", max_length=8)
]
Range: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[A-Z][0-9]{2}-[A-Z][0-9]{2}$", max_length=7)
]
Title: TypeAlias = Annotated[str, StringConstraints(max_length=200)]


class Place(NamedTuple):
    """Where a code stands: equal places up to a level mean a common ancestor of that level."""

    chapter: str
    block: str
    category: str
    code: str


class Block(PluginConfig):
    """A range of categories."""

    range: Range
    """The first category and the last, such as `S60-S69`."""
    title: Title = ""
    """What it is about; for readers."""

    @property
    def first(self) -> str:
        """The first category."""
        return self.range[:CATEGORY]

    @property
    def last(self) -> str:
        """The last category."""
        return self.range[-CATEGORY:]


class Chapter(Block):
    """A range of categories with blocks in it."""

    blocks: Annotated[tuple[Block, ...], Field(max_length=1000)] = ()
    """In order; a category between blocks has none."""

    @model_validator(mode="after")
    def _blocks_are_inside(self) -> Self:
        _check_order(self.blocks, f"chapter {self.range}")
        for block in self.blocks:
            if not self.first <= block.first <= block.last <= self.last:
                raise ValueError(f"block {block.range} is not within its chapter {self.range}")
        return self


class CodeSystem(PluginConfig):
    """Chapters with their blocks, and the codes that exist."""

    name: Title = ""
    """What the system is called; for readers."""
    chapters: Annotated[tuple[Chapter, ...], Field(min_length=1, max_length=200)]
    """In order, without overlap."""
    codes: Annotated[dict[Code, Title], Field(default_factory=dict, max_length=50_000)]
    """The codes that exist, with titles; none: every code within a chapter exists.

    Their categories exist as well: they say less, and nothing wrong.
    """

    _starts: list[str] = PrivateAttr(default_factory=list)
    _categories: set[str] = PrivateAttr(default_factory=set)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _check_order(self.chapters, "the system")
        self._starts = [chapter.first for chapter in self.chapters]
        self._categories = {code[:CATEGORY] for code in self.codes}
        for code in self.codes:
            if self._chapter(code[:CATEGORY]) is None:
                raise ValueError(f"the code {code} is in no chapter")
        return self

    def place(self, code: str) -> Place | None:
        """Return where a code in normal form (`S62.1`) stands; None if there is no such code."""
        if self.codes and code not in self.codes and code not in self._categories:
            return None
        category = code[:CATEGORY]
        chapter = self._chapter(category)
        if chapter is None:
            return None
        block = _holding(chapter.blocks, category)
        return Place(chapter.range, block.range if block else category, category, code)

    def _chapter(self, category: str) -> Chapter | None:
        place = bisect_right(self._starts, category) - 1
        if place < 0 or category > self.chapters[place].last:
            return None
        return self.chapters[place]


_FORM: Final = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9A-Z]{1,4})?")
_DOTLESS: Final = re.compile(r"([A-Z][0-9]{2})\.?([0-9A-Z]{1,4})?")


def normal_form(written: Any, normalize: Sequence[str]) -> str | None:
    """Return a code as the system writes it; None for what is none, whatever its type.

    `normalize` holds what does not count: `case`, `dot`, `space` (around the code).
    """
    if not isinstance(written, str) or not written.isascii():
        return None
    text = written.strip() if "space" in normalize else written
    text = text.upper() if "case" in normalize else text
    if "dot" in normalize and (parts := _DOTLESS.fullmatch(text)):
        return f"{parts[1]}.{parts[2]}" if parts[2] else parts[1]
    return text if _FORM.fullmatch(text) else None


def _holding(blocks: Sequence[Block], category: str) -> Block | None:
    return next((block for block in blocks if block.first <= category <= block.last), None)


def _check_order(blocks: Sequence[Block], where: str) -> None:
    """Raise `ValueError` unless ranges run forwards, in order and without overlap."""
    for block in blocks:
        if block.first > block.last:
            raise ValueError(f"the range {block.range} runs backwards")
    for one, following in pairwise(blocks):
        if one.last >= following.first:
            raise ValueError(f"{where}: {one.range} and {following.range} overlap, or are unsorted")
