"""How good a grader must be to pass its tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class Thresholds(BaseModel):
    """What a project demands of its grader; the defaults forgive nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    agreement: float = Field(default=1.0, ge=0, le=1)
    """At least this share of the cases comes out as expected."""
    false_passes: int = Field(default=0, ge=0)
    """At most so many cases pass that should fail."""
    false_fails: int = Field(default=0, ge=0)
    """At most so many cases fail that should pass."""
    violations: int = Field(default=0, ge=0)
    """At most so many findings of the contract checks."""
    fooled: int = Field(default=0, ge=0)
    """At most so many attacks are paid what they do not deserve."""
    missed: int = Field(default=0, ge=0)
    """At most so many right answers in unusual writing are not paid."""
    broke: int = Field(default=0, ge=0)
    """At most so many attacks on which grading fails."""
    weaknesses: int = Field(default=0, ge=0)
    """At most so many ways in which a composed reward pays what is not right."""
    p99_ms: float | None = Field(default=None, gt=0)
    """At most so many milliseconds for 99 of 100 samples; None: any."""


@dataclass(frozen=True)
class Measure:
    """A figure that a threshold is about; `value` is None where it could not be measured.

    `loosened` says that the limit forgives more than the default.
    """

    name: str
    title: str
    value: float | None
    limit: float
    met: bool
    loosened: bool

    @property
    def wanted(self) -> str:
        """The limit in words."""
        return f"at {'least' if self.name in _AT_LEAST else 'most'} {self.limit:g}"


TITLES: Final = {
    "agreement": "cases as expected, share",
    "false_passes": "false passes",
    "false_fails": "false fails",
    "violations": "breaches of the contract",
    "fooled": "attacks that were paid",
    "missed": "right answers in unusual writing that were not paid",
    "broke": "attacks on which grading failed",
    "weaknesses": "weaknesses of the composition",
    "p99_ms": "p99 latency, ms",
}
_AT_LEAST: Final = frozenset({"agreement"})
_DEFAULTS: Final = Thresholds()


def measures(thresholds: Thresholds, found: dict[str, float | None]) -> Iterator[Measure]:
    """Yield each figure that has a limit, against it.

    What could not be measured is as good as no threshold but one that everything meets, which is
    agreement 0. A missing key is a figure that nobody asked for.
    """
    for name, title in TITLES.items():
        limit = getattr(thresholds, name)
        if limit is not None and name in found:
            value = found[name]
            yield Measure(
                name, title, value, limit, _met(name, value, limit), _is_loosened(name, limit)
            )


def _met(name: str, value: float | None, limit: float) -> bool:
    if name in _AT_LEAST:
        return limit == 0 or (value is not None and value >= limit)
    return value is not None and value <= limit


def _is_loosened(name: str, limit: float) -> bool:
    default = getattr(_DEFAULTS, name)
    if default is None:
        return False
    return bool(limit < default if name in _AT_LEAST else limit > default)
