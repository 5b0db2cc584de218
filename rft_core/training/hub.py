"""Rows of a Hugging Face dataset."""

from __future__ import annotations

from collections.abc import Iterator

from rft_core.errors import DatasetError
from rft_core.task.data import Row
from rft_core.task.spec import DatasetSpec


def read_dataset(spec: DatasetSpec) -> Iterator[Row]:
    """Yield the rows of a dataset on the hub or in a local folder. Raises `DatasetError`."""
    # `datasets` takes a second to import, and most tasks read JSONL files.
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    try:
        dataset = load_dataset(spec.name, spec.config, split=spec.split, revision=spec.revision)
    except (DatasetsError, OSError, ValueError) as error:
        first_line = str(error).strip().split("\n", 1)[0]
        raise DatasetError(
            f"cannot load the dataset: {first_line}",
            where=spec.name,
            hint="Give a .jsonl file, a local folder, or a name on the hub.",
        ) from error
    for index, row in enumerate(dataset):
        yield Row(f"{spec.name}[{index}]", row)
