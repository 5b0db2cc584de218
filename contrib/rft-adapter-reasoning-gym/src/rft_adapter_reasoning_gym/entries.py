"""From dataset rows to reasoning-gym's entries."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any, Final

from rft_core.types import Item

_GRIDS: Final = frozenset({"arc_agi", "rearc"})
"""Their scorers compare tuples, which JSON turns into lists."""


def dataset_of(item: Item, dataset: str | None) -> str:
    """Return the name of the item's dataset, `dataset` if given. Raises `ValueError`."""
    named = metadata(item).get("source_dataset")
    if dataset is None and not isinstance(named, str):
        raise ValueError("`metadata.source_dataset` is no text, and the config names no `dataset`")
    if dataset is not None and named not in {None, dataset}:
        raise ValueError(f"the row is of the dataset {named!r}, not of {dataset!r}")
    return dataset or str(named)


def metadata(item: Item) -> Mapping[str, Any]:
    """Return the item's metadata: an object, or the text of one. Raises `ValueError`."""
    value = item.fields.get("metadata")
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, Mapping):
        raise ValueError("column `metadata` must be an object, as reasoning-gym's entries have it")  # noqa: TRY004 - graders say it so
    return value


def answer_of(item: Item) -> str | None:
    """Return the item's answer; None where many answers are right. Raises `ValueError`."""
    if "answer" not in item.fields:
        raise ValueError("the row has no column `answer`; null says that many answers are right")
    answer = item.fields["answer"]
    if answer is not None and not isinstance(answer, str):
        raise ValueError("column `answer` must be a text or null")
    return answer


def entry_of(item: Item, dataset: str) -> dict[str, Any]:
    """Return a reasoning-gym entry of its own: a scorer may change it. Raises `ValueError`."""
    facts = copy.deepcopy(dict(metadata(item)))
    return {
        "question": item.fields.get("question"),
        "answer": answer_of(item),
        "metadata": _tuples(facts) if dataset in _GRIDS else facts,
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"column `metadata` is not JSON: {error}") from None


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(part) for key, part in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
