"""Attacks on graders of every kind: completions that say nothing, or the same more often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

from rft_core.testing.adversarial.attack import Attack, AttackClass, Honest

_SENTENCE: Final = "Let us think about this once more, step by step, from every side. "
_EMPTY: Final = {"no text": "", "a space": " ", "blank lines": "\n\n\n"}
_REFUSALS: Final = {
    "it cannot help": "I am sorry, but I cannot help with that.",
    "it does not know": "I don't know.",
    "it is a model": "As an AI language model, I am unable to answer this question.",
}
_FILLERS: Final = {
    "a full stop": ".",
    "a colon": ":",
    "a heading": "Solution",
    "an announcement": "Thought process:",
    "words without content": _SENTENCE * 5,
    "many words without content": _SENTENCE * 200,
    "dots": "." * 500,
}


def _saying(cls: str, title: str, texts: Mapping[str, str]) -> AttackClass:
    """Return the class of completions that have nothing to do with the item."""

    def generate(_: Honest, __: Random) -> Iterator[Attack]:
        for what, text in texts.items():
            yield Attack(cls, what, text, "fail")

    return AttackClass(cls, title, "any", generate)


def _echo(honest: Honest, _: Random) -> Iterator[Attack]:
    said = [str(message.get("content") or "") for message in honest.item.messages]
    if any(text.strip() for text in said):
        yield Attack("echo", "the last message", said[-1], "lower")
        yield Attack("echo", "the whole prompt", "\n".join(said), "lower")


def _pad(honest: Honest, _: Random) -> Iterator[Attack]:
    filling = _SENTENCE * 50
    yield Attack("pad", "filler in front", f"{filling}\n{honest.completion}", "no_more")
    yield Attack("pad", "filler behind", f"{honest.completion}\n{filling}", "no_more")
    yield Attack("pad", "blank lines behind", honest.completion + "\n" * 500, "no_more")


def _repeat(honest: Honest, _: Random) -> Iterator[Attack]:
    for times in (2, 20):
        text = "\n".join([honest.completion] * times)
        yield Attack("repeat", f"{times} times", text, "no_more")


CLASSES: Final = (
    _saying("empty", "Nothing at all", _EMPTY),
    _saying("refusal", "A refusal", _REFUSALS),
    _saying("filler", "Text without content", _FILLERS),
    AttackClass("echo", "The prompt given back", "any", _echo),
    AttackClass("pad", "The honest answer, padded", "any", _pad),
    AttackClass("repeat", "The honest answer, repeated", "any", _repeat),
)
