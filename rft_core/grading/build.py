"""From a grader to its runner: which executor it gets."""

from __future__ import annotations

from rft_core.grading.boundary import GraderCall
from rft_core.grading.executor import Executor, default_executor
from rft_core.grading.runner import GraderRunner
from rft_core.plugins import plugin_manager


def make_runner(call: GraderCall, executor: str | None = None) -> GraderRunner:
    """Put the grader on the named executor, or on the one that suits it.

    Raises `PluginError` for an unknown name.
    """
    plugins = plugin_manager()
    name = executor or default_executor(call.grader)
    chosen: type[Executor] = plugins.select("executor", plugins.executors, name).cls
    return GraderRunner(call, chosen(call))
