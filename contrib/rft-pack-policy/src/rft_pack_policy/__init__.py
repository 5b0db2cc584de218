"""A pack for rft-core: replies that follow numbered rules and say what these demand."""

from rft_pack_policy.config import StatementsConfig
from rft_pack_policy.grader import StatementsGrader

__all__ = ["StatementsConfig", "StatementsGrader"]
