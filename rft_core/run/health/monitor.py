"""The monitor: rows of metrics.jsonl in, warnings out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rft_core.run.health.alarms import alarms
from rft_core.run.health.history import History
from rft_core.run.health.learning import learning
from rft_core.run.health.recent import Recent
from rft_core.run.health.rows import Row, sections
from rft_core.run.health.telling import Telling
from rft_core.run.health.timing import Timing
from rft_core.run.health.warning import GraderFacts, HealthWarning


class HealthMonitor:
    """Watches a run by its rows; the same rows give the same warnings.

    `graders` says what each grader is for, by its name, or by "task/name" where there are several
    tasks; what is not in it is not judged. What it keeps of a run is bounded.
    """

    def __init__(
        self, graders: Mapping[str, GraderFacts], max_completion_length: int | None
    ) -> None:
        self._graders = graders
        self._limit = max_completion_length
        self._recent: defaultdict[str, Recent] = defaultdict(Recent)
        self._history: defaultdict[str, History] = defaultdict(History)
        self._timing = Timing()
        self._telling = Telling()

    def observe(self, row: Row) -> Sequence[HealthWarning]:
        """Take the next row, of kind train or eval, and return what is to be told.

        Rows come in the order in which they stand in the log.
        """
        step = int(row["step"])
        if row["kind"] == "train":
            self._add_train(step, row)
        else:
            self._add_eval(step, row)
        return self._telling.choose(step, self._holding())

    def _add_train(self, step: int, row: Row) -> None:
        self._timing.add(row)
        for task, section in sections(row).items():
            self._recent[task].add(step, section)
            self._history[task].add_train(step, task, section, self._graders)

    def _add_eval(self, step: int, row: Row) -> None:
        for task, section in sections(row).items():
            self._history[task].add_eval(step, task, section, self._graders)

    def _holding(self) -> Iterator[HealthWarning]:
        for task, history in self._history.items():
            yield from alarms(task, history)
        for task, recent in self._recent.items():
            yield from learning(task, recent, self._graders, self._limit)
        yield from self._timing.warnings()
