"""What this distribution registers."""

from __future__ import annotations

from rft_core.grading.executor import Executor
from rft_core.hookspecs import hookimpl
from rft_executor_ray.executor import RayExecutor


@hookimpl
def rft_register_executors() -> list[type[Executor]]:
    """Register the executor."""
    return [RayExecutor]
