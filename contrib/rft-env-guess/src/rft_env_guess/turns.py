"""The turns of a finished game."""

from __future__ import annotations

from rft_core import Completion


def policy_turns(completion: Completion) -> list[str]:
    """Return what the policy said in each turn; one turn where the turns are not known."""
    turns = [str(m["content"]) for m in completion.messages if m["role"] == "assistant"]
    return turns or [completion.text]
