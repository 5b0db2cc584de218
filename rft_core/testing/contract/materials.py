"""What graders are tried with: odd completions, hostile ones, and rows made up for want of any."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rft_core.grader import Grader
from rft_core.types import Item, Sample

_SCRIPTS: Final = (
    "Ответ: сорок два", "答案是四十二。", "答えは四十二です", "정답은 사십이", "الجواب ٤٢",
    "התשובה היא 42", "उत्तर ४२", "คำตอบ ๔๒", "Η απάντηση", "İstanbul ıI ß ŉ ǰ",  # noqa: RUF001
)  # fmt: skip
_SIGNS: Final = (
    "²", "½", "٣", "Ⅷ", "４２", "𝟒𝟐", "−1", "1\u00a0000", "①",  # noqa: RUF001
    "👩\u200d👩\u200d👧\u200d👦🏽", "🇺🇳🏴", "\u202eabc\u202c", "\u200b\u200d\ufeff", "e\u0301" * 3,
    "Z" + "\u0335\u0361" * 30, "\ufffe\uffff", "\U0010ffff", "\u2028\u2029\x85",
)  # fmt: skip
_CONTROLS: Final = ("\x00", "a\x00b", "\x1b[31mred\x1b[0m", "\x07\x08\x0b\x0c\x7f", "\r\n\r\n")
_SURROGATES: Final = ("\ud800", "a\udfffb", '{"a": "\ud800"}', '"\\ud800"')
ODD_NUMBERS: Final = (
    "NaN", "Infinity", "-Infinity", "inf", "nan", "1e999", "-1e999", "1e-999", "-0", "0", "-1",
    "1/0", "0x1F", "1_000", "1,000.5", "9" * 400, "9" * 5000, "0." + "3" * 500, "1e400000000", "²",
)  # fmt: skip
_JSON: Final = (
    "{}", "[]", "null", "true", '""', "0", "[[]]", "[{}]", "[null]", '{"": null}', "{", "[", '"',
    '{"a"', '{"a":', '{"a": 1,', '{"a": 1}}', "{'a': 1}", '{"a": NaN}', '{"a": 1e999}',
    '{"a": 1, "a": 2}', '[1, "1", null, true, [], {}]', '{"a": [[1], {"b": 1}, null]}',
    '```json\n{"a": 1}\n```', "[" * 100_000, '{"a":' * 50_000, "[" * 400 + "]" * 400,
    "[" * 5000 + "1" + "]" * 5000,
)  # fmt: skip
_TEXTS: Final = (
    "", " ", "\n", "\t \n ", ".", "a", "?", "()", "\\", "\\boxed{", "<answer>", "</think>", "%s {}",
    "$&*^%#@!~`|;:'\"", "no", "yes", "I do not know.", "None", "-", "=", "1 2 3", "Answer:",
)  # fmt: skip
ODD: Final = (
    *_TEXTS, *_JSON, *_SURROGATES, *_CONTROLS, *_SIGNS, *ODD_NUMBERS, *_SCRIPTS, "x" * 1_000_000,
)  # fmt: skip
FEW_ODD: Final = ("", " ", "{}", "\ud800", "a\x00b", "x" * 100_000)
"""Where each costs money."""

_WRONG_VALUES: Final[tuple[Any, ...]] = (
    None,
    {},
    [],
    "",
    "x",
    0,
    -1,
    10**400,
    True,
    [[]],
    [{}],
    [None, 1, "a"],
)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


def odd_completions(right: str) -> Iterator[str]:
    """Yield completions that no grader may stumble over; those near to a right one first."""
    yield from ODD[:20]
    yield from _bent_json(right)
    yield from _bent_text(right)
    yield from ODD[20:]


def _bent_text(right: str) -> Iterator[str]:
    half = len(right) // 2
    yield from (right[:half], right[half:], right[:-1], right + "\x00", right + "\ud800")
    yield from (f"  {right}\n\n", right.upper(), right * 3, f"{right}\n{right}", right[::-1])
    for found in list(_NUMBER.finditer(right))[-2:]:
        for number in ODD_NUMBERS:
            yield right[: found.start()] + number + right[found.end() :]
    for found in list(re.finditer(r"[^\W\d]+", right))[-2:]:
        for word in ("", "\x00", "²", "\ud800"):
            yield right[: found.start()] + word + right[found.end() :]


def _bent_json(right: str) -> Iterator[str]:
    """Yield a JSON completion with every part of it replaced by what does not belong there."""
    document = json_of(right)
    if not isinstance(document, dict | list):
        return
    yield json.dumps(_doubled(document))
    for path in list(_paths(document))[:10]:
        for value in _WRONG_VALUES:
            yield json.dumps(_with(document, path, value))
        yield json.dumps(_without(document, path))


def json_of(text: str) -> Any:
    """Return the document that a text is, None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def leaves(text: str, values: Iterable[str]) -> Iterator[str]:
    """Yield a JSON text with each of its strings replaced by each of the values."""
    document = json_of(text)
    if not isinstance(document, dict | list):
        return
    strings = [path for path in _paths(document) if isinstance(_at(document, path), str)]
    for path in strings[:4]:
        for value in values:
            yield json.dumps(_with(document, path, value))


def _paths(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children: Iterable[tuple[Any, Any]] = ()
    if isinstance(document, dict):
        children = document.items()
    elif isinstance(document, list):
        children = enumerate(document[:3])
    for key, child in children:
        yield from _paths(child, (*path, key))


def _at(document: Any, path: Sequence[Any]) -> Any:
    for key in path:
        document = document[key]
    return document


def _with(document: Any, path: Sequence[Any], value: Any) -> Any:
    if not path:
        return value
    copy = json.loads(json.dumps(document))
    _at(copy, path[:-1])[path[-1]] = value
    return copy


def _without(document: Any, path: Sequence[Any]) -> Any:
    if not path:
        return {}
    copy = json.loads(json.dumps(document))
    del _at(copy, path[:-1])[path[-1]]
    return copy


def shuffled_json(text: str) -> list[str]:
    """Return a JSON text, and the same with its lists in reverse: what a grader may sort."""
    document = json_of(text)
    return [] if document is None else [text, json.dumps(_reversed(document))]


def _reversed(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _reversed(value) for key, value in reversed(document.items())}
    return (
        [_reversed(value) for value in reversed(document)]
        if isinstance(document, list)
        else document
    )


def _doubled(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _doubled(value) for key, value in document.items()}
    return document * 2 if isinstance(document, list) else document


def companions(given: Sequence[Sample]) -> list[Sample]:
    """Return samples to go with the given ones: wrong, empty, repeated, other items' answers."""
    items = list({id(sample.item): sample for sample in given}.values())[:2]
    found: list[Sample] = []
    for sample in items:
        text = sample.text
        others = [other.text for other in given if other.item is not sample.item][:1]
        wrong = ("", text[: len(text) // 2], f"{text} {text}", "no idea, really", *others)
        found += [Sample(sample.item, one) for one in (*wrong, *shuffled_json(text)[1:])]
    return found


# Hostile completions

_STRUCTURE: Final = '[{("\\<`$/* \n\t-_,.:=#|'


def hostile_completions(right: str) -> Iterator[str]:
    """Yield completions that take bad patterns and bad loops for ever, or eat memory."""
    for found in list(re.finditer(r"[^\W\d_]+|\d+|\s+", right))[:6]:
        before, run, after = right[: found.start()], found.group()[:1], right[found.end() :]
        for many in (45, 30_000):
            yield before + run * many + "!" + after
            yield before + run * many + "\x00"
    for number in ("100000000000", "10**10**10", "9**9**9**9", "1e100000000", "9" * 100_000):
        yield number
        for found in list(_NUMBER.finditer(right))[-1:]:
            yield right[: found.start()] + number + right[found.end() :]
    for piece in (
        "a",
        "1",
        " ",
        "a ",
        "a,",
        "aA1",
        "(a",
        "((",
        '"\\',
        "<a",
        "\\{",
        "1.",
        "- ",
        "\n\n",
        "=1",
    ):
        yield piece * 45 + "!"
        yield piece * 30_000 + "!"
    for character in _STRUCTURE:
        yield character * 1_000_000
    half = right[: len(right) // 2 + 1] or "a"
    yield half * (1_000_000 // len(half))
    yield f"{right}\n" * (300_000 // (len(right) + 1))
    for character in "[{(":
        yield right + character * 200_000
    yield '{"a":' * 200_000 + "1" + "}" * 200_000
    yield " ".join(map(str, range(100_000)))
    yield json.dumps(list(range(100_000)))
    yield json.dumps({str(number): number for number in range(50_000)})


# Rows made up

_MADE_UP_VALUES: Final[tuple[Any, ...]] = (
    "Paris", 42, ["Paris", "Rome"], {"answer": "Paris"}, '{"answer": "Paris"}', "42",
)  # fmt: skip
MAX_MADE_UP_KEYS: Final = 8


class _Asked(Mapping[str, Any]):
    """Fields that give every key the same value and remember which keys were asked for."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.asked: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if not isinstance(key, str) or len(self.asked) >= MAX_MADE_UP_KEYS or key == "task":
            raise KeyError(key)
        return self.asked.setdefault(key, self.value)

    def __iter__(self) -> Iterator[str]:
        return iter(self.asked)

    def __len__(self) -> int:
        return len(self.asked)


def made_up_items(grader: Grader[Any]) -> Iterator[Item]:
    """Yield rows with the columns that the grader asks for, and a row without any."""
    messages = ({"role": "user", "content": "What is the capital of France?"},)
    for value in _MADE_UP_VALUES:
        fields = _Asked(value)
        try:
            grader.check_item(Item("made up", messages, fields))
            _grade_blindly(grader, Sample(Item("made up", messages, fields), "Paris"))
        except Exception:  # noqa: BLE001, S112 - the grader does not take this value
            continue
        yield Item("made up", messages, dict(fields.asked))
    yield Item("made up", messages, {})


def _grade_blindly(grader: Grader[Any], sample: Sample) -> None:
    """Let a sync grader ask for columns; the others tell by `check_item` alone."""
    if not grader.is_async():
        if grader.is_batched():
            grader.grade_batch([sample])
        else:
            grader.grade(sample)


def made_up_texts(item: Item) -> list[str]:
    """Return completions for a made-up row."""
    values = list(item.fields.values())[:1]
    texts = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return list(dict.fromkeys([
        *texts, "Paris", "The answer is 42.", '{"answer": ["Rome", "Paris"]}', "", "no",
    ]))  # fmt: skip
