"""The `rft` command: its subcommands, and errors as exit codes.

Exit codes: 0 done, 1 the run failed, 2 the input is wrong, 130 interrupted.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated, NoReturn, Optional

import typer

from rft_core.authoring.request import DEFAULT_LICENCE, DEFAULT_MODEL, NewPlugin
from rft_core.cli.processes import let_main_tell
from rft_core.errors import RFTError, UsageError

app = typer.Typer(
    name="rft",
    help="Reinforcement fine-tuning from composed graders.",
    # Listing them would import every plugin.
    epilog="Plugins add commands of their own; `rft registry` finds and shares graders.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing rich for --help would double its time
)
graders_app = typer.Typer(no_args_is_help=True, help="See the installed graders.")
app.add_typer(graders_app, name="graders")

INTERRUPTED = 130

OWN_COMMANDS = frozenset({"train", "eval", "grade", "check", "graders", "new-plugin"})

# typer reads these annotations at run time, and knows no `Path | None` default without Optional.
TaskFile = Annotated[Path, typer.Argument(help="The task file.")]


@app.command()
def train(
    task: Annotated[Optional[Path], typer.Argument(help="The task file.")] = None,  # noqa: UP045
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="The run directory; runs/TASK-TIME if not given."),
    ] = None,
    resume: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Go on with the run in this directory, from its last checkpoint."),
    ] = None,
) -> None:
    """Train a policy with the reward of a task file."""
    from rft_core.cli.train import train_command

    if (task is None) == (resume is None):
        raise UsageError("give either a task file or --resume RUN")
    train_command(task, output, resume)


@app.command("eval")
def evaluate(
    task: TaskFile,
    model: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Evaluate this model (a checkpoint, say) and not the task's."),
    ] = None,
    samples: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--samples", "-k", min=1, help="Samples per item."),
    ] = None,
    split: Annotated[str, typer.Option(help="train or validation.")] = "validation",
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="Write statistics and samples into this new folder."),
    ] = None,
) -> None:
    """Sample and grade, training nothing."""
    from rft_core.cli.evaluate import eval_command

    eval_command(task, model, samples, split, output)


@app.command()
def grade(
    source: Annotated[Path, typer.Argument(help="A run directory, or a JSONL file.")],
    task: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The task file whose reward grades; a run's own if not given."),
    ] = None,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="RUN/regrades/TASK or FILE.graded if not given."),
    ] = None,
    executor: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="inline, process or a plugin's; chosen by the size if not given."),
    ] = None,
    workers: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="Worker processes; as many as processors if not given."),
    ] = None,
) -> None:
    """Grade completions, or grade again what a run sampled; go on where it was interrupted."""
    from rft_core.cli.grade import GradeRequest, grade_command

    raise typer.Exit(grade_command(GradeRequest(source, task, output, executor, workers)))


@app.command()
def check(
    task: TaskFile,
    cases: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Completions with human scores, as JSONL; attacks start from good ones."),
    ] = None,
) -> None:
    """Check a task file without a model: references must score, constants and attacks must not."""
    from rft_core.cli.check import check_command

    raise typer.Exit(check_command(task, cases))


@app.command("new-plugin")
def new_plugin(
    name: Annotated[str, typer.Argument(help="The distribution's name, such as acme-sql.")],
    *,
    grader: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The grader's name; acme_sql for acme-sql if not given."),
    ] = None,
    author: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Your name, and your address in <> if it is to be known."),
    ] = None,
    licence: Annotated[str, typer.Option(help="As SPDX writes it.")] = DEFAULT_LICENCE,
    model: Annotated[
        str, typer.Option(help="What the example trains: a hub id, a folder or a GGUF file.")
    ] = DEFAULT_MODEL,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="The new folder; ./NAME if not given."),
    ] = None,
) -> None:
    """Write a plugin to begin with: a grader, its cases and its tests, ready to install."""
    from rft_core.cli.new_plugin import new_plugin_command

    new_plugin_command(NewPlugin(name, grader, author, licence, model, output))


@graders_app.command("list")
def graders_list() -> None:
    """List the installed graders and where they come from."""
    from rft_core.cli.graders import list_command

    list_command()


@graders_app.command("show")
def graders_show(name: Annotated[str, typer.Argument(help="A grader's name.")]) -> None:
    """Show a grader's options."""
    from rft_core.cli.graders import show_command

    show_command(name)


@graders_app.command("calibrate")
def graders_calibrate(
    name: Annotated[str, typer.Argument(help="A grader's name.")],
    *,
    cases: Annotated[Path, typer.Option(help="Completions with human scores, as JSONL.")],
    config: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The grader's options: a YAML or JSON file, or such a text itself."),
    ] = None,
    human_range: Annotated[
        tuple[float, float],
        typer.Option(metavar="LOW HIGH", help="The scale of the human scores."),
    ] = (0.0, 1.0),
    pass_threshold: Annotated[
        float, typer.Option(help="What passes, on the scale from 0 to 1.")
    ] = 0.5,
    repeats: Annotated[int, typer.Option(min=1, help="Grade every case so many times.")] = 3,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="Write everything into this JSON file."),
    ] = None,
) -> None:
    """Say whether a grader agrees with people enough to reward with; exit code 1 if not."""
    from rft_core.cli.calibrate import CalibrationRequest, calibrate_command

    request = CalibrationRequest(name, cases, config, human_range, pass_threshold, repeats, output)
    raise typer.Exit(calibrate_command(request))


@graders_app.command("test")
def graders_test(  # noqa: PLR0913 - one for each option
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(help="A grader's name."),
    ] = None,
    *,
    config: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The grader's options: a YAML or JSON file, or such a text itself."),
    ] = None,
    cases: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Completions and what is expected, as JSONL; the project's own else."),
    ] = None,
    project: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The folder of the pyproject.toml; the nearest, or the grader's, else."),
    ] = None,
    card: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="DIR", help="Write the grade card into this folder."),
    ] = None,
    readme: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Rewrite the grade card in this file."),
    ] = None,
    task: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Test this task file's composed reward."),
    ] = None,
    reward: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Which reward, if the task file has several."),
    ] = None,
) -> None:
    """Test a grader: its cases, the contract, attacks, speed; exit code 1 if it does not pass."""
    from rft_core.cli.test_grader import TestRequest, test_command

    request = TestRequest(name, config, cases, project, card, readme, task, reward)
    raise typer.Exit(test_command(request))


def main() -> NoReturn:
    """Run the command line and exit."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # completions hold what no terminal can show
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _add_plugin_commands()
        app()
    except RFTError as error:
        code = 2 if isinstance(error, UsageError) else 1
        let_main_tell(code)
        _fail(str(error), code)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    except SystemExit as end:  # typer makes an exit of Ctrl-C, without a word
        if end.code == INTERRUPTED:
            _fail("interrupted", INTERRUPTED)
        raise
    sys.exit(0)


def _fail(message: str, code: int) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)  # noqa: T201 - the command line's own voice
    sys.exit(code)


def _add_plugin_commands() -> None:
    """Add plugins' commands, importing plugins only if the command is not one of ours."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    if not words or words[0] in OWN_COMMANDS:
        return
    from rft_core.plugins import plugin_manager

    for name, group in plugin_manager().commands().items():
        if name not in OWN_COMMANDS:
            app.add_typer(group, name=name)
