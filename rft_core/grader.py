"""The class that every grader is."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, TypeAlias

from rft_core.configurable import ConfigT, Configurable
from rft_core.types import BatchGradeLike, Family, Grade, GradeLike, Item, Sample

Isolation: TypeAlias = Literal["none", "process"]


class Grader(Configurable[ConfigT]):
    """A configured object that grades samples.

    Subclass it, set `name`, and write one of

    * `grade(sample)`: a `Grade`, a score, or None if the grader does not apply to the item;
    * `grade_batch(samples)`: one of those per sample, in order; an exception in place of one, not
      raised, says that grading failed on this sample only.

    Either may be `async`. Raise plain Python errors when grading itself fails (a service is down):
    the runner turns them into error outcomes, which are never scored 0. A wrong or unreadable
    *completion* is no error: return 0.0, with a reason. `OutputParseError`, which `sample.json`
    raises, may escape and is scored 0.0 for you.
    """

    score_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    """Inclusive; a score outside of it breaks the contract."""
    isolation: ClassVar[Isolation] = "none"
    """`"process"`: may hang or crash, so it runs in killable worker processes."""
    timeout: ClassVar[float | None] = 60.0
    """Default deadline per sample in seconds, from the start of execution; None: no deadline."""
    concurrency: ClassVar[int] = 1
    """Default number of calls in flight; above 1 a sync grader must be thread-safe."""
    whole_batches: ClassVar[bool] = False
    """`grade_batch` needs every batch in one piece and keeps deadlines and concurrency itself.

    The task file's `timeout` and `concurrency` are then refused.
    """
    paid: ClassVar[bool] = False
    """Grading costs money or much time: `rft check` then tries few answers on few items."""

    family: ClassVar[Family | None] = None
    """What is graded: `rft graders test` then tries what fools graders of that kind."""
    pure: ClassVar[bool] = False
    """A grade depends on the item and the completion alone, and grading has no effects.

    Equal samples of a batch are then graded once; in GRPO's groups there are many.
    """
    deterministic: ClassVar[bool] = False
    """Pure, and equal samples get the same grade at any time: grades are kept across steps."""
    memory_limit: ClassVar[int | None] = 2 * 1024**3
    """Address space in bytes that a worker process (`isolation = "process"`) may add to what it
    starts with; None: no limit."""

    def grade(self, sample: Sample) -> GradeLike | Awaitable[GradeLike]:
        """Grade one sample."""
        raise NotImplementedError(f"{type(self).__name__} defines neither grade nor grade_batch")

    def grade_batch(
        self, samples: Sequence[Sample]
    ) -> Sequence[BatchGradeLike] | Awaitable[Sequence[BatchGradeLike]]:
        """Grade several samples at once; override it where that is faster."""
        raise NotImplementedError(f"{type(self).__name__} does not define grade_batch")

    def check_item(self, item: Item) -> None:
        """Raise `ValueError` if the item lacks a column that this grader needs, or it is wrong.

        Called for every row when a task is loaded, before any model is.
        """

    def reference_completion(self, item: Item) -> str | None:
        """Return a completion that deserves full marks, or None if the row does not tell."""
        return None

    def report(self, samples: Sequence[Sample], grades: Sequence[Grade]) -> Mapping[str, Any]:
        """Summarise an evaluation beyond means (per label, say), as a JSON object; {} for nothing.

        `grades` belong to `samples` one by one, all of outcome "graded".
        """
        return {}

    def warnings(self) -> Sequence[str]:
        """Return what is suspicious about the configuration; shown when a task is loaded."""
        return ()

    def origin(self) -> str | None:
        """Return where the grading code comes from if not from the plugin itself; for messages."""
        return None

    def without_memory(self) -> Self:
        """Return a grader that answers anew each time, for graders that remember answers on disk.

        Measurements of how stable a grader is ask for it.
        """
        return self

    def close(self) -> None:
        """Release what the grader holds, at the end of the run."""

    def is_batched(self) -> bool:
        """Whether `grade_batch` is to be called rather than `grade`."""
        return type(self).grade_batch is not Grader.grade_batch

    def is_async(self) -> bool:
        """Whether the method to be called is a coroutine function."""
        return inspect.iscoroutinefunction(self.grade_batch if self.is_batched() else self.grade)
