"""The grader `statements`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from rft_core import Grade, Grader, Item, OutputParseError, PluginConfig, Sample, compile_path
from rft_pack_policy.config import StatementsConfig
from rft_pack_policy.negation import Stance, stance
from rft_pack_policy.rows import Expected, Statement, copied_places, read_expected
from rft_pack_policy.words import Text, read

KEPT_ITEMS: Final = 1024
CHARACTERS_PER_WORD: Final = 20
SHOWN: Final = 4
SHOWN_CHARS: Final = 60
_PLAIN_NAME: Final = re.compile(r"(?:\$\.)?([A-Za-z_]\w*)")


class StatementsGrader(Grader[StatementsConfig]):
    """The share of the row's required statements that a reply makes, less what is forbidden.

    A statement is made where one of its phrasings stands in the reply, word by word, and is
    neither denied nor asked nor part of text that is copied from the prompt or the rules. A
    statement that is affirmed here and denied there is not made. Copied text and repeated
    sentences lower the score by their share of the words.
    """

    name = "statements"
    version = "1"
    family = "similarity"
    deterministic = True
    timeout = 10.0
    Config: ClassVar[type[PluginConfig]] = StatementsConfig

    def __init__(self, config: StatementsConfig) -> None:
        super().__init__(config)
        self._find = None if config.reply is None else compile_path(config.reply)
        # An item is found by its identity, which holds as long as the entry keeps the item alive.
        self._kept: dict[int, tuple[Item, Expected]] = {}

    def __reduce__(self) -> tuple[type[StatementsGrader], tuple[StatementsConfig]]:
        return type(self), (self.config,)

    def check_item(self, item: Item) -> None:
        """Raise `ValueError` unless the row has statements."""
        read_expected(self.config, item)

    def reference_completion(self, item: Item) -> str | None:
        """Return a completion of the first phrasings, if that earns full marks."""
        said = ". ".join(statement.title for statement in read_expected(self.config, item).required)
        text = said
        if self.config.reply is not None:
            name = _PLAIN_NAME.fullmatch(self.config.reply)
            if name is None:
                return None
            text = json.dumps({name[1]: f"{said}."}, ensure_ascii=False)
        return text if self.grade(Sample(item, text)).score == 1.0 else None

    def grade(self, sample: Sample) -> Grade:
        """Grade a sample; raise `ValueError` for a row without usable statements."""
        expected = self._expected(sample.item)
        text = self._reply(sample)
        copied = copied_places(text.words, expected.runs)
        stances = [self._stances(text, one, copied) for one in expected.required]
        made = [set(found) == {"affirmed"} for found in stances]
        forbidden = [
            statement
            for statement in expected.forbidden
            if {"affirmed", "doubtful"} & set(self._stances(text, statement, frozenset()))
        ]
        share = sum(made) / len(made)
        idle = len(copied | _repeated(text)) / len(text.words)
        score = max(share * (1 - idle) - self.config.penalty * len(forbidden), 0.0)
        metrics = {"required": share, "forbidden": float(len(forbidden)), "idle": idle}
        missing = list(zip(expected.required, stances, made, strict=True))
        return Grade(score, _reason(missing, forbidden, idle), metrics)

    def report(self, samples: Sequence[Sample], grades: Sequence[Grade]) -> Mapping[str, Any]:
        """Return how many replies made all required statements, and how many a forbidden one."""
        measured = [grade.metrics for grade in grades if "required" in grade.metrics]
        return {
            "samples": len(grades),
            "unreadable": len(grades) - len(measured),
            "all_required": sum(one["required"] == 1.0 for one in measured),
            "some_forbidden": sum(one["forbidden"] > 0 for one in measured),
        }

    def _reply(self, sample: Sample) -> Text:
        """Return the reply; raise `OutputParseError` if there is none that can be graded."""
        reply: Any = sample.text
        if self._find is not None:
            found = self._find(sample.json)
            if len(found) != 1 or not isinstance(found[0], str):
                what = "is no text" if found else "selects nothing"
                raise OutputParseError(f"reply: {self.config.reply} {what}")
            reply = found[0]
        most = self.config.max_words
        if len(reply) > most * CHARACTERS_PER_WORD:
            raise OutputParseError(
                f"a reply of {len(reply)} characters; {most * CHARACTERS_PER_WORD} are read"
            )
        text = read(reply)
        if not text.words:
            raise OutputParseError("the reply is empty")
        if len(text.words) > most:
            raise OutputParseError(f"{len(text.words)} words, more than max_words ({most})")
        return text

    def _stances(self, text: Text, statement: Statement, copied: frozenset[int]) -> list[Stance]:
        """Return what the text says of a statement wherever it stands outside of copied text."""
        return [
            stance(text, start, end, self.config.negation_window)
            for start, end in _places(text, statement)
            if not copied.issuperset(range(start, end))
        ]

    def _expected(self, item: Item) -> Expected:
        kept = self._kept.get(id(item))
        if kept is not None and kept[0] is item:
            return kept[1]
        expected = read_expected(self.config, item)
        if len(self._kept) >= KEPT_ITEMS:
            self._kept.clear()
        self._kept[id(item)] = item, expected
        return expected


def _places(text: Text, statement: Statement) -> Iterator[tuple[int, int]]:
    """Yield where the phrasings stand, with no punctuation within."""
    for phrase in statement.phrasings:
        size = len(phrase)
        for start in range(len(text.words) - size + 1):
            end = start + size
            if text.words[start] != phrase[0] or text.words[start:end] != phrase:
                continue
            if text.stretches[start] == text.stretches[end - 1]:
                yield start, end


def _repeated(text: Text) -> frozenset[int]:
    """Return the places of the words of sentences that were there before."""
    sentences: dict[int, list[int]] = {}
    for place, sentence in enumerate(text.sentences):
        sentences.setdefault(sentence, []).append(place)
    seen: set[tuple[str, ...]] = set()
    again: list[int] = []
    for places in sentences.values():
        words = tuple(text.words[place] for place in places)
        if words in seen:
            again += places
        seen.add(words)
    return frozenset(again)


def _reason(
    required: Sequence[tuple[Statement, list[Stance], bool]],
    forbidden: Sequence[Statement],
    idle: float,
) -> str:
    absent = [one for one, found, made in required if not made and not found]
    other = [one for one, found, made in required if not made and found]
    parts = [
        *_listing("missing", absent),
        *_listing("denied, doubtful or asked", other),
        *_listing("forbidden", forbidden),
        *([f"{idle:.0%} of the words are copied or repeated"] if idle else []),
    ]
    return "; ".join(parts) or "says what is required"


def _listing(what: str, statements: Sequence[Statement]) -> list[str]:
    if not statements:
        return []
    names = ", ".join(repr(one.title[:SHOWN_CHARS]) for one in statements[:SHOWN])
    more = f" and {len(statements) - SHOWN} more" if len(statements) > SHOWN else ""
    return [f"{what}: {names}{more}"]
