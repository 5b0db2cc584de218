"""`rft registry`: its commands and their options. What they do is imported when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Share tested, versioned rewards and graders between teams.",
    rich_markup_mode=None,
)

# typer reads these annotations at run time, and knows no `Path | None` default without Optional.
ProjectFolder = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(metavar="FOLDER", help="A folder of the project; where you are if not given."),
]


@app.command()
def init(
    stores: Annotated[
        list[str],
        typer.Argument(metavar="STORE…", help="Folders, git+ addresses or https addresses."),
    ],
) -> None:
    """Write an rft.toml that names stores; folders that are not there are made."""
    from grader_registry.cli.init import init_command

    init_command(Path.cwd(), stores)


@app.command()
def search(
    words: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="All have to occur; everything without any."),
    ] = None,
    project: ProjectFolder = None,
) -> None:
    """Find shared specs by their names, keywords, graders and descriptions."""
    from grader_registry.cli.show import search_command

    search_command(words or [], project or Path.cwd())


@app.command()
def show(
    reference: Annotated[str, typer.Argument(help="team/name or team/name@RANGE.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the document itself, as it was published.")
    ] = False,
    project: ProjectFolder = None,
) -> None:
    """Show a shared spec: what it rewards, how well it was tested, how to use it."""
    from grader_registry.cli.show import show_command

    show_command(reference, project or Path.cwd(), as_json=as_json)


@app.command()
def add(
    references: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(
            metavar="[REF…]", help="team/name or team/name@RANGE; all of the lock without any."
        ),
    ] = None,
    *,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="What is not in rft.lock is an error; for CI.")
    ] = False,
    project: ProjectFolder = None,
) -> None:
    """Take shared specs into the project: vendored, checked and locked."""
    from grader_registry.cli.add import add_command

    add_command(references or [], project or Path.cwd(), frozen=frozen)


@app.command()
def update(
    names: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(metavar="[NAME…]", help="team/name; everything without any."),
    ] = None,
    *,
    to: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="RANGE", help="A new range of versions, such as ^2; for one name."),
    ] = None,
    project: ProjectFolder = None,
) -> None:
    """Go to the newest versions in the locked ranges and show which scores move."""
    from grader_registry.cli.update import update_command

    update_command(names or [], to, project or Path.cwd())


@app.command()
def verify(
    *,
    cases: Annotated[
        bool, typer.Option("--cases", help="Grade all cases and compare with what was published.")
    ] = False,
    project: ProjectFolder = None,
) -> None:
    """Prove that what runs is what was published and locked; exit code 1 if it is not."""
    from grader_registry.cli.verify import verify_command

    raise typer.Exit(verify_command(project or Path.cwd(), cases=cases))


@app.command()
def publish(
    authoring: Annotated[Path, typer.Argument(help="The authoring file.")],
    *,
    to: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(metavar="STORE", help="The store; the project's first if not given."),
    ] = None,
    sign: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="KEY", help="Sign with this ssh key."),
    ] = None,
    bump_reason: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Why the version is another than the scores call for."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do all but adding it to the store.")
    ] = False,
    project: ProjectFolder = None,
) -> None:
    """Test a reward or a grader and publish it as a new version."""
    from grader_registry.publishing.publish import publish_command

    code = publish_command(
        authoring=authoring,
        to=to,
        sign=sign,
        bump_reason=bump_reason,
        dry_run=dry_run,
        project=project or Path.cwd(),
    )
    raise typer.Exit(code)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="team/name@VERSION, or a file.")],
    new: Annotated[str, typer.Argument(help="team/name@VERSION, or a file.")],
    *,
    run: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Compare what this run sampled as well."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    project: ProjectFolder = None,
) -> None:
    """Show which scores move from one version to another."""
    from grader_registry.replay.command import diff_command

    raise typer.Exit(diff_command(old, new, run, project or Path.cwd(), as_json))


@app.command("yank")
def yank_version(
    reference: Annotated[str, typer.Argument(help="team/name@VERSION.")],
    *,
    reason: Annotated[str, typer.Option(help="What is wrong with it.")],
    store: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The store; the first that has it if not given."),
    ] = None,
    project: ProjectFolder = None,
) -> None:
    """Say that a version should no longer be chosen; it stays readable."""
    from grader_registry.publishing.yank import yank_command

    code = yank_command(
        reference=reference, reason=reason, store=store, project=project or Path.cwd()
    )
    raise typer.Exit(code)


@app.command()
def site(
    output: Annotated[Path, typer.Argument(help="The folder to write.")],
    *,
    store: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Of which store; the project's first if not given."),
    ] = None,
    title: Annotated[str, typer.Option(help="What the pages are headed with.")] = "Shared specs",
    project: ProjectFolder = None,
) -> None:
    """Write web pages of everything in a store."""
    from grader_registry.cli.site import site_command

    site_command(output, store, title, project or Path.cwd())
