"""`rft check`."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.status import Status
from rich.table import Table

from rft_core.cases import Case, read_cases
from rft_core.cli.common import console, open_task
from rft_core.cli.tables import number
from rft_core.errors import GradingAbortedError
from rft_core.task.check import Probe, check_task
from rft_core.task.task import Task
from rft_core.testing.adversarial.composed import examine_reward
from rft_core.testing.adversarial.honest import find_honest
from rft_core.testing.adversarial.weaknesses import Weakness
from rft_core.testing.subject import RewardSubject

ATTACKED_ITEMS: Final = 40
"""The references of so many items, or up to twice as many, are what attacks are made from."""

ATTACK_SECONDS: Final = 20.0
"""With slow graders no further attacks are tried after this time."""


def check_command(task_file: Path, cases_file: Path | None = None) -> int:
    """Check a task and print what was found; return the exit code.

    Honest completions to attack come from the cases, if there are any, and from references.
    """
    out = console()
    cases = [] if cases_file is None else read_cases(cases_file)
    task = open_task(task_file, out)
    counts = f"{len(task.train)} training and {len(task.validation)} validation items"
    out.print(f"{task_file}: {counts}, all columns bound", markup=False, highlight=False)
    _check_training(task, out)
    result = check_task(task)
    _print_probes(out, result.probes)
    for finding in result.findings:
        style = "red" if finding.fatal else "yellow"
        word = "error" if finding.fatal else "warning"
        out.print(f"{word}: {finding.text}", style=style, markup=False)
    fatal = any(finding.fatal for finding in result.findings)
    told = len(result.findings)
    if not fatal:
        told += _attack(task, cases, out)
    warned = f"ok, with {told} warning{'s' if told > 1 else ''}" if told else "ok"
    out.print("This task cannot work as it is." if fatal else warned)
    return 2 if fatal else 0


def _check_training(task: Task, out: Console) -> None:
    """Check the model and the training settings, where they can be. Raises `UsageError`."""
    if task.spec.model is None:
        out.print("the task names no model; its training settings were not checked")
    elif importlib.util.find_spec("trl") is None:
        out.print("TRL is not installed; model and training settings were not checked")
    else:
        from rft_core.training.requirements import require_training

        require_training()
        from rft_core.training.plan import plan_run

        plan = plan_run(task)
        out.print(f"model {plan.model}, {plan.max_steps()} steps", markup=False, highlight=False)


def _attack(task: Task, cases: Sequence[Case], out: Console) -> int:
    """Try to be paid without being right, and warn of what is; return how many warnings."""
    told = 0
    for key in task.rewards:
        named = "" if key is None else f"reward {key!r}: "
        with RewardSubject(task, key) as subject, out.status(f"{named}attacks") as status:
            weaknesses = _weaknesses(subject, cases, status)
        for weakness in weaknesses:
            out.print(f"warning: {named}{weakness}", style="yellow", markup=False)
        told += len(weaknesses)
    return told


def _weaknesses(
    subject: RewardSubject, cases: Sequence[Case], status: Status
) -> Sequence[Weakness | str]:
    paid = [key for key, call in subject.plan.calls.items() if call.grader.paid]
    if paid:
        return [f"not attacked: {', '.join(paid)} costs"]
    located = [*subject.task.train, *subject.task.validation]
    items = [one.item for one in located if subject.key in {None, one.item.task}]
    of_reward = [case for case in cases if subject.key in {None, case.item.task}]
    honest = find_honest(subject, of_reward, items[:: max(1, len(items) // ATTACKED_ITEMS)])
    if not honest:
        return ["not attacked: no reference or case is known to earn more than half of the range"]
    try:
        return examine_reward(
            subject,
            honest,
            of_reward,
            seconds=ATTACK_SECONDS,
            on_graded=lambda done, total: status.update(f"attacks: {done} of {total} graded"),
        )
    except GradingAbortedError as error:
        return [f"not attacked to the end: {str(error).splitlines()[0]}"]


def _print_probes(out: Console, probes: Sequence[Probe]) -> None:
    table = Table("answer", "mean reward", "full marks", "errors", title="Without a model")
    for probe in probes:
        table.add_row(probe.name, number(probe.mean), f"{probe.full:.0%}", str(probe.errors))
    out.print(table)
