"""Loading a task file: everything is checked here, before any model is loaded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from rft_core.errors import DatasetError, TaskFileError
from rft_core.reward.engine import OnUnfinished, RewardEngine
from rft_core.rollout import Rollout
from rft_core.suggest import did_you_mean
from rft_core.task.build import RewardPlan, plan_reward, plan_rollout
from rft_core.task.data import (
    LocatedItem,
    MessageTemplates,
    Row,
    RowReader,
    make_items,
    read_jsonl,
    rows_of_cases,
)
from rft_core.task.mix import Mix, plan_mix
from rft_core.task.shared import expand
from rft_core.task.source import Location, Place, Source, read_text, read_yaml
from rft_core.task.spec import CasesSpec, DatasetSpec, DataSource, MessageSpec, ModelSpec, TaskSpec
from rft_core.task.templates import Template, parse_template
from rft_core.task.validation import validate
from rft_core.types import Item, Message

_ITEM = frozenset({"item"})
_NAMESPACES = _ITEM | {"response_format"}


@dataclass(frozen=True)
class Task:
    """A checked task file with its items, configured graders and rollout."""

    source: Source
    spec: TaskSpec
    rewards: Mapping[str | None, RewardPlan]
    rollout: Rollout[Any]
    train: Sequence[LocatedItem]
    validation: Sequence[LocatedItem]
    messages: Sequence[tuple[str, str]] | None
    """Role and template text of each prompt message; None if the rows hold their messages."""
    response_schema: Mapping[str, Any] | None
    reference: Template | None
    """The right completion of an item, for checks."""
    templates: MessageTemplates | None = None
    """`messages`, parsed."""
    mix: Mix | None = None
    """The order in which training rows of several tasks are drawn; None: each once per epoch."""
    shared: Sequence[Mapping[str, str]] = ()
    """The shared specs in it: where they stand, name, version, digest and store."""

    @property
    def base_dir(self) -> Path:
        """The folder that relative paths of the task file start from."""
        return self.source.path.resolve().parent

    def train_items(self) -> list[Item]:
        """Return the training items."""
        return [located.item for located in self.train]

    def validation_items(self) -> list[Item]:
        """Return the validation items, as many as are evaluated."""
        return _first([one.item for one in self.validation], self.spec.evaluate.max_items)

    def item(self, row: Row, prompt: Sequence[Message] | None = None) -> Item:
        """Return a row that is in none of the datasets as an item, checked.

        `prompt` takes the place of the one that the task file or the row makes. A row may lack
        `messages` where the task file has none; it then has no prompt. Raises `DatasetError`.
        """
        promptless = self.templates is None and "messages" not in row.data
        templates = () if promptless or prompt is not None else self.templates
        (located,) = make_items([row], templates, _constants(self.response_schema))
        if prompt is not None:
            located = replace(located, item=replace(located.item, messages=tuple(prompt)))
        _check_item(located, self.rewards)
        return located.item

    def with_overrides(self, *, model: str | None, samples: int | None) -> Task:
        """Return the task with another model, or another number of samples per item."""
        spec = self.spec
        if model is not None:
            name = str(Path(model).resolve()) if Path(model).exists() else model
            spec = spec.model_copy(update={"model": ModelSpec(name=name)})
        if samples is not None:
            evaluate = spec.evaluate.model_copy(update={"samples": samples})
            spec = spec.model_copy(update={"evaluate": evaluate})
        return replace(self, spec=spec)

    def engine(self, on_unfinished: OnUnfinished | None = None) -> RewardEngine:
        """Start the graders; `on_unfinished` is told about batches that take long."""
        rewards = {task: plan.start() for task, plan in self.rewards.items()}
        return RewardEngine(rewards, on_unfinished)

    def warnings(self) -> list[str]:
        """Return what is suspicious but allowed."""
        return [
            f"grader {key!r}: {warning}"
            for plan in self.rewards.values()
            for key, call in plan.calls.items()
            for warning in call.grader.warnings()
        ]


def load_task(path: Path, read_dataset: RowReader | None = None, *, data: bool = True) -> Task:
    """Load and check a task file and its datasets.

    `read_dataset` reads Hugging Face datasets; without it only JSONL files can be read. Without
    `data` no dataset is read, and the task has no items. Raises `UsageError` with file and line.
    """
    source = read_yaml(path)
    if not isinstance(source.data, dict):
        raise TaskFileError("a task file is a mapping of sections", where=source.where())
    root = Place(source)
    expanded = expand(source)
    spec = validate(TaskSpec, expanded.data, root)
    rewards = {
        task: plan_reward(reward, _place_of(root, task), expanded.place)
        for task, reward in spec.reward_specs().items()
    }
    _check_decoupled(spec, root)
    rollout = plan_rollout(spec.rollout, root / "rollout")
    loader = _DataLoader(source, spec, read_dataset)
    train = loader.load(spec.data.train, "train") if data else []
    validation = loader.load(spec.data.validation, "validation") if data else []
    for located in (*train, *validation):
        _check_item(located, rewards)
    return Task(
        source=source,
        spec=spec,
        rewards=rewards,
        rollout=rollout,
        train=train,
        validation=validation,
        messages=loader.messages,
        response_schema=loader.schema,
        reference=_reference(spec, root / "reference"),
        templates=loader.templates,
        mix=plan_mix(spec, root, [located.item for located in train]) if data else None,
        shared=expanded.records(),
    )


def _place_of(root: Place, task: str | None) -> Place:
    """Return where a reward stands."""
    return root / "reward" if task is None else root / "rewards" / task


def _first(items: Sequence[Item], limit: int | None) -> list[Item]:
    """Return the first items, as many of each task as of any other while there are some."""
    by_task: dict[str | None, list[int]] = {}
    for index, item in enumerate(items):
        by_task.setdefault(item.task, []).append(index)
    in_turn = (index for turn in zip_longest(*by_task.values()) for index in turn)
    chosen = islice((index for index in in_turn if index is not None), limit)
    return [items[index] for index in sorted(chosen)]


def _constants(schema: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return what templates may show beside the row."""
    return {} if schema is None else {"response_format": {"schema": schema}}


def _reference(spec: TaskSpec, place: Place) -> Template | None:
    try:
        return None if spec.reference is None else parse_template(spec.reference, _ITEM)
    except ValueError as error:
        raise place.error(str(error)) from None


def _check_decoupled(spec: TaskSpec, root: Place) -> None:
    """Refuse what has no meaning where each grader is normalised by itself."""
    for task, reward in spec.reward_specs().items() if spec.decoupled else ():
        place = _place_of(root, task)
        if reward.formula is not None:
            raise (place / "formula").error("decoupled rewards have weights, not a formula")
        if reward.shapers:
            raise (place / "shapers").error("decoupled rewards are not shaped")


def _check_item(located: LocatedItem, rewards: Mapping[str | None, RewardPlan]) -> None:
    """Raise `DatasetError` if no reward, or a grader of it, can grade the item."""
    task = None if None in rewards else located.item.task
    if task not in rewards:
        known = [name for name in rewards if name is not None]
        message = f"there is no reward for task {task!r}" if task else "the row has no `task`"
        raise DatasetError(message, where=located.where, hint=did_you_mean(task or "", known))
    for key, call in rewards[task].calls.items():
        try:
            call.grader.check_item(located.item)
        except (ValueError, LookupError) as error:
            raise DatasetError(
                f"grader {key!r} cannot grade this row: {error}", where=located.where
            ) from None


class _DataLoader:
    """Reads the datasets of one task file."""

    def __init__(self, source: Source, spec: TaskSpec, read_dataset: RowReader | None) -> None:
        self.source = source
        self.base_dir = source.path.resolve().parent
        self.read_dataset = read_dataset
        self.schema = self._response_schema(spec)
        self.messages = None if spec.messages is None else self._texts(spec.messages)
        self.templates = None if self.messages is None else self._templates(self.messages)

    def load(self, dataset: DataSource | None, name: str) -> list[LocatedItem]:
        """Return the items of a dataset, at least one; none where the task file names none."""
        if dataset is None:
            return []
        rows = self._rows(dataset, name)
        items = make_items(rows, self.templates, _constants(self.schema))
        if not items:
            raise DatasetError("the dataset has no rows", where=self.source.where(("data", name)))
        return items

    def _rows(self, dataset: DataSource, name: str) -> Iterable[Row]:
        if isinstance(dataset, CasesSpec):
            return rows_of_cases(self.base_dir / Path(dataset.cases).expanduser())
        if isinstance(dataset, str):
            path = self.base_dir / Path(dataset).expanduser()
            if path.is_file():
                return read_jsonl(path)
            if path.suffix in {".jsonl", ".json"}:
                raise self.source.error(f"{path}: no such file", ("data", name))
            dataset = DatasetSpec(name=dataset, split=name)
        folder = self.base_dir / Path(dataset.name).expanduser()
        if folder.is_dir():
            dataset = dataset.model_copy(update={"name": str(folder.resolve())})
        if self.read_dataset is None:
            raise self.source.error(
                f"{dataset.name!r} is neither a JSONL file nor can datasets be read here",
                ("data", name),
                "pip install 'rft-core[train]' for Hugging Face datasets.",
            )
        return self.read_dataset(dataset)

    def _texts(self, messages: Sequence[MessageSpec]) -> list[tuple[str, str]]:
        return [
            (message.role, self._read(message.file, ("messages", index, "file")).rstrip("\n"))
            if message.file is not None
            else (message.role, message.content or "")
            for index, message in enumerate(messages)
        ]

    def _read(self, name: str, location: Location) -> str:
        """Return the text of a file that the task file names; errors point at the name."""
        try:
            return read_text(self.base_dir / name)
        except TaskFileError as error:
            raise self.source.error(f"{error.where}: {error.message}", location) from None

    def _templates(self, messages: Sequence[tuple[str, str]]) -> MessageTemplates:
        templates = []
        for index, (role, text) in enumerate(messages):
            try:
                templates.append((role, parse_template(text, _NAMESPACES)))
            except ValueError as error:
                raise self.source.error(str(error), ("messages", index)) from None
        return tuple(templates)

    def _response_schema(self, spec: TaskSpec) -> dict[str, Any] | None:
        if spec.response_format is None:
            return None
        schema = spec.response_format.schema_
        if isinstance(schema, dict):
            return schema
        location = ("response_format", "schema")
        try:
            loaded = json.loads(self._read(schema, location))
        except ValueError as error:
            raise self.source.error(f"{schema} is not JSON: {error}", location) from None
        if not isinstance(loaded, dict):
            raise self.source.error(f"{schema} is no JSON schema: one is an object here", location)
        return loaded
