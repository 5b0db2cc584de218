"""Attacks on graders of sets of labels: L1 to L10 of the catalogue."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from rft_core.testing.adversarial.attack import (
    Attack,
    AttackClass,
    Changes,
    Honest,
    Wanted,
    generator,
)
from rft_core.testing.adversarial.labels import JsonLabels, Labels, TextLabels, find_labels

_MADE_UP: Final = ("zebra crossing", "made-up label", "none of the above", "lorem ipsum")
_HOMOGLYPHS: Final = str.maketrans("aceopxy", "асеорху")  # noqa: RUF001 - that is the attack
_MILLION: Final = 1_000_000
_MANY: Final = 20


@dataclass(frozen=True, slots=True)
class Target:
    """The labels of an honest completion, and those that are right for other items alone."""

    found: Labels
    others: list[str]

    @property
    def labels(self) -> list[str]:
        """The right labels, at least one."""
        return list(self.found.labels)

    def wrong(self) -> list[str]:
        """Return labels that are wrong here: other items', else made-up ones."""
        return self.others or [one for one in _MADE_UP if one not in self.labels]

    def with_first(self, label: str) -> str:
        """Return the completion with another first label."""
        return self.found.written([label, *self.labels[1:]])


def _target(honest: Honest) -> Target | None:
    found = find_labels(honest.item, honest.completion)
    if found is None:
        return None
    named = (label for peer in honest.peers for label in found.read(peer))
    right = {_folded(label) for label in found.labels}
    others = [label for label in dict.fromkeys(named) if _folded(label) not in right]
    return Target(found, others)


def _folded(label: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", label).casefold().split())


def labelling(
    cls: str,
    title: str,
    change: Callable[[Target, Random], Changes],
    wanted: Wanted = "lower",
) -> AttackClass:
    """Return the class of attacks on completions that name labels."""
    return AttackClass(cls, title, "label_set", generator(cls, wanted, _target, change))


def _labels_for_none(honest: Honest, _: Random) -> Iterator[Attack]:
    """L4a."""
    if find_labels(honest.item, honest.completion) is None and [] in honest.item.fields.values():
        for peer in honest.peers:
            yield Attack("L4a", "another item's labels", peer, "fail")


def _cut_off(honest: Honest, _: Random) -> Iterator[Attack]:
    if find_labels(honest.item, honest.completion) is not None:
        completion = honest.completion.rstrip()
        yield Attack("truncate", "before the last character", completion[:-1], "lower")


def _swapped(target: Target, random: Random) -> Changes:
    wrong = target.wrong()
    yield (
        "all of them",
        target.found.written(random.sample(wrong, min(len(wrong), len(target.labels)))),
    )
    yield "made-up ones", target.found.written([*_MADE_UP][: len(target.labels)])


def _one_wrong(target: Target, random: Random) -> Changes:
    yield "one replaced", target.with_first(random.choice(target.wrong()))


def _dropped(target: Target, _: Random) -> Changes:
    if len(target.labels) > 1:
        yield "the first", target.found.written(target.labels[1:])
        yield "the last", target.found.written(target.labels[:-1])
        yield "all but one", target.found.written(target.labels[:1])


def _reordered(target: Target, _: Random) -> Changes:
    if len(target.labels) > 1:
        yield "turned round", target.found.written(target.labels[::-1])
        yield "sorted", target.found.written(sorted(target.labels))


def _all_labels(target: Target, _: Random) -> Changes:
    """L1."""
    if target.others:
        yield "the right ones first", target.found.written([*target.labels, *target.others])
        yield "in order", target.found.written(sorted([*target.labels, *target.others]))


def _repeated(target: Target, _: Random) -> Changes:
    """L2."""
    yield "all twice", target.found.written(target.labels * 2)
    yield (
        "the first again and again",
        target.found.written([*target.labels, *[target.labels[0]] * _MANY]),
    )


def _repeated_for_others(target: Target, _: Random) -> Changes:
    """L2a."""
    number = len(target.labels)
    if number > 1:
        yield "as many as are right", target.found.written([target.labels[0]] * number)
        yield "very often", target.found.written([target.labels[0]] * (_MANY * number))


def _repeated_wrong_and_right(target: Target, random: Random) -> Changes:
    """L2b."""
    wrong = random.choice(target.wrong())
    yield "among a wrong one", target.found.written([*target.labels * _MANY, wrong])


def _cased(target: Target, _: Random) -> Changes:
    """L3."""
    for what, changed in {
        "upper case": [label.upper() for label in target.labels],
        "lower case": [label.lower() for label in target.labels],
    }.items():
        if changed != target.labels:
            yield what, target.found.written(changed)


def _spaced(target: Target, _: Random) -> Changes:
    """L3a: in text only; in JSON, a label with spaces in it is another one to a schema."""
    if isinstance(target.found, TextLabels):
        yield "around", target.found.written([f"  {label} " for label in target.labels])


def _other_form(target: Target, _: Random) -> Changes:
    """L3b."""
    for form in ("NFD", "NFC"):
        changed = [unicodedata.normalize(form, label) for label in target.labels]
        if changed != target.labels:
            yield form, target.found.written(changed)


def _look_alikes(target: Target, _: Random) -> Changes:
    """L3c."""
    changed = [label.translate(_HOMOGLYPHS) for label in target.labels]
    if changed != target.labels:
        yield "Cyrillic letters", target.found.written(changed)


def _none(target: Target, _: Random) -> Changes:
    """L4."""
    yield "an empty list", target.found.written([])


def _unknown(target: Target, _: Random) -> Changes:
    """L5."""
    made_up = [label for label in _MADE_UP if label not in target.labels]
    yield "one more", target.found.written([*target.labels, made_up[0]])
    yield "many more", target.found.written([*target.labels, *(f"label {n}" for n in range(_MANY))])


def _containing(target: Target, _: Random) -> Changes:
    """L6."""
    for what, pattern in {
        "not": "not {}",
        "without": "{} free",
        "part of a word": "un{}ish",
        "a list in a sentence": "anything but {}",
    }.items():
        yield what, target.found.written([pattern.format(label) for label in target.labels])


def _in_one(target: Target, _: Random) -> Changes:
    """L7."""
    if len(target.labels) > 1:
        joint = " / " if isinstance(target.found, TextLabels) else ", "
        yield "all labels in one", target.found.written([joint.join(target.labels)])


def _either(target: Target, random: Random) -> Changes:
    """L8."""
    wrong, right = random.choice(target.wrong()), target.labels[0]
    yield "right or wrong", target.with_first(f"{right} or {wrong}")
    yield "wrong or right", target.with_first(f"{wrong} or {right}")


def _no_list(target: Target, _: Random) -> Changes:
    """L9."""
    found = target.found
    if isinstance(found, JsonLabels):
        yield "a text", found.with_list(", ".join(target.labels))
        yield "the first alone", found.with_list(target.labels[0])
        yield "an object", found.with_list(dict.fromkeys(target.labels, True))
        yield "nothing", found.with_list(None)


def _million(target: Target, _: Random) -> Changes:
    """L10."""
    found = target.found
    yield "a million of them", found.written([f"l{n}" for n in range(_MILLION)])
    yield "one of them a million times", found.written([target.labels[0]] * _MILLION)
    yield "a long one", found.written(["x" * _MILLION])


CLASSES: Final = (
    labelling("reordered", "Right, in another order", _reordered, "pass"),
    labelling("swap", "Other labels", _swapped, "fail"),
    labelling("replace", "One label replaced", _one_wrong),
    labelling("drop", "Labels dropped", _dropped),
    AttackClass("truncate", "Cut off", "label_set", _cut_off),
    labelling("L1", "All labels there are", _all_labels),
    labelling("L2", "Labels repeated", _repeated),
    labelling("L2a", "A label repeated in place of others", _repeated_for_others),
    labelling("L2b", "Labels repeated to outnumber a wrong one", _repeated_wrong_and_right),
    labelling("L3", "Upper and lower case", _cased),
    labelling("L3a", "Right, with white space around labels", _spaced, "pass"),
    labelling("L3b", "Right, in another Unicode form", _other_form, "pass"),
    labelling("L3c", "Letters that look alike", _look_alikes),
    labelling("L4", "No labels", _none, "fail"),
    AttackClass("L4a", "Labels where none are expected", "label_set", _labels_for_none),
    labelling("L5", "Labels that do not exist", _unknown),
    labelling("L6", "The right labels inside of others", _containing, "fail"),
    labelling("L7", "Several labels in one", _in_one),
    labelling("L8", "Two labels to choose from", _either),
    labelling("L9", "No list where one should be", _no_list),
    labelling("L10", "A million labels", _million, "survive"),
)
