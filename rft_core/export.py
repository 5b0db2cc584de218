"""A task file's reward outside of `rft`: as a reward function of TRL, or for code of one's own.

    from rft_core.export import trl_reward

    trainer = GRPOTrainer(model, reward_funcs=[trl_reward("task.yaml")], …)

Graders, gates, weights, shapers and failures are those of a run. Neither data nor a model is
loaded. A failed grader masks the sample: its reward is None, never 0.
"""

from __future__ import annotations

import asyncio
import json
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from itertools import count, repeat
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from cachetools import LRUCache

from rft_core.errors import RunError, UsageError
from rft_core.reward.engine import RewardEngine
from rft_core.run.error_budget import ErrorBudget
from rft_core.task.data import Row
from rft_core.task.task import load_task
from rft_core.types import Completion, GradedSample, Item, Message, Progress, Sample

KEPT_ITEMS: Final = 1000
"""So many rows are remembered: graders know equal samples by their item."""

_TRAINERS_OWN: Final = frozenset({"log_extra", "environments"})

LogMetric: TypeAlias = Callable[[str, float], None]


class ComposedReward:
    """The reward, or rewards, of a task file; a context manager that closes the graders.

    Graders start with the first batch and stop with `close`, with the object, or with the process.
    A pickled copy reads the task file anew and has graders of its own.
    Raises `UsageError` if the task file is wrong.
    """

    def __init__(self, task_file: Path | str) -> None:
        self.task_file = Path(task_file).resolve()
        self.task = load_task(self.task_file, data=False)
        self._lock = threading.Lock()
        self._items: LRUCache[str, Item] = LRUCache(KEPT_ITEMS)
        self._numbers = count()
        self._engine: RewardEngine | None = None
        self._closed = False

    def grade(
        self,
        rows: Sequence[Mapping[str, Any]],
        completions: Sequence[str | Completion],
        prompts: Sequence[Sequence[Message]] | None = None,
        progress: Progress | None = None,
    ) -> list[GradedSample]:
        """Return the completions graded, in order, each with the row at its place.

        Rows are as in a dataset: a reward of several tasks is chosen by `task`. `prompts` are what
        the model was asked; without them the task file's `messages` are filled in from the row.
        Shapers see the batch as one. Blocks; callable from any thread, also while an event loop
        runs in it.

        Raises `DatasetError` for a row that cannot be graded, what `RewardEngine.grade` raises, and
        `ValueError` if the lengths differ.
        """
        asked = [None] * len(rows) if prompts is None else prompts
        items = [self._item(*pair) for pair in enumerate(zip(rows, asked, strict=True))]
        samples = [Sample(*pair) for pair in zip(items, completions, strict=True)]
        return self._started().grade(samples, progress)

    async def grade_async(
        self,
        rows: Sequence[Mapping[str, Any]],
        completions: Sequence[str | Completion],
        prompts: Sequence[Sequence[Message]] | None = None,
        progress: Progress | None = None,
    ) -> list[GradedSample]:
        """Grade without blocking the event loop; otherwise like `grade`."""
        return await asyncio.to_thread(self.grade, rows, completions, prompts, progress)

    def _item(self, index: int, asked: tuple[Mapping[str, Any], Sequence[Message] | None]) -> Item:
        """Return the row as an item, the same object for the same row and prompt."""
        key = _key(asked)
        with self._lock:
            if (known := self._items.get(key)) is not None:
                return known
            number = next(self._numbers)
        row, prompt = asked
        named = {**row, "id": number if row.get("id") is None else row["id"]}
        item = self.task.item(Row(f"row {index} of the batch", named), prompt)
        if key:
            with self._lock:
                self._items[key] = item
        return item

    def _started(self) -> RewardEngine:
        with self._lock:
            if self._closed:
                raise RunError("grading is over: the graders were closed")
            if self._engine is None:
                self._engine = self.task.engine()
                self._finish = weakref.finalize(self, self._engine.close)
            return self._engine

    def close(self) -> None:
        """Stop the graders; grading after that raises `RunError`."""
        with self._lock:
            self._closed = True
        if self._engine is not None:
            self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Self], tuple[Path]]:
        return type(self), (self.task_file,)


class TrlReward:
    """A composed reward as a reward function of TRL's trainers; see `trl_reward`."""

    def __init__(self, task_file: Path | str, name: str) -> None:
        self.__name__ = name  # under which TRL logs it
        self.reward = ComposedReward(task_file)
        self._budget = ErrorBudget(self.reward.task.spec.max_error_rate)

    def __call__(
        self,
        prompts: Sequence[Any] | None = None,
        completions: Sequence[Any] = (),
        completion_ids: Sequence[Sequence[int] | None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """Return a reward per completion, None where the sample is masked.

        Without prompts, the task file's `messages` are filled in from the columns. Raises
        `ErrorRateExceededError` where a run would stop: training would go on with masks alone.
        """
        state = columns.pop("trainer_state", None)
        log_metric: LogMetric | None = columns.pop("log_metric", None)
        graded = self.reward.grade(
            _rows(columns, len(completions)),
            [
                _completion(*pair)
                for pair in zip(completions, completion_ids or repeat(None), strict=False)
            ],
            None if prompts is None else [_messages(prompt) for prompt in prompts],
            None if state is None else Progress(state.global_step + 1, state.max_steps),
        )
        self._budget.spend(graded)
        if log_metric is not None:
            log_grader_means(graded, log_metric)
        return [one.reward for one in graded]

    def close(self) -> None:
        """Stop the graders; calls after that raise `RunError`."""
        self.reward.close()

    def __reduce__(self) -> tuple[type[Self], tuple[Path, str]]:
        return type(self), (self.reward.task_file, self.__name__)


def trl_reward(task_file: Path | str, *, name: str = "reward") -> TrlReward:
    """Return a task file's reward for `GRPOTrainer(reward_funcs=[…])`.

    The dataset's columns are the row that graders see; `task` chooses the reward where there are
    several. Prompts and completions may be texts or messages. Graders see the trainer's prompt, the
    number of tokens of a completion that is one turn, and all turns of one that is more.
    TRL logs the reward as `name`, and the graders' means as `graders/…`. Where there are several
    processes, each has graders of its own.
    Raises `UsageError` if the task file is wrong; its calls do for a row that cannot be graded.
    """
    return TrlReward(task_file, name)


def log_grader_means(graded: Sequence[GradedSample], log_metric: LogMetric) -> None:
    """Send each grader's mean score to TRL's log, and so to the trackers of `report_to`."""
    scores: dict[str, list[float]] = {}
    for one in graded:
        for name, grade in one.grades.items():
            if grade is not None and grade.score is not None:
                scores.setdefault(name, []).append(grade.score)
    for name, values in scores.items():
        log_metric(f"graders/{name}", sum(values) / len(values))


def _key(value: Any) -> str:
    """Return what only equal values have in common; "" for what is not JSON."""
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return ""


def _rows(columns: Mapping[str, Any], size: int) -> list[dict[str, Any]]:
    columns = {name: column for name, column in columns.items() if name not in _TRAINERS_OWN}
    for name, column in columns.items():
        if isinstance(column, str) or len(column) != size:
            raise UsageError(
                f"column {name!r} is no list of {size} values, one for each completion"
            )
    return [{name: column[i] for name, column in columns.items()} for i in range(size)]


def _completion(answer: Any, ids: Sequence[int] | None) -> Completion:
    """Return a text or the messages after the prompt as a completion: the last assistant's text."""
    if isinstance(answer, str):
        return Completion(answer, None if ids is None else len(ids))
    turns = _messages(answer)
    text = next((turn["content"] for turn in reversed(turns) if turn["role"] == "assistant"), "")
    if len(turns) == 1:
        return Completion(text, None if ids is None else len(ids))
    return Completion(text, messages=turns)  # tools' tokens are among the ids


def _messages(prompt: Any) -> tuple[Message, ...]:
    if isinstance(prompt, str):
        return ({"role": "user", "content": prompt},)
    return tuple({**turn, "content": _text(turn.get("content"))} for turn in prompt)


def _text(content: Any) -> str:
    """Return a message's text: of its parts, those that are text."""
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.get("text") or "" for part in content)
