"""The items that rows belong to: rows themselves, or ids in the task's datasets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from rft_core.errors import DatasetError, UsageError
from rft_core.regrade.source import Split
from rft_core.task.data import LocatedItem, Row
from rft_core.task.spec import CasesSpec, DatasetSpec, DataSource
from rft_core.task.task import Task
from rft_core.types import Item


class Library:
    """The items of the task's datasets by id; they are read when the first id is looked up."""

    def __init__(self, task: Task, load: Callable[[], Task]) -> None:
        """Take the task without its data, and what loads it with its data."""
        self.task = task
        self._load = load

    def find(self, identifier: str, split: Split | None, where: str) -> Item:
        """Return the item. Raises `DatasetError` if there is none, or no telling which."""
        splits: list[Split] = ["train", "validation"] if split is None else [split]
        by_id = self._items(identifier, where)
        found = [item for name in splits if (item := by_id[name].get(identifier))]
        if not found:
            names = " or ".join(filter(None, map(self._dataset_name, splits)))
            raise DatasetError(
                f"there is no item {identifier!r} in {names or f'data.{split}'}",
                where=where,
                hint="Ids are looked up in the task's data; `item` can also be the row itself.",
            )
        if found[-1] != found[0]:
            raise DatasetError(
                f"the item {identifier!r} is in the training and in the validation data",
                where=where,
                hint="They differ; give the row itself as `item`.",
            )
        return found[0]

    def _items(self, identifier: str, where: str) -> Mapping[Split, Mapping[str, Item]]:
        try:
            return self._by_id
        except UsageError as error:
            message = f"the id {identifier!r} cannot be looked up: {error}"
            raise DatasetError(message, where=where) from None

    @cached_property
    def _by_id(self) -> Mapping[Split, Mapping[str, Item]]:
        task = self._load()
        return {"train": _by_id(task.train), "validation": _by_id(task.validation)}

    def _dataset_name(self, split: Split) -> str | None:
        dataset: DataSource | None = getattr(self.task.spec.data, split)
        if isinstance(dataset, CasesSpec):
            return dataset.cases
        return dataset.name if isinstance(dataset, DatasetSpec) else dataset


def _by_id(located: Sequence[LocatedItem]) -> dict[str, Item]:
    return {one.item.id: one.item for one in located}


class ItemFinder:
    """The items of one chunk's rows; completions of one item share one object."""

    def __init__(self, library: Library, split: Split | None) -> None:
        self._library = library
        self._split = split
        self._known: dict[str, tuple[Mapping[str, Any], str, Item]] = {}
        """Row, place and item, by the item's id, or by its text where it has none."""
        self._last: tuple[Any, Any, Item] | None = None

    def find(self, value: Any, task: Any, where: str) -> Item:
        """Return the item that a row names by its id, or holds. Raises `DatasetError`.

        `task` chooses the reward of an item that names no task itself.
        """
        if self._last and self._last[1] == task and _same(self._last[0], value):
            return self._last[2]
        item = self._item(value, task, where)
        self._last = (value, task, item)
        return item

    def _item(self, value: Any, task: Any, where: str) -> Item:
        if isinstance(value, str):
            return self._library.find(value, self._split, where)
        if not isinstance(value, dict):
            raise DatasetError(
                "`item` is neither an object nor an id",
                where=where,
                hint="It is a row as in a dataset, or the id of one in the task's data.",
            )
        data = value if task is None or "task" in value else {**value, "task": task}
        identifier = _identifier(data.get("id"), where)
        key = _json(data) if identifier is None else f"id {identifier}"
        if key not in self._known:
            name = f"line {where.rpartition(':')[2]}" if identifier is None else identifier
            item = self._library.task.item(Row(where, {**data, "id": name}))
            self._known[key] = data, where, item
        known, place, item = self._known[key]
        if not _same(known, data):
            raise DatasetError(
                f"item {identifier!r} differs from the one at {place}",
                where=where,
                hint="Completions of one item repeat its row; other items need other ids.",
            )
        return item


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same as JSON; 1, 1.0 and true are equal to Python only."""
    return one == other and (repr(one) == repr(other) or _json(one) == _json(other))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _identifier(value: Any, where: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DatasetError("`item.id` is neither text nor a whole number", where=where)
    return str(value)
