"""Every known way to fool graders of answers, structured output and label sets has its class."""

from __future__ import annotations

import json
from random import Random

import pytest

from rft_core.testing.adversarial.attack import Attack, AttackClass, Honest
from rft_core.testing.adversarial.library import classes_of, classes_of_scopes
from rft_core.types import Item

# What has no completion to try it with, and why.
NOT_COMPLETIONS = {
    "M17": "what the task's author may choose: no verdict on it is certain",
    "M18": "rows whose gold answer cannot be read; `check_item` refuses them",
    "J2": "misspelt keywords of schemas",
    "J6": "whether `format` is checked is an option, and what it would be is in the schema",
    "J7": "what a pattern lets pass is in the schema",
    "J9": "references of schemas to the web",
    "J13": "`multipleOf` is in the schema",
    "J15": "graders of form do not look at values",
}
IN_THE_CATALOGUE = [
    *(f"M{number}" for number in range(1, 19)),
    *(f"J{number}" for number in range(1, 17)),
    *(f"L{number}" for number in range(1, 11)),
]
ANSWERED = {
    "number": (r"So $x = \boxed{42}$.", "42"),
    "large": ("#### 12,000", "12,000"),
    "negative": ("The answer is -7.5.", "-7.5"),
    "fraction": (r"\boxed{\frac{1}{3}}", "1/3"),
    "unit": ("#### 5 feet", "5 feet"),
    "pair": (r"\boxed{(1, 2)}", "(1, 2)"),
    "word": ("The answer is Paris.", "Paris"),
    "yes": ("Answer: yes", "yes"),
    "choice": (r"\boxed{\text{(B)}}", "B"),
    "json": ('{"why": "6 * 7", "answer": 42}', "42"),
    "expression": (r"\boxed{x^2 + 1}", "x^2+1"),
    "tagged": ("<think>Well.</think><answer>9</answer>", "9"),
}
DOCUMENTS = {
    "object": '{"name": "Ada", "age": 36, "address": {"city": "London"}, "tags": ["a", "b"]}',
    "list": '[{"a": 1}, {"a": 2}]',
    "fenced": 'Here:\n```json\n{"a": "x"}\n```\n',
    "empty": "{}",
    "quoted": '{"a": "it\'s", "b": "\\"x\\""}',
}
LABELLED = {
    "objects": ('{"topics": [{"code": "law", "p": 1}, {"code": "tax", "p": 0}]}', ["law", "tax"]),
    "texts": ('{"labels": ["café", "law", "tax"]}', ["café", "law", "tax"]),
    "bare": ('["law"]', ["law"]),
    "lines": ("law\ntax", ["law", "tax"]),
    "commas": ("law, tax", ["law", "tax"]),
    "none": ('{"labels": []}', []),
}


def _honest(name: str, completion: str, peers: list[str], **fields: object) -> Honest:
    prompt = ({"role": "user", "content": "Well?"},)
    return Honest(Item(name, prompt, fields), completion, 1.0, "test", tuple(peers))


def _all_honest() -> dict[str, list[Honest]]:
    answered = [text for text, _ in ANSWERED.values()]
    labelled = [text for text, _ in LABELLED.values()]
    return {
        "answer": [
            _honest(name, text, [one for one in answered if one != text], gold=gold)
            for name, (text, gold) in ANSWERED.items()
        ],
        "structured": [_honest(name, text, []) for name, text in DOCUMENTS.items()],
        "label_set": [
            _honest(name, text, [one for one in labelled if one != text], gold=gold)
            for name, (text, gold) in LABELLED.items()
        ],
    }


HONEST = _all_honest()
CLASSES = classes_of_scopes(["answer", "structured", "label_set"])
EVERYWHERE = classes_of("any")


def _attacks(cls: AttackClass, honest: Honest, seed: int = 0) -> list[Attack]:
    return list(cls.generate(honest, Random(seed)))  # noqa: S311 - a fixed seed


def test_every_entry_of_the_catalogue_has_a_class_or_a_reason() -> None:
    names = {one.cls for one in CLASSES}
    assert [one for one in IN_THE_CATALOGUE if one not in names | NOT_COMPLETIONS.keys()] == []
    assert not names & NOT_COMPLETIONS.keys()


def test_names_of_classes_are_unique_within_a_scope_and_titles_are_told() -> None:
    for scope in ("any", "answer", "structured", "label_set"):
        names = [one.cls for one in classes_of(scope)]
        assert len(names) == len(set(names))
    assert all(one.title for one in [*CLASSES, *EVERYWHERE])


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.scope}-{cls.cls}")
def test_a_class_makes_attacks_and_the_same_ones_again(cls: AttackClass) -> None:
    tried = {"M14": 1, "J8": 1, "J10": 1, "J11": 1, "J12": 1, "L10": 1}.get(cls.cls, 100)
    made = 0
    for honest in HONEST[cls.scope][:tried]:
        attacks = _attacks(cls, honest)
        assert cls.cls == "L10" or attacks == _attacks(cls, honest)  # L10 takes seconds
        assert {attack.cls for attack in attacks} <= {cls.cls}
        made += len(attacks)
    assert made > 0


@pytest.mark.parametrize("cls", [*CLASSES, *EVERYWHERE], ids=lambda cls: f"{cls.scope}-{cls.cls}")
@pytest.mark.parametrize("completion", ["", " ", "x", "{", "[]", "null", r"\boxed{", "\ud800"])
def test_completions_without_what_is_attacked_are_no_obstacle(
    cls: AttackClass, completion: str
) -> None:
    if cls.cls not in {"L10", "M14"}:
        _attacks(cls, _honest("odd", completion, ["", "{}"], gold=[]))


@pytest.mark.parametrize("honest", HONEST["structured"], ids=lambda one: one.item.id)
def test_rewritten_documents_say_the_same_and_broken_ones_are_no_json(honest: Honest) -> None:
    by_name = {one.cls: one for one in CLASSES if one.scope == "structured"}

    def read(text: str) -> object:
        inner = text.partition("```json")[2].partition("```")[0] if "```json" in text else text
        return json.loads(inner)

    for attack in _attacks(by_name["rewritten"], honest):
        assert read(attack.completion) == read(honest.completion), attack.what
    for attack in [*_attacks(by_name["J16"], honest), *_attacks(by_name["J16a"], honest)]:
        with pytest.raises(ValueError, match=r"."):
            read(attack.completion)
