"""`rft eval`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.progress import Progress

from rft_core.cli.common import console, open_task
from rft_core.cli.tables import evaluation_table
from rft_core.errors import UsageError
from rft_core.evaluation import distinct_errors
from rft_core.run.directory import RunDirectory


def eval_command(
    task_file: Path, model: str | None, samples: int | None, split: str, output: Path | None
) -> None:
    """Evaluate a model on a split and print the statistics."""
    out = console()
    task = open_task(task_file, out)
    if split not in {"train", "validation"}:
        raise UsageError(f"there is no split {split!r}", hint="Use train or validation.")
    items = task.train_items() if split == "train" else task.validation_items()
    if not items:
        raise UsageError("the task has no validation data", hint="Use --split train.")
    from rft_core.training.requirements import require_training

    require_training()
    from rft_core.training.evaluate import evaluate_model
    from rft_core.training.plan import plan_run

    plan = plan_run(task.with_overrides(model=model, samples=samples))
    directory = RunDirectory.create(output) if output else None
    k = plan.task.spec.evaluate.samples
    with tempfile.TemporaryDirectory() as scratch, Progress(console=out, transient=True) as bar:
        shown = bar.add_task("sampling", total=len(items) * k)
        evaluation = evaluate_model(plan, items, Path(scratch), lambda n: bar.advance(shown, n))
    title = f"{plan.model}: {len(items)} {split} items, {k} samples each"
    out.print(title, markup=False, highlight=False, soft_wrap=True)
    out.print(evaluation_table(evaluation.statistics))
    for cause in distinct_errors(evaluation.samples):
        out.print(f"warning: {cause}", style="yellow", markup=False)
    if directory is not None:
        directory.write_samples("eval", 0, evaluation.samples)
        directory.write_json("evaluation.json", evaluation.statistics)
        out.print(f"written to {directory.path}", markup=False, highlight=False)
