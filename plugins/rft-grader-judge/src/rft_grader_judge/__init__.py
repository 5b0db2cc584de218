"""The grader `judge`: a language model grades, and its failures are never scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rft_grader_judge.config import JudgeConfig

if TYPE_CHECKING:
    from rft_grader_judge.endpoint import close_endpoints
    from rft_grader_judge.grader import JudgeGrader

__all__ = ["JudgeConfig", "JudgeGrader", "close_endpoints"]


def __getattr__(name: str) -> Any:
    """Import the grader, and with it the OpenAI client, when it is asked for."""
    if name == "JudgeGrader":
        from rft_grader_judge.grader import JudgeGrader

        return JudgeGrader
    if name == "close_endpoints":
        from rft_grader_judge.endpoint import close_endpoints

        return close_endpoints
    raise AttributeError(name)
