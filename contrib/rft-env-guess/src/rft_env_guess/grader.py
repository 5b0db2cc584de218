"""The grader `guess`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from rft_core import Grade, Grader, Item, PluginConfig, Sample
from rft_env_guess.game import NO_NUMBER, OUT_OF_RANGE, RIGHT, Game
from rft_env_guess.turns import policy_turns


class GuessConfig(PluginConfig):
    """What earns something besides the right number."""

    legal: float = Field(default=0.0, ge=0.0, le=0.5)
    """What a lost game earns in which every turn was a number within the range."""


class GuessGrader(Grader[GuessConfig]):
    """1 if the number was guessed within the row's turns, else up to `legal`.

    It plays the policy's turns again, so nothing that a completion says of itself counts. A
    completion without turns, as from a file, is a game of one guess.
    """

    name = "guess"
    version = "1"
    Config: ClassVar[type[PluginConfig]] = GuessConfig
    deterministic = True

    def check_item(self, item: Item) -> None:
        """Raise `ValueError` unless the row holds a game."""
        Game.of(item)

    def reference_completion(self, item: Item) -> str:
        """Return the number: guessed at once."""
        return str(Game.of(item).secret)

    def grade(self, sample: Sample) -> Grade:
        """Grade a game; raise `ValueError` for a row that holds none."""
        replies = Game.of(sample.item).replies(policy_turns(sample.completion))
        legal = sum(reply not in {NO_NUMBER, OUT_OF_RANGE} for reply in replies) / len(replies)
        found = replies[-1] == RIGHT
        metrics = {"turns": float(len(replies)), "legal": legal}
        score = 1.0 if found else self.config.legal * legal
        return Grade(score, ", ".join(replies), metrics)
