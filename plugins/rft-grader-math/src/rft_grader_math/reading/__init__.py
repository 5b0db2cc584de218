"""From text to nodes: characters, tokens, expressions, answers."""

from rft_grader_math.reading.read import CommaStyle, read

__all__ = ["CommaStyle", "read"]
