"""The functions that task files in the documentation name."""

from __future__ import annotations

from rft_core import Sample


def right(sample: Sample) -> float:
    return float(sample.text == sample.item.fields.get("answer"))


def short(sample: Sample) -> float:
    return float(len(sample.text) < 200)


def style(sample: Sample) -> float:
    return float(sample.text.endswith("."))


polite = helpful = style
