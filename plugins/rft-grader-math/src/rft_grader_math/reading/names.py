"""Reads words: functions, constants, variables, and products of letters."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

from rft_grader_math.errors import UnreadableError
from rft_grader_math.nodes import Apply, Call, Group, Name, Node
from rft_grader_math.reading import vocabulary
from rft_grader_math.reading.building import joined
from rft_grader_math.reading.calculus import Calculus
from rft_grader_math.reading.characters import GREEK
from rft_grader_math.reading.lexer import Token
from rft_grader_math.reading.units import is_known, is_unit

INFIX_WORDS: Final = {"mod": "mod", "choose": "binomial"}
FUNCTION_LETTERS: Final = frozenset("fghFGHP")
CHOICES: Final = frozenset({"C"})
MAX_SPLIT: Final = 4
"""Longer words are not products of letters."""


class Words(Calculus):
    """What a word means where it stands."""

    @abstractmethod
    def function(self, op: str) -> Node:
        """Read exponent, base and argument of a function that was named."""

    def word(self) -> Node:
        """Read a word: a function, a constant, a variable, letters."""
        word = self.token.text
        if self.integrals and word[0] == "d" and self.at_differential():
            return self.take_differential()
        if word in vocabulary.FUNCTIONS and self._calls(word):
            self.take()
            return self.function(vocabulary.FUNCTIONS[word])
        if word in vocabulary.SYMPY_CALLS and self.following.text == "(":
            self.take()
            return self.sympy_call(vocabulary.SYMPY_CALLS[word])
        if len(word) > 1 and word not in GREEK and word not in vocabulary.CONSTANTS:
            return self._letters(word)
        self.take()
        return self.constant_or_name(word)

    def _calls(self, word: str) -> bool:
        """Whether a word is a function here: short ones need brackets, as `lg` and `re` do."""
        return self.following.text in {"(", "{", "^", "_", "|"} or (
            word not in {"arg", "max", "min", "sign", "Re", "Im", "re", "im", "det"}
            and self.following.kind in {"number", "word", "command"}
        )

    def _letters(self, word: str) -> Node:
        """Read a word as a product of letters, or as one name if it is long."""
        if word.lower() in vocabulary.NO_PRODUCTS:
            raise UnreadableError(f"{word!r} is no product")
        if len(word) <= MAX_SPLIT or self.integrals:
            self.split_word()
            return self.word()
        raise UnreadableError(f"{word[:20]!r} is no value")

    def constant_or_name(self, word: str) -> Node:
        """Read what is left of a constant or variable that was taken."""
        if word in vocabulary.CONSTANTS and word not in self.bound:
            return Call(vocabulary.CONSTANTS[word])
        return self.named(word)

    def named(self, letter: str) -> Node:
        """Read the subscript, primes and arguments of a name."""
        name = letter + self._marks()
        if name in CHOICES and self.at("(") and not self.token.spaced:
            return self._choices()
        applied = letter in FUNCTION_LETTERS or name.endswith("'")
        if applied and self.at("{") and self.following.text == "(":  # f{\left(x\right)}
            self.take()
            arguments = self._arguments()
            self.expect("}")
            return Apply(name, arguments)
        if self.at("(") and not self.token.spaced and (applied or self._looks_applied(letter)):
            return Apply(name, self._arguments())
        return Name(name)

    def _choices(self) -> Node:
        """Read `C(n, k)`, a binomial; anything else in the brackets is multiplied."""
        inner = self.bracketed()
        if isinstance(inner, Group) and len(inner.items) == 2:  # noqa: PLR2004
            return Call("binomial", inner.items)
        return joined("mul", Name("C"), inner)

    def _marks(self) -> str:
        """Return subscript and primes in one order, `f_1''`, however they are written."""
        primes, subscript = 0, ""
        if self._index_follows():
            subscript = "_" + self.take().text
        while True:
            if self.accept("'", "\\prime"):
                primes += 1
            elif self.at("^") and self.following.text in {"\\prime", "'"}:
                self.take()
            elif self.at("_") and not subscript:
                self.take()
                subscript = "_" + self._subscript()
            else:
                return subscript + "'" * primes

    def _index_follows(self) -> bool:
        """Whether digits follow a letter at once, as in `x1`."""
        token = self.token
        return token.kind == "number" and not token.spaced and token.text.isdecimal()

    def _subscript(self) -> str:
        if not self.accept("{"):
            return self.take().text.lstrip("\\")
        parts: list[str] = []
        while not self.at("}"):
            if self.token.kind == "eof":
                raise UnreadableError("a brace is not closed")
            parts.append(self.take().text.lstrip("\\"))
        self.take()
        return "".join(parts)

    def _looks_applied(self, letter: str) -> bool:
        """Whether `θ(x)` is a function: one plain variable in the brackets of a Greek letter."""
        return (
            letter in GREEK
            and self.tokens[self.position + 2].text == ")"
            and self.following.kind == "word"
        )

    def _arguments(self) -> tuple[Node, ...]:
        inner = self.bracketed()
        return inner.items if isinstance(inner, Group) and inner.kind == "paren" else (inner,)

    def stops(self, token: Token) -> bool:
        """Whether a word ends an expression: a connective, a unit, or any longer word."""
        word = token.text
        if word in {"and", "or"} or word in INFIX_WORDS:
            return True
        if self.position and word.lower() in vocabulary.NO_PRODUCTS:  # not the start of a sentence
            return True
        if self.integrals and self.at_differential():
            return True
        if self._at_compound_unit():
            return True
        if len(word) == 2 and word.lower() in vocabulary.WORDS_OF_TWO and self._apart(token):  # noqa: PLR2004
            return True
        known = word in vocabulary.FUNCTIONS or word in vocabulary.CONSTANTS or word in GREEK
        if known or len(word) == 1 or word in vocabulary.SYMPY_CALLS:
            return False
        return len(word) > MAX_SPLIT or is_unit(word) or (token.spaced and len(word) > 2)  # noqa: PLR2004

    def _apart(self, token: Token) -> bool:
        """Whether a word of two letters stands by itself: behind a space, or before a number."""
        return token.spaced or (self.following.kind == "number" and self.following.spaced)

    def _at_compound_unit(self) -> bool:
        """Whether `m/s` follows a number, and no variables."""
        behind = self.tokens[min(self.position + 2, len(self.tokens) - 1)]
        return (
            self.token.spaced
            and self.following.text == "/"
            and behind.kind == "word"
            and is_known(self.token.text)
            and is_known(behind.text)
            and self.tokens[self.position - 1].kind == "number"
        )
