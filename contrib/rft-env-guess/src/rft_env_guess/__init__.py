"""A number-guessing game as an environment of several turns."""

from rft_env_guess.game import Game
from rft_env_guess.grader import GuessConfig, GuessGrader
from rft_env_guess.rollout import GuessGame, GuessGameConfig
from rft_env_guess.shaper import TurnDiscount, TurnDiscountConfig

__all__ = [
    "Game",
    "GuessConfig",
    "GuessGame",
    "GuessGameConfig",
    "GuessGrader",
    "TurnDiscount",
    "TurnDiscountConfig",
]
