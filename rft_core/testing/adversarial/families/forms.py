"""The form of a completion and the texts in it: what attacks keep, and what they change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeAlias

from rft_core.testing.adversarial.attack import Attack, AttackClass, Honest, Scope, Wanted

Leaf: TypeAlias = str | int | float | bool | None
"""A value of a document that is neither an object nor a list."""

_REASONING: Final = re.compile(r"\A\s*<(think|reasoning)>.*</\1>\s*", re.DOTALL)
_TAGGED: Final = re.compile(r"(?P<head>.*<answer>)(?P<body>.*?)(?P<tail></answer>\s*)", re.DOTALL)
_FENCED: Final = re.compile(r"(?P<head>.*```\w*\n)(?P<body>.*?)(?P<tail>\n```\s*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Form:
    """A completion taken apart: its answer, the reasoning and tags around it.

    `document` is the answer as JSON where it is an object or a list, else None.
    """

    reasoning: str
    head: str
    answer: str
    tail: str
    document: Any

    def filled(self, answer: str) -> str:
        """Return the completion with another answer."""
        return f"{self.reasoning}{self.head}{answer}{self.tail}"

    def rewritten(self, change: Callable[[str], str]) -> str:
        """Return the completion with its texts changed: the answer, or every text in its JSON."""
        if self.document is None:
            return self.filled(change(self.answer))
        return self.filled(write(map_leaves(self.document, _of_texts(change))))

    def has_only_texts(self) -> bool:
        """Whether `rewritten` changes everything that is answered."""
        return all(
            isinstance(leaf, str) for leaf in leaves("" if self.document is None else self.document)
        )

    def is_textless(self) -> bool:
        """Whether `rewritten` changes nothing: there is no text in the answer's JSON."""
        found = leaves("" if self.document is None else self.document)
        return not any(isinstance(leaf, str) for leaf in found)


def form_of(completion: str) -> Form:
    """Take a completion apart."""
    found = _REASONING.match(completion)
    reasoning = found[0] if found else ""
    rest = completion[len(reasoning) :]
    framed = _TAGGED.fullmatch(rest) or _FENCED.fullmatch(rest)
    head, answer, tail = framed.group("head", "body", "tail") if framed else ("", rest, "")
    return Form(reasoning, head, answer, tail, _document(answer))


def write(document: Any) -> str:
    """Return a document as JSON."""
    return json.dumps(document, ensure_ascii=False)


def leaves(document: Any) -> Iterator[Leaf]:
    """Yield the values of a document that are neither objects nor lists."""
    if isinstance(document, dict | list):
        for value in document.values() if isinstance(document, dict) else document:
            yield from leaves(value)
    else:
        yield document


def map_leaves(document: Any, change: Callable[[Leaf], Any]) -> Any:
    """Return a copy of the document with every leaf changed."""
    if isinstance(document, dict):
        return {key: map_leaves(value, change) for key, value in document.items()}
    if isinstance(document, list):
        return [map_leaves(value, change) for value in document]
    return change(document)


def same(one: str, other: str) -> bool:
    """Whether two completions differ in case and white space only."""
    return "".join(one.casefold().split()) == "".join(other.casefold().split())


@dataclass(frozen=True, slots=True)
class Change:
    """One way to change the texts of a completion; None where it cannot be applied to a text."""

    what: str
    wanted: Wanted
    apply: Callable[[str, Random], str | None]


def changing(cls: str, title: str, scope: Scope, changes: Iterable[Change]) -> AttackClass:
    """Return the class of attacks that change the texts of an honest completion.

    Where some values of the answer are no texts, and so stay right, a "fail" becomes "lower".
    """
    chosen = tuple(changes)

    def generate(honest: Honest, random: Random) -> Iterator[Attack]:
        form = form_of(honest.completion)
        unchanged = {honest.completion, form.rewritten(lambda text: text)}
        for change in chosen:
            completion = form.rewritten(_applied(change, random))
            if completion not in unchanged:
                partly = change.wanted == "fail" and not form.has_only_texts()
                wanted = "lower" if partly else change.wanted
                yield Attack(cls, change.what, completion, wanted)

    return AttackClass(cls, title, scope, generate)


def _applied(change: Change, random: Random) -> Callable[[str], str]:
    def apply(text: str) -> str:
        changed = change.apply(text, random) if text.strip() else None
        return text if changed is None else changed

    return apply


def _of_texts(change: Callable[[str], str]) -> Callable[[Leaf], Leaf]:
    return lambda leaf: change(leaf) if isinstance(leaf, str) else leaf


def _document(text: str) -> Any:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None
