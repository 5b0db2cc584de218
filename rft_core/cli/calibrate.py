"""`rft graders calibrate`."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from rft_core.calibration.requirements import require_calibration
from rft_core.calibration.result import Calibration
from rft_core.cases import Case, read_scored_cases
from rft_core.cli.calibration_report import print_calibration
from rft_core.cli.common import console
from rft_core.cli.late_progress import late_progress
from rft_core.errors import UsageError
from rft_core.grading.boundary import GraderCall
from rft_core.task.selection import select_grader


@dataclass(frozen=True)
class CalibrationRequest:
    """The options of the command."""

    name: str
    cases: Path
    config: str | None
    human_range: tuple[float, float]
    pass_threshold: float
    repeats: int
    output: Path | None

    def check(self) -> None:
        """Refuse what would only show after the grading. Raises `UsageError`."""
        low, high = self.human_range
        if not (low < high and math.isfinite(high - low)):
            raise UsageError(
                f"--human-range {low:g} {high:g} is no range", hint="The lower score comes first."
            )
        if not 0 <= self.pass_threshold <= 1:
            raise UsageError(
                f"--pass-threshold {self.pass_threshold:g} is outside of 0 to 1",
                hint="All scores are brought to that scale, the human ones too.",
            )
        if self.output is not None and (self.output.is_dir() or not self.output.parent.is_dir()):
            raise UsageError(
                f"--output: {self.output} cannot be written", hint="Name a file in a folder."
            )


def calibrate_command(request: CalibrationRequest) -> int:
    """Hold a grader against people, print what was found, and return the exit code."""
    out = console()
    request.check()
    require_calibration()
    from rft_core.calibration.gradings import check_cases

    call = select_grader(request.name, request.config)
    for warning in call.grader.warnings():
        out.print(f"warning: {warning}", style="yellow", markup=False)
    cases = read_scored_cases(request.cases, request.human_range)
    check_cases(call, cases)
    calibration = _calibrate(request, call, cases, out)
    print_calibration(out, calibration)
    if request.output is not None:
        _write(request.output, calibration)
        out.print(f"written to {request.output}", markup=False, highlight=False, soft_wrap=True)
    return 0 if calibration.verdict.word == "fit" else 1


def _calibrate(
    request: CalibrationRequest, call: GraderCall, cases: list[Case], out: Console
) -> Calibration:
    from rft_core.calibration.calibrate import summarize
    from rft_core.calibration.gradings import grade_cases

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with late_progress(out, *columns) as bar:
        shown = bar.add_task("grading", total=len(cases) * request.repeats)
        graded = grade_cases(
            call,
            cases,
            request.human_range,
            request.repeats,
            lambda count: bar.advance(shown, count),
        )
    return summarize(
        call,
        graded,
        cases_file=request.cases,
        human_range=request.human_range,
        threshold=request.pass_threshold,
    )


def _write(path: Path, calibration: Calibration) -> None:
    text = json.dumps(asdict(calibration), ensure_ascii=False, allow_nan=False, indent=2)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(error.strerror or str(error), where=str(path)) from None
