"""The rollout `guess_game`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rft_core import (
    Generation,
    Item,
    Message,
    PluginConfig,
    Policy,
    Rollout,
    Trajectory,
    join_turns,
)
from rft_env_guess.game import RIGHT, Game


class GuessGameConfig(PluginConfig):
    """How the environment speaks."""

    role: str = "user"
    """The role of the environment's messages; the chat template has to know it."""


@dataclass
class _Dialogue:
    """A game that is being played."""

    game: Game
    messages: list[Message]
    prompt_length: int
    generations: list[Generation] = field(default_factory=list)
    is_over: bool = False

    def hear(self, generation: Generation, role: str) -> None:
        """Take the policy's turn, and answer it unless the game is over."""
        self.generations.append(generation)
        self.messages.append({"role": "assistant", "content": generation.text})
        reply = self.game.reply(generation.text)
        self.is_over = reply == RIGHT or len(self.generations) == self.game.turns
        if not self.is_over:
            self.messages.append({"role": role, "content": reply})

    def trajectory(self) -> Trajectory:
        return join_turns(self.generations, self.messages[self.prompt_length :])


class GuessGame(Rollout[GuessGameConfig]):
    """Plays the row's game: the policy guesses, the environment says higher or lower.

    A game ends with the right guess, or when the row's `turns` are used up. All games of a batch
    are played side by side, so a turn is one batch of generation. The policy is trained on what it
    said in every turn and on nothing of what it was answered.
    """

    name = "guess_game"
    version = "1"
    Config: ClassVar[type[PluginConfig]] = GuessGameConfig

    def run(self, items: Sequence[Item], policy: Policy) -> list[Trajectory]:
        """Play one game per item. Raises `ValueError` for a row that holds no game."""
        dialogues = [
            _Dialogue(Game.of(item), list(item.messages), len(item.messages)) for item in items
        ]
        while playing := [one for one in dialogues if not one.is_over]:
            generations = policy.generate([one.messages for one in playing])
            for dialogue, generation in zip(playing, generations, strict=True):
                dialogue.hear(generation, self.config.role)
        return [one.trajectory() for one in dialogues]
