"""From text to nodes: characters, tokens, expressions, answers."""

from rft_grader_math.reading.lexer import CommaStyle
from rft_grader_math.reading.read import read

__all__ = ["CommaStyle", "read"]
