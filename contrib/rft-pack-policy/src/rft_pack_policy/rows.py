"""The statements of a row: read, checked and made ready."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from rft_core import Item, compile_path
from rft_pack_policy.config import StatementsConfig
from rft_pack_policy.words import words_of

MAX_STATEMENTS: Final = 50
MAX_PHRASINGS: Final = 30
MAX_PHRASE_CHARS: Final = 300
FEWEST_COPIED: Final = 4
"""A source of fewer words cannot be copied: everybody says `thank you very`."""
MAX_SOURCE_CHARS: Final = 200_000

Words: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """Phrasings of one statement; the first one, as written, is what it is called."""

    title: str
    phrasings: tuple[Words, ...]


@dataclass(frozen=True)
class Expected:
    """What a reply to the row has to say, must not say, and runs of words that it may not copy."""

    required: tuple[Statement, ...]
    forbidden: tuple[Statement, ...]
    runs: frozenset[Words]


def read_expected(config: StatementsConfig, item: Item) -> Expected:
    """Return what a row expects. Raises `ValueError`."""
    required = _statements("required", config.required, item)
    if not required:
        raise ValueError(f"required: {config.required} holds no statement; give at least one")
    forbidden = _statements("forbidden", config.forbidden, item)
    runs = frozenset(_runs(_sources(config.sources, item), config.copied_words))
    for statement in required:
        if all(len(copied_places(one, runs)) == len(one) for one in statement.phrasings):
            raise ValueError(
                f"required: {statement.title!r} stands in the prompt or the sources word by word, "
                "so saying it is copying; add a shorter phrasing"
            )
    return Expected(required, forbidden, runs)


def copied_places(words: Words, runs: frozenset[Words]) -> frozenset[int]:
    """Return the places of the words that are part of one of the runs."""
    return frozenset(
        place
        for size in {len(run) for run in runs}
        for start in range(len(words) - size + 1)
        if words[start : start + size] in runs
        for place in range(start, start + size)
    )


def _statements(name: str, path: str, item: Item) -> tuple[Statement, ...]:
    found = compile_path(path)(dict(item.fields))
    if len(found) != 1 or not isinstance(found[0], list):
        columns = ", ".join(item.fields) or "none"
        raise ValueError(f"{name}: {path} selects no list of statements (columns: {columns})")
    if len(found[0]) > MAX_STATEMENTS:
        raise ValueError(f"{name}: {len(found[0])} statements, more than {MAX_STATEMENTS}")
    return tuple(_statement(name, one) for one in found[0])


def _statement(name: str, value: Any) -> Statement:
    phrasings = value if isinstance(value, list) else [value]
    if not 1 <= len(phrasings) <= MAX_PHRASINGS:
        raise ValueError(f"{name}: a statement has 1 to {MAX_PHRASINGS} phrasings")
    return Statement(str(phrasings[0]), tuple(_phrase(name, one) for one in phrasings))


def _phrase(name: str, value: Any) -> Words:
    if not isinstance(value, str) or len(value) > MAX_PHRASE_CHARS:
        raise ValueError(
            f"{name}: a phrasing is a text of at most {MAX_PHRASE_CHARS} characters, not "
            f"{value!r:.60}"
        )
    words = words_of(value)
    if not words:
        raise ValueError(f"{name}: {value!r:.60} has no words")
    return words


def _sources(path: str | None, item: Item) -> list[str]:
    """Return the texts that are not to be copied: the prompt's, and those of the row."""
    texts = [one["content"] for one in item.messages if isinstance(one.get("content"), str)]
    if path is not None:
        found = compile_path(path)(dict(item.fields))
        if not found:
            raise ValueError(f"sources: {path} selects nothing")
        texts += list(_texts(found))
    if sum(map(len, texts)) > MAX_SOURCE_CHARS:
        raise ValueError(f"sources: prompt and sources have over {MAX_SOURCE_CHARS} characters")
    return texts


def _texts(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _texts(value)
        elif isinstance(value, dict):
            yield from _texts(value.values())
        else:
            raise ValueError(f"sources: {value!r:.60} is no text")  # noqa: TRY004 - the contract


def _runs(texts: Iterable[str], size: int) -> Iterable[Words]:
    """Yield all runs of `size` words, and whole texts that are shorter."""
    for words in map(words_of, texts):
        if FEWEST_COPIED <= len(words) < size:
            yield words
        yield from (words[place : place + size] for place in range(len(words) - size + 1))
