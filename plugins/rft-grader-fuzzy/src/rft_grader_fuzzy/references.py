"""The texts that a row expects: read, checked and made ready for comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from rft_core.paths import compile_path
from rft_core.types import Item
from rft_grader_fuzzy.config import FieldConfig, FuzzyConfig
from rft_grader_fuzzy.negation import count_negations
from rft_grader_fuzzy.numbers import numbers_in
from rft_grader_fuzzy.overlap import WordCodes
from rft_grader_fuzzy.processing import Prepared, Processor, UnusableTextError, words_of
from rft_grader_fuzzy.reading import NotATextError, as_text
from rft_grader_fuzzy.resolved import Limits
from rft_grader_fuzzy.statements import may_ask

MAX_REFERENCES: Final = 100
MIN_ECHO_CHARS: Final = 20
"""A shorter prompt may well be part of an answer."""


class Reference(NamedTuple):
    """A reference and what the guards compare with it; lengths in characters."""

    text: str
    codes: WordCodes
    numbers: list[str]
    negations: int
    joined: str
    """Its words, as the guards see them."""
    asks: bool
    shortest: float
    longest: float
    echo: str
    """What the answer must not contain; empty: nothing."""
    weight: float
    spelling: str


class ReferenceReader:
    """Reads the references of one field from items."""

    def __init__(
        self,
        config: FuzzyConfig | FieldConfig,
        limits: Limits,
        process: Processor,
        negations: frozenset[str],
    ) -> None:
        paths = config.reference
        entries = [(paths, 1.0)] if isinstance(paths, str) else [(p.path, p.weight) for p in paths]
        self._entries = [(path, compile_path(path), weight) for path, weight in entries]
        self._optional = isinstance(config, FieldConfig) and config.optional
        self._limits = limits
        self._process = process
        self._negations = negations
        self._reject_echo = config.reject_echo

    def read(self, item: Item) -> tuple[Reference, ...]:
        """Return the item's references, the best first; none if the field does not apply.

        Raises `ValueError` where the row has no usable reference.
        """
        spellings = list(self._spellings(item))
        if not spellings and self._optional:
            return ()
        if max((weight for _, weight in spellings), default=0.0) < 1:
            raise ValueError(self._missing(item))
        if len(spellings) > MAX_REFERENCES:
            raise ValueError(f"{len(spellings)} references; at most {MAX_REFERENCES} are compared")
        prompt = self._prompt(item)
        found: dict[tuple[str, ...], Reference] = {}
        for text, weight in sorted(spellings, key=lambda entry: -entry[1]):
            reference = self._prepared(text, weight, prompt)
            found.setdefault((reference.text, *reference.numbers), reference)
        return tuple(found.values())

    def _spellings(self, item: Item) -> Iterator[tuple[str, float]]:
        fields = item.fields if type(item.fields) is dict else dict(item.fields)
        for path, find, weight in self._entries:
            for value in _flattened(find(fields)):
                if value is None and (self._optional or len(self._entries) > 1):
                    continue
                try:
                    yield as_text(value), weight
                except NotATextError as error:
                    raise ValueError(f"reference: {path} is {error}, not a string") from None

    def _missing(self, item: Item) -> str:
        paths = ", ".join(path for path, _, weight in self._entries if weight == 1)
        columns = ", ".join(item.fields) or "none"
        return f"reference: {paths} selects nothing (columns of the row: {columns})"

    def _prepared(self, spelling: str, weight: float, prompt: str) -> Reference:
        """Return the reference; raise `ValueError` if it is too long or processed to nothing."""
        text, words, _ = self._bounded(spelling)
        if not words:
            blank = "holds punctuation only" if spelling.strip() else "is blank"
            raise ValueError(f"the reference {blank}: nothing is left to compare")
        length = len(text)
        low, high = self._limits.min_length_ratio, self._limits.max_length_ratio
        return Reference(
            text,
            WordCodes(words),
            numbers_in(spelling),
            count_negations(words, spelling, self._negations),
            " ".join(words),
            may_ask(words, spelling),
            length * low if low else 0.0,
            length * high if high else float("inf"),
            prompt if prompt not in " ".join(words) else "",
            weight,
            spelling,
        )

    def _bounded(self, spelling: str) -> Prepared:
        most = self._limits.max_chars
        if len(spelling) <= most:
            prepared = self._process.prepare(spelling)
            if len(prepared[0]) <= most:
                return prepared
        raise ValueError(
            f"the reference is longer than the {most} characters that the scorer "
            f"{self._limits.scorer.name} compares (max_chars)"
        )

    def _prompt(self, item: Item) -> str:
        """Return the last user message as the guards see it; empty if it is no matter."""
        if not self._reject_echo:
            return ""
        users = (m for m in reversed(item.messages) if m.get("role") == "user")
        said = next(users, {}).get("content")
        text = said if isinstance(said, str) else " ".join(_parts(said))
        if len(text) > self._limits.max_chars:
            return ""  # no answer is as long
        try:
            words = " ".join(words_of(text))
        except UnusableTextError:
            return ""  # nor is an answer with so many marks read
        return words if len(words) >= MIN_ECHO_CHARS else ""


def _flattened(values: list[Any]) -> list[Any]:
    """Return the selected values, or the elements of a list among them."""
    return [
        element for value in values for element in (value if isinstance(value, list) else [value])
    ]


def _parts(content: Any) -> Iterator[str]:
    """Yield the texts of a message in parts, as for models that take images too."""
    for part in content if isinstance(content, list) else ():
        if isinstance(part, Mapping) and isinstance(part.get("text"), str):
            yield part["text"]
