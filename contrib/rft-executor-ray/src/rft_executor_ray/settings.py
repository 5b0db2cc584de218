"""Settings of the executor, from environment variables.

A task file names an executor and nothing else, and it is the same on a laptop and on a cluster:
how many actors there are and what they need is a matter of the machines, as `RAY_ADDRESS` is.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from rft_core.errors import UsageError

T = TypeVar("T")

ACTOR_OPTIONS: Final = frozenset(
    (
        "accelerator_type",
        "label_selector",
        "memory",
        "num_cpus",
        "num_gpus",
        "resources",
        "runtime_env",
    )
)
"""What `RFT_RAY_ACTOR_OPTIONS` may set: what an actor needs, not how it behaves."""
START_SECONDS: Final = 300.0
"""A cluster that adds nodes on demand needs minutes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How actors are made.

    `actors` is the most that one grader gets, None for the cluster's CPUs; an actor that has not
    started after `start_seconds` is given up.
    """

    actors: int | None
    actor_options: Mapping[str, Any]
    start_seconds: float


def read_settings() -> Settings:
    """Read the environment. Raises `UsageError`."""
    return Settings(
        actors=_read("RFT_RAY_ACTORS", _count, None),
        actor_options=_read("RFT_RAY_ACTOR_OPTIONS", _options, {}),
        start_seconds=_read("RFT_RAY_START_SECONDS", _seconds, START_SECONDS),
    )


def _read(variable: str, parse: Callable[[str], T], default: T) -> T:
    text = os.environ.get(variable)
    if not text:
        return default
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(str(error), where=f"{variable}={text}") from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError("not a positive integer")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ValueError("not a positive number of seconds")
    return seconds


def _options(text: str) -> Mapping[str, Any]:
    options: Any = json.loads(text) if text.startswith("{") else None
    if options is None:
        raise ValueError('not a JSON object such as {"num_cpus": 1}')
    if unknown := sorted(set(options) - ACTOR_OPTIONS):
        known = ", ".join(sorted(ACTOR_OPTIONS))
        raise ValueError(f"{unknown[0]!r} is no option that can be set here; these are: {known}")
    return dict(options)
