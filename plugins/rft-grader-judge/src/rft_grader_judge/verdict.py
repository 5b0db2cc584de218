"""What a judge is asked to return, and the strict reading of what it returns.

A verdict has a form: a number of a range, one of some labels, an order of names, or an object of
such verdicts. A form writes the JSON schema of its verdicts, says in words how they look, and reads
them. Anything that is not one verdict of the form is a `ReplyError`, never a low score.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NoReturn, Protocol, TypeAlias

from rft_grader_judge.errors import ReplyError
from rft_grader_judge.neutralise import show_hidden

JsonSchema: TypeAlias = dict[str, Any]

MAX_REPLY_CHARS: Final = 200_000
SHOWN_CHARS: Final = 120

_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_THINKING: Final = "<think>", "</think>"
_FENCED: Final = re.compile(r"```(?:json)?[ \t]*\n(.*)\n```", re.DOTALL)


class Form(Protocol):
    """The form of a verdict."""

    def schema(self) -> JsonSchema:
        """Return the JSON schema of a verdict."""

    def words(self) -> str:
        """Say what a verdict is."""

    def text_words(self) -> str:
        """Say how a verdict is written on one line of text."""

    def read(self, value: Any) -> Any:
        """Return a verdict given as JSON. Raises `ReplyError`."""

    def read_text(self, text: str) -> Any:
        """Return a verdict given as text. Raises `ReplyError`."""


@dataclass(frozen=True)
class NumberForm:
    """A number between two others, a multiple of `step` from the lower one if there is a step."""

    low: float
    high: float
    step: float | None = None

    def schema(self) -> JsonSchema:
        """See `Form.schema`; steps are listed, since every grammar can enforce a list."""
        if self.step is None:
            return {"type": "number", "minimum": self.low, "maximum": self.high}
        whole = all(value.is_integer() for value in self.values)
        values = [int(value) if whole else value for value in self.values]
        return {"type": "integer" if whole else "number", "enum": values}

    @cached_property
    def values(self) -> list[float]:
        """The possible values, where there are steps."""
        step = self.step or math.inf
        steps = round((self.high - self.low) / step)
        return [float(f"{self.low + i * step:.12g}") for i in range(steps + 1)]  # 0.3 for 3 * 0.1

    def words(self) -> str:
        """See `Form.words`."""
        if self.step is None:
            return f"a number from {_plain(self.low)} to {_plain(self.high)}"
        return f"one of the numbers {', '.join(map(_plain, self.values))}"

    def text_words(self) -> str:
        """See `Form.text_words`."""
        return self.words()

    def read(self, value: Any) -> float:
        """See `Form.read`."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ReplyError(f"the verdict is {shown(value)}, not {self.words()}")
        if not self.low <= value <= self.high:  # NaN too
            raise ReplyError(f"the verdict is {shown(value)}, not {self.words()}")
        if self.step is not None and value not in self.values:
            raise ReplyError(f"the verdict is {shown(value)}, not {self.words()}")
        return float(value) + 0.0  # no -0.0

    def read_text(self, text: str) -> float:
        """See `Form.read_text`."""
        if not _NUMBER.fullmatch(text):
            raise ReplyError(f"the verdict is {shown(text)}, not {self.words()}")
        return self.read(float(text))


@dataclass(frozen=True)
class LabelForm:
    """One of some labels."""

    labels: tuple[str, ...]

    def schema(self) -> JsonSchema:
        """See `Form.schema`."""
        return {"type": "string", "enum": list(self.labels)}

    def words(self) -> str:
        """See `Form.words`."""
        return f"one of {', '.join(json.dumps(one, ensure_ascii=False) for one in self.labels)}"

    def text_words(self) -> str:
        """See `Form.text_words`."""
        return f"{self.words()}, without quotes"

    def read(self, value: Any) -> str:
        """See `Form.read`."""
        if not isinstance(value, str) or value not in self.labels:
            raise ReplyError(f"the verdict is {shown(value)}, not {self.words()}")
        return value

    def read_text(self, text: str) -> str:
        """See `Form.read_text`."""
        return self.read(text)


@dataclass(frozen=True)
class OrderForm:
    """All names, the best first."""

    names: tuple[str, ...]

    def schema(self) -> JsonSchema:
        """One key a place: unlike an array, every server's grammar gets its length right."""
        name = {"type": "string", "enum": list(self.names)}
        return _object({f"place_{i}": name for i in range(1, len(self.names) + 1)})

    def words(self) -> str:
        """See `Form.words`."""
        return (
            f"an object with a key for each place, from place_1 (the best) to "
            f"place_{len(self.names)} (the worst), and each of {', '.join(self.names)} in one place"
        )

    def text_words(self) -> str:
        """See `Form.text_words`."""
        return f"all of {', '.join(self.names)} from the best to the worst, with > between them"

    def read(self, value: Any) -> tuple[str, ...]:
        """See `Form.read`."""
        places = [f"place_{i}" for i in range(1, len(self.names) + 1)]
        if not isinstance(value, dict) or set(value) != set(places):
            raise ReplyError(f"the verdict is {shown(value)}, not {self.words()}")
        return self._order([value[place] for place in places])

    def read_text(self, text: str) -> tuple[str, ...]:
        """See `Form.read_text`."""
        return self._order([name.strip() for name in text.split(">")])

    def _order(self, names: Sequence[Any]) -> tuple[str, ...]:
        if not all(isinstance(name, str) for name in names) or sorted(names) != sorted(self.names):
            raise ReplyError(f"the verdict {shown(names)} does not name each answer once")
        return tuple(names)


@dataclass(frozen=True)
class ObjectForm:
    """Several verdicts by name."""

    parts: tuple[tuple[str, Form], ...]

    def schema(self) -> JsonSchema:
        """See `Form.schema`."""
        return _object({name: form.schema() for name, form in self.parts})

    def words(self) -> str:
        """See `Form.words`."""
        keys = "; ".join(f"{name}: {form.words()}" for name, form in self.parts)
        return f"an object with the keys {keys}"

    def text_words(self) -> str:
        """See `Form.text_words`."""
        return f"{self.words()}, as JSON on the same line"

    def read(self, value: Any) -> dict[str, Any]:
        """See `Form.read`."""
        names = [name for name, _ in self.parts]
        if not isinstance(value, dict) or set(value) != set(names):
            raise ReplyError(f"the verdict is {shown(value)}, not {self.words()}")
        return {name: form.read(value[name]) for name, form in self.parts}

    def read_text(self, text: str) -> dict[str, Any]:
        """See `Form.read_text`."""
        return self.read(_json(text))


@dataclass(frozen=True)
class Reply:
    """A verdict, and what the judge said for it, which may go to files and terminals as it is."""

    verdict: Any
    reasoning: str = ""


def reply_schema(form: Form, *, reasoning: bool) -> JsonSchema:
    """Return the schema of a whole reply; the reasoning comes before the verdict it leads to."""
    parts: JsonSchema = {"reasoning": {"type": "string"}} if reasoning else {}
    return _object(parts | {"verdict": form.schema()})


def read_json_reply(text: str, form: Form, *, reasoning: bool) -> Reply:
    """Read a reply that has to be one JSON object and nothing else. Raises `ReplyError`.

    A model's thinking before it, and a code fence around it, are no part of the reply. Its key
    stands in no text that was neutralised, so a copy of such a text is no reply.
    """
    bare = _without_thinking(text)
    fenced = _FENCED.fullmatch(bare)
    value = _json(fenced[1] if fenced else bare)
    keys = {"reasoning", "verdict"} if reasoning else {"verdict"}
    if not isinstance(value, dict) or set(value) != keys or '"verdict"' not in bare:
        raise ReplyError(f"the reply is no object with the keys {sorted(keys)}: {shown(text)}")
    said = value.get("reasoning", "")
    if not isinstance(said, str):
        raise ReplyError(f"the reasoning is {shown(said)}, not a text")
    return Reply(form.read(value["verdict"]), show_hidden(said))


def read_text_reply(text: str, form: Form, keyword: str) -> Reply:
    """Read a reply whose last line is `keyword: verdict`. Raises `ReplyError`.

    The keyword holds random letters that the graded text cannot know, so a verdict that the judge
    quotes from there does not count; two verdicts, or one elsewhere, are an error.
    """
    bare = _without_thinking(text)
    said, _, last = bare.rpartition("\n")
    if bare.count(keyword) != 1 or not last.startswith(f"{keyword}:"):
        raise ReplyError(f"the reply does not end with one line `{keyword}: …`: {shown(text)}")
    verdict = last.removeprefix(f"{keyword}:").strip()
    return Reply(form.read_text(verdict), show_hidden(said.strip()))


def shown(value: Any) -> str:
    """Return the beginning and the end of a value for a message, on one line."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, a deep nesting
        return f"a {type(value).__name__} too large to show"
    if len(text) <= SHOWN_CHARS:
        return text
    return f"{text[: SHOWN_CHARS // 2]}…{text[-SHOWN_CHARS // 2 :]}"


def _object(properties: Mapping[str, Any]) -> JsonSchema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _without_thinking(text: str) -> str:
    """Return what stands behind a model's thinking, of which templates may have opened the tag."""
    if len(text) > MAX_REPLY_CHARS:
        raise ReplyError(f"the reply is longer than {MAX_REPLY_CHARS} characters")
    opened, closed = _THINKING
    bare = text.strip()
    if not bare.startswith(("{", "```")):
        thought, end, after = bare.partition(closed)
        bare = after.strip() if end else thought
    if bare.startswith(opened):
        raise ReplyError(f"the reply does not get beyond thinking: {shown(text)}")
    return bare


def _plain(number: float) -> str:
    return f"{number:.15g}"


def _json(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"the reply is not JSON ({error}): {shown(text)}") from None


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
