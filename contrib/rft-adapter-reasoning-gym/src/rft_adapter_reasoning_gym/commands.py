"""`rft reasoning-gym`: practice data as JSONL rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
import yaml

from rft_adapter_reasoning_gym import datasets
from rft_core.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="Practice data of reasoning-gym.")


@app.command("list")
def list_datasets() -> None:
    """List the datasets."""
    print("\n".join(datasets.names()))


@app.command()
def write(
    dataset: Annotated[str, typer.Argument(help="A dataset of reasoning-gym.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new JSONL file.")],
    size: Annotated[int, typer.Option(min=1, help="Rows.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Other seeds, other rows.")] = 0,
    option: Annotated[
        Optional[list[str]],  # noqa: UP045 - read at run time
        typer.Option(help="An option of the dataset, such as max_animals=5; repeatable."),
    ] = None,
) -> None:
    """Write rows with `id`, `question`, `answer` and `metadata`."""
    lines = [json.dumps(row) + "\n" for row in rows(dataset, size, seed, _options(option or []))]
    try:
        with output.open("x", encoding="utf-8") as file:
            file.writelines(lines)
    except OSError as error:
        raise UsageError(error.strerror or str(error), where=str(output)) from None
    print(f"{output}: {size} rows of {dataset}")


def rows(
    dataset: str, size: int, seed: int, options: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield rows of a dataset, the same for the same seed. Raises `UsageError`."""
    try:
        made = datasets.create(dataset, {**(options or {}), "size": size, "seed": seed})
    except ValueError as error:
        raise UsageError(str(error)) from None
    for index in range(size):
        entry = made[index]
        row = {"id": f"{dataset}-{seed}-{index}"} | {
            key: entry[key] for key in ("question", "answer", "metadata")
        }
        try:
            json.dumps(row, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"an entry of {dataset!r} cannot be written as JSON: {error}"
            ) from None
        yield row


def _options(given: list[str]) -> dict[str, Any]:
    options = {}
    for one in given:
        name, separator, value = one.partition("=")
        if not separator:
            raise UsageError(f"--option {one}: write it as NAME=VALUE")
        try:
            options[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UsageError(f"--option {one}: the value is not YAML") from None
    return options
