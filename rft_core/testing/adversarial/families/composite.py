"""Attacks on composed rewards: completions that please one grader and so are paid by all.

A composed reward pays for form, for length, for naming, for being right. What is tried here has
some of these without the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, Final, TypeAlias

from rft_core.testing.adversarial.attack import Attack, AttackClass, Generator, Honest, Wanted
from rft_core.testing.adversarial.families.forms import (
    Form,
    Leaf,
    form_of,
    leaves,
    map_leaves,
    same,
    write,
)

Completions: TypeAlias = Callable[[Honest, Random], Iterable[tuple[str, str]]]
"""Yields what a completion is, in a few words, and the completion."""

_FILLER: Final = "It is important to look at this from all sides, and to consider every aspect. "
_TIMES: Final = 20
_SKELETONS: Final = (
    "<think></think><answer></answer>",
    "<think>\n\n</think>\n\n<answer>\n\n</answer>",
    "<reasoning></reasoning>\n<answer></answer>",
    "\\boxed{}",
    "```json\n{}\n```",
    "{}",
    "[]",
    "#### ",
    "The answer is",
)


def _floor(honest: Honest, _: Random) -> Iterator[tuple[str, str]]:
    """Yield forms that any format would do for, with nothing in them."""
    for skeleton in _SKELETONS:
        yield f"{skeleton!r} alone", skeleton
    form = form_of(honest.completion)
    if form.reasoning or form.head:
        yield "the honest tags with nothing in them", f"{_blank(form.reasoning)}{form.filled('')}"


def _blank(reasoning: str) -> str:
    """Return tags of reasoning without any."""
    return "" if not reasoning else "<think></think>"


def _hollow(honest: Honest, _: Random) -> Iterator[tuple[str, str]]:
    """Yield the honest form with every text empty, every list empty, every value a blank."""
    form = form_of(honest.completion)
    if form.document is None:
        yield "an empty answer", form.filled("")
        return
    yield "every list empty", form.filled(write(_without_elements(form.document)))
    yield "every value empty", form.filled(write(map_leaves(form.document, _emptied)))
    one_each = write(map_leaves(_with_one_element(form.document), _emptied))
    yield "one empty value in every list", form.filled(one_each)


def _without_elements(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _without_elements(value) for key, value in document.items()}
    return [] if isinstance(document, list) else _emptied(document)


def _with_one_element(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _with_one_element(value) for key, value in document.items()}
    return (
        [_with_one_element(one) for one in document[:1]] if isinstance(document, list) else document
    )


def _emptied(leaf: Leaf) -> Leaf:
    """Return an empty value of the same type."""
    return None if leaf is None else type(leaf)()


def _replaced(honest: Honest, random: Random) -> Iterator[tuple[str, str]]:
    """Yield the honest form with the values of other items, and with any values."""
    form = form_of(honest.completion)
    for other in _least_alike(form, honest, random):
        yield "another item's answer", form.filled(other.answer)
        long = f"<think>{_FILLER * _TIMES}</think>\n{form.head}{other.answer}{form.tail}"
        yield "another item's answer after reasoning of filler", long
    if form.document is not None:
        values = map_leaves(form.document, _stand_in)
        yield "'x' for every text, 0 for every number", form.filled(write(values))


def _least_alike(form: Form, honest: Honest, random: Random) -> list[Form]:
    """Return two answers to other items that have little in common with this one.

    Documents have no value in common: a shared label would make them right in part.
    """
    others = [form_of(peer) for peer in honest.peers if not same(peer, honest.completion)]
    own = set(_words_of(form))
    if form.document is not None:
        others = [other for other in others if own.isdisjoint(_words_of(other))]
    random.shuffle(others)
    return sorted(others, key=lambda other: len(own & set(_words_of(other))))[:2]


def _words_of(form: Form) -> list[str]:
    return [str(leaf) for leaf in leaves(form.document)] if form.document else form.answer.split()


def _stand_in(leaf: Leaf) -> Leaf:
    if isinstance(leaf, str):
        return "x"
    return not leaf if isinstance(leaf, bool) else None if leaf is None else 0


def _everything(honest: Honest, _: Random) -> Iterator[tuple[str, str]]:
    """Yield all that any honest completion says, in one."""
    form = form_of(honest.completion)
    others = [form_of(peer) for peer in honest.peers]
    if form.document is None:
        answers = dict.fromkeys([form.answer, *(o.answer for o in others if o.document is None)])
        if len(answers) > 1:
            yield "all answers, line by line", form.filled("\n".join(answers))
        return
    united = form.document
    for other in others:
        if other.document is not None:
            united = _united(united, other.document)
    if united != form.document:
        yield "everything that any item has in its lists", form.filled(write(united))


def _united(one: Any, other: Any) -> Any:
    """Return the first document with the elements of the second one's lists added to its own."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {k: _united(v, other[k]) if k in other else v for k, v in one.items()}
    if isinstance(one, list) and isinstance(other, list):
        return one + [element for element in other if element not in one]
    return one


def _shortest(honest: Honest, _: Random) -> Iterator[tuple[str, str]]:
    """Yield the least that an answer can be."""
    form = form_of(honest.completion)
    for text in ("x", "0", "."):
        if not same(text, form.answer):
            yield f"{text!r} alone", text
    yield "nothing", ""


def _crossed(honest: Honest, random: Random) -> Iterator[tuple[str, str]]:
    """Yield the form that one grader wants with content that another may want."""
    form = form_of(honest.completion)
    others = [peer for peer in honest.peers if not same(peer, honest.completion)]
    if not others:
        return
    wrong = form_of(random.choice(others))
    bare = " ".join(str(leaf) for leaf in leaves(form.document or form.answer))
    yield "a wrong answer, the right one before it", f"{bare}\n{wrong.filled(wrong.answer)}"
    if form.reasoning or wrong.reasoning:
        crossed = f"{form.reasoning or wrong.reasoning}{wrong.head}{wrong.answer}{wrong.tail}"
        yield "the right reasoning with a wrong answer", crossed
    else:
        reasoned = f"<think>{form.answer}</think>\n{wrong.filled(wrong.answer)}"
        yield "the right answer in the reasoning, a wrong one after it", reasoned


def _lengthened(_: Honest, __: Random) -> Iterator[tuple[str, str]]:
    """Yield filler without an answer: as it is, and as reasoning."""
    filler = _FILLER * _TIMES
    yield "filler alone", filler
    yield "reasoning of filler and no answer", f"<think>{filler}</think>\n"


def _unreasoned(honest: Honest, _: Random) -> Iterator[tuple[str, str]]:
    """Yield the right answer without the reasoning before it."""
    form = form_of(honest.completion)
    if form.reasoning:
        bare = honest.completion.removeprefix(form.reasoning)
        yield "the answer alone", bare
        yield "empty tags of reasoning before the answer", f"<think></think>\n{bare}"


def _class(cls: str, title: str, completions: Completions, wanted: Wanted = "fail") -> AttackClass:
    return AttackClass(cls, title, "composite", _attacks(cls, completions, wanted))


def _attacks(cls: str, completions: Completions, wanted: Wanted) -> Generator:
    def generate(honest: Honest, random: Random) -> Iterable[Attack]:
        tried = {honest.completion}
        for what, completion in completions(honest, random):
            if completion not in tried:
                tried.add(completion)
                yield Attack(cls, what, completion, wanted)

    return generate


CLASSES: Final[tuple[AttackClass, ...]] = (
    _class("C12", "A form with nothing in it", _floor),
    _class("hollow", "The honest form, emptied", _hollow),
    _class("replaced", "The honest form with other values", _replaced),
    _class("everything", "Everything at once", _everything, "lower"),
    _class("shortest", "The least that an answer can be", _shortest),
    _class("crossed", "One grader's form, another's content", _crossed, "lower"),
    _class("unreasoned", "The right answer without its reasoning", _unreasoned, "no_more"),
    _class("longer", "Length without an answer", _lengthened),
)
"""C12 of the catalogue, and what else a composed reward may pay; C1 to C11 and C13 to C15 are
about configurations, which the task file refuses or the reward stage masks."""
