"""Word problems: an addition or a subtraction of two numbers below 10."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

INSTRUCTION: Final = "Solve the problem."
PLUS: Final = (
    "{who} has {left} {things} and buys {right} more. How many now?",
    "{left} {things} are in one box and {right} in another. How many in all?",
    "{who} found {left} {things} on Monday and {right} on Tuesday. How many together?",
    "There were {left} {things}, then {right} were added. How many are there?",
)
MINUS: Final = (
    "{who} had {left} {things} and lost {right}. How many are left?",
    "Of {left} {things}, {right} are sold. How many remain?",
    "There were {left} {things}; {who} took {right} away. How many are still there?",
    "{who} needs {left} {things} and has {right}. How many are missing?",
)
WHO: Final = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gita", "Hugo", "Iris", "Jan")
THINGS: Final = ("stamps", "coins", "shells", "books", "apples", "marbles", "tickets", "nails")
_LARGEST: Final = 9


@dataclass(frozen=True)
class Problem:
    """A word problem and what is to be calculated."""

    text: str
    left: int
    sign: str
    right: int

    @property
    def result(self) -> int:
        """The right answer."""
        return self.left + self.right if self.sign == "+" else self.left - self.right

    def worked(self, result: int) -> str:
        """Return the answer that gives ``result``, with its calculation."""
        return f"{self.left}{self.sign}{self.right}={result}"


def generate(rng: random.Random) -> Iterator[Problem]:
    """Yield problems without end, no text twice; results are 1 to 18."""
    seen: set[str] = set()
    while True:
        problem = _draw(rng)
        if problem.text not in seen and problem.result >= 1:
            seen.add(problem.text)
            yield problem


def _draw(rng: random.Random) -> Problem:
    sign, templates = rng.choice((("+", PLUS), ("-", MINUS)))
    left, right = rng.randint(2, _LARGEST), rng.randint(2, _LARGEST)
    text = rng.choice(templates).format(
        who=rng.choice(WHO), things=rng.choice(THINGS), left=left, right=right
    )
    return Problem(text, left, sign, right)


def imitate(problem: Problem, right: float, rng: random.Random) -> str:
    """Return an answer that is right with probability ``right``, and else wrong by 1 or 2."""
    if rng.random() < right:
        return problem.worked(problem.result)
    wrong = [problem.result + by for by in (-2, -1, 1, 2)]
    return problem.worked(rng.choice([result for result in wrong if result >= 0]))
