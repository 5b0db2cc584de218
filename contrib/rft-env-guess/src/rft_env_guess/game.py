"""The game: somebody thinks of a number, and answers each guess with where it lies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rft_core import Item

MOST_TURNS: Final = 16
MOST_DIGITS: Final = 9
READ_CHARS: Final = 1000
"""So much of the end of what the policy says is read."""

HIGHER: Final = "higher"
LOWER: Final = "lower"
RIGHT: Final = "right"
NO_NUMBER: Final = "no number"
OUT_OF_RANGE: Final = "out of range"

_NUMBER: Final = re.compile(r"(?:(?<![0-9])-)?[0-9]+(?:[.,][0-9]+)?")


@dataclass(frozen=True, slots=True)
class Game:
    """A row: the number, its range (inclusive) and how many guesses there are."""

    secret: int
    low: int
    high: int
    turns: int

    @classmethod
    def of(cls, item: Item) -> Game:
        """Return the game of a row. Raises `ValueError` if a column is missing or wrong."""
        numbers = {name: _number(item, name) for name in ("secret", "low", "high", "turns")}
        game = cls(**numbers)
        if not game.low <= game.secret <= game.high:
            raise ValueError(f"secret is {game.secret}, not within {game.low} to {game.high}")
        if not 1 <= game.turns <= MOST_TURNS:
            raise ValueError(f"turns is {game.turns}; there can be 1 to {MOST_TURNS}")
        return game

    def reply(self, text: str) -> str:
        """Return what the environment answers to a turn of the policy."""
        guess = read_guess(text)
        if guess is None:
            return NO_NUMBER
        if not self.low <= guess <= self.high:
            return OUT_OF_RANGE
        if guess == self.secret:
            return RIGHT
        return HIGHER if guess < self.secret else LOWER

    def replies(self, texts: Sequence[str]) -> list[str]:
        """Return the answers to the turns, up to the right guess or the last turn."""
        replies: list[str] = []
        for text in texts[: self.turns]:
            replies.append(self.reply(text))
            if replies[-1] == RIGHT:
                break
        return replies


def read_guess(text: str) -> int | None:
    """Return the last number that the text says, None if there is none or it is not whole.

    What comes before it is thinking: `4+3=7` guesses 7. Digits are ASCII.
    """
    said: list[str] = _NUMBER.findall(text[-READ_CHARS:])
    if not said or len(said[-1]) > MOST_DIGITS or not said[-1].lstrip("-").isdigit():
        return None
    return int(said[-1])


def _number(item: Item, name: str) -> Any:
    value = item.fields.get(name)
    if type(value) is not int or len(str(abs(value))) > MOST_DIGITS:
        raise ValueError(f"column `{name}` must be a whole number of at most {MOST_DIGITS} digits")
    return value
