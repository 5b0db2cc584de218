"""What the judges of a run have used, and the bounds they keep.

One ledger per process counts all judges, since a run has one bill. While a run goes on it is also
written to the run's `judge_usage.jsonl`, a line per request: a resumed run goes on counting.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from rft_core.errors import RunStopError

USAGE_FILE: Final = "judge_usage.jsonl"


@dataclass(frozen=True)
class Usage:
    """Tokens of requests and what they cost; `exact` if the endpoint counted the tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    exact: bool = True

    @property
    def tokens(self) -> int:
        """Tokens of prompt and completion."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cost + other.cost,
            self.exact and other.exact,
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens - other.prompt_tokens,
            self.completion_tokens - other.completion_tokens,
            self.cost - other.cost,
        )


NO_USAGE: Final = Usage()


@dataclass(frozen=True)
class Limits:
    """The most that a run's judges may use; None: no bound."""

    max_cost: float | None = None
    max_tokens: int | None = None

    def __bool__(self) -> bool:
        """Whether there is a bound."""
        return self.max_cost is not None or self.max_tokens is not None

    def allow(self, usage: Usage) -> bool:
        """Whether so much may be used."""
        too_dear = self.max_cost is not None and usage.cost > self.max_cost
        too_many = self.max_tokens is not None and usage.tokens > self.max_tokens
        return not (too_dear or too_many)


class Ledger:
    """Adds up what was used, and what requests in flight may use at most."""

    def __init__(self) -> None:
        self.spent = Usage()
        self.requests = 0
        self._reserved = Usage()
        self._in_flight = 0
        self._settled: asyncio.Event | None = None
        self._file: Path | None = None

    def open_run(self, run_dir: Path) -> None:
        """Go on with the counts of a run and write to its file."""
        self._file = run_dir / USAGE_FILE
        self.spent, self.requests = Usage(), 0
        for usage in _read(self._file):
            self.spent += usage
            self.requests += 1
        if self._file.is_file() and not self._file.read_bytes().endswith(b"\n"):
            _append(self._file, "")  # ends a line that a kill cut off

    def close_run(self) -> None:
        """Write the run's totals beside its file; then count from nothing, and write to no file."""
        if self._file is not None and self.requests:
            totals = {"requests": self.requests, **asdict(self.spent)}
            self._file.with_suffix(".json").write_text(json.dumps(totals, indent=2) + "\n", "utf-8")
        self._file = None
        self.spent, self.requests = Usage(), 0

    @asynccontextmanager
    async def reserve(self, most: Usage, limits: Limits) -> AsyncIterator[None]:
        """Hold `most` until the block ends; other requests may have to end before.

        Raises `RunStopError` if it does not fit into the limits.
        """
        while not limits.allow(self.spent + self._reserved + most):
            if not self._in_flight:
                raise RunStopError(self._no_room(most, limits))
            await self._one_settled()
        self._reserved += most
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            self._reserved = self._reserved - most if self._in_flight else NO_USAGE
            self._tell()

    def spend(self, usage: Usage, model: str) -> None:
        """Count a request."""
        self.spent += usage
        self.requests += 1
        if self._file is not None:
            _append(self._file, json.dumps({"model": model, **asdict(usage)}))

    def _no_room(self, most: Usage, limits: Limits) -> str:
        used = f"the run's judges have used {self.spent.tokens} tokens"
        if limits.max_cost is not None:
            used += f" and cost {self.spent.cost:.6g}"
        bounds = {"max_cost": limits.max_cost, "max_tokens": limits.max_tokens}
        told = " and ".join(f"{name} {bound}" for name, bound in bounds.items() if bound)
        return (
            f"{used}; the next request might pass {told} (it may use up to {most.tokens} tokens). "
            "Raise the bound in the run's task.yaml to go on"
        )

    async def _one_settled(self) -> None:
        if self._settled is None or self._settled.is_set():
            self._settled = asyncio.Event()
        await self._settled.wait()

    def _tell(self) -> None:
        if self._settled is not None:
            self._settled.set()


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def _read(path: Path) -> list[Usage]:
    """Return the usages of a file; a line that a kill cut off is left out."""
    if not path.is_file():
        return []
    usages = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
            prompt, completion = int(row["prompt_tokens"]), int(row["completion_tokens"])
            usages.append(Usage(prompt, completion, float(row["cost"]), bool(row["exact"])))
        except (ValueError, KeyError, TypeError):
            continue
    return usages


ledger: Final = Ledger()
"""The ledger of this process."""
