"""The tokens of one answer, with a place in them."""

from __future__ import annotations

from collections.abc import Iterable

from rft_grader_math.bounds import MAX_DEPTH
from rft_grader_math.errors import TooLargeError, UnreadableError
from rft_grader_math.reading.lexer import EOF, Token


class TokenStream:
    """Looks at, takes and splits tokens; counts how deep the reading is."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self.tokens = [*tokens, EOF, EOF]
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        """The token to be read next."""
        return self.tokens[self.position]

    @property
    def following(self) -> Token:
        """The token behind it."""
        return self.tokens[min(self.position + 1, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Return the next token and go on."""
        token = self.tokens[self.position]
        if token.kind != "eof":
            self.position += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether the next token is one of these signs or commands."""
        token = self.tokens[self.position]
        return token.text in texts and token.kind in {"sign", "command"}

    def accept(self, *texts: str) -> bool:
        """Take the next token if it is one of these."""
        if not self.at(*texts):
            return False
        self.position += 1
        return True

    def expect(self, *texts: str) -> None:
        """Take the next token, which has to be one of these."""
        if not self.accept(*texts):
            raise UnreadableError(f"{self.token.text!r} where {texts[0]!r} is expected")

    def replace(self, tokens: list[Token]) -> None:
        """Put tokens in the place of the next one."""
        self.tokens[self.position : self.position + 1] = tokens

    def split_word(self) -> None:
        """Turn the next token, a word, into its letters."""
        word = self.take().text
        self.position -= 1
        spaced = self.tokens[self.position].spaced
        letters = [Token("word", letter) for letter in word]
        letters[0].spaced = spaced
        self.replace(letters)

    def deeper(self) -> None:
        """Enter a level; the caller leaves it with `self.depth -= 1`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooLargeError(f"nested deeper than {MAX_DEPTH} levels")
