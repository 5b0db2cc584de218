"""The library: all classes of attacks, and which of them a subject is tried with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Final

from rft_core.testing.adversarial.attack import AttackClass, Scope
from rft_core.testing.subject import Subject

_MODULES: Final[dict[Scope, str]] = {
    "any": "mutations",
    "answer": "families.answer",
    "structured": "families.structured",
    "label_set": "families.label_set",
    "similarity": "families.similarity",
    "judge": "families.judge",
    "composite": "families.composite",
}

SCOPES: Final = tuple(_MODULES)


def classes_of(scope: Scope) -> Sequence[AttackClass]:
    """Return the classes of a scope, in the order of the catalogue."""
    module = import_module(f"{__package__}.{_MODULES[scope]}")
    classes: Sequence[AttackClass] = module.CLASSES
    return [one for one in classes if one.scope == scope]


def classes_for(subject: Subject) -> list[AttackClass]:
    """Return the classes to try a subject with: mutations, and those of its families.

    A composed reward gets those of all its graders and those of composed rewards.
    """
    scopes: list[Scope] = ["any", *sorted(subject.families)]
    if subject.is_composed:
        scopes.append("composite")
    return classes_of_scopes(scopes)


def classes_of_scopes(scopes: Iterable[Scope]) -> list[AttackClass]:
    """Return the classes of several scopes; of those with one name, the first alone."""
    found: dict[str, AttackClass] = {}
    for scope in scopes:
        for one in classes_of(scope):
            found.setdefault(one.cls, one)
    return list(found.values())
