"""From text to tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from rft_grader_math.bounds import MAX_DIGITS, MAX_TOKENS
from rft_grader_math.errors import TooLargeError, UnreadableError
from rft_grader_math.reading import vocabulary

CommaStyle: TypeAlias = Literal["thousands", "separator", "decimal"]
"""What a comma between digits is: `1,000` one number, `1,000` a list, `1,5` one and a half."""

Kind: TypeAlias = Literal["number", "word", "command", "sign", "text", "begin", "end", "eof"]


@dataclass(slots=True)
class Token:
    """A token; `text` is a command with its backslash, or the content of a text command.

    Numbers carry their value and how many decimals they show (None: none, or not decimal).
    """

    kind: Kind
    text: str
    spaced: bool = False
    value: Fraction = Fraction(0)
    places: int | None = None


EOF: Final = Token("eof", "end of the answer")

_EXPONENT: Final = r"(?:[eE][+-]?\d+(?![\d.]))?"
_PLAIN: Final = r"(?:\d+(?:\.\d+)?|\.\d+)" + _EXPONENT
_GROUPED: Final = {
    "thousands": r"\d{1,3}(?:,\d{3})+(?!\d|,\d)(?:\.\d+)?|",
    "separator": "",
    "decimal": r"\d{1,3}(?:\.\d{3})+,\d+|\d+,\d+|",
}
_BY_SPACE: Final = (
    r"\d{1,3}(?:(?:\{,\}|,\\!|\\,|\\!|\\;|~)\d{3})+(?!\d)(?:\.\d+)?"
    r"|\d{1,3}(?:\ \d{3})+(?:\.\d+)?(?![\d,])(?!\ ?[\d/])|"
)
_REPEATING: Final = r"\d*\.\d*\\(?:overline|bar|dot)\s*\{\d+\}"


def _pattern(style: CommaStyle) -> re.Pattern[str]:
    return re.compile(
        rf"""(?P<space>\s+)
        |(?P<repeating>{_REPEATING})
        |(?P<number>{_GROUPED[style]}{_BY_SPACE}{_PLAIN})
        |(?P<environment>\\(?:begin|end)\s*\{{\s*[a-zA-Z]+\*?\s*\}})
        |(?P<command>\\(?:operatorname\*|[a-zA-Z]+|.))
        |(?P<direction>dir\s*=\s*'(?:\+-|-|\+)')
        |(?P<word>[a-zA-Z]+)
        |(?P<factorial>(?<=\d)!(?==\s*\d))
        |(?P<sign>\*\*|<=|>=|=<|!=|==|:=|->|\.\.\.|[^\s])
        """,
        re.VERBOSE | re.DOTALL,
    )


_PATTERNS: Final = {
    "thousands": _pattern("thousands"),
    "separator": _pattern("separator"),
    "decimal": _pattern("decimal"),
}
_OPENING: Final = frozenset({"(", "[", "\\{", "{"})
_CLOSING: Final = frozenset({")", "]", "\\}", "}"})
_GOES_ON: Final = re.compile(r"\s*(?:&\s*)?(?:[=<>]|\\(?:le|ge|approx|neq?|equiv)|\Z|\\end)")
"""What begins a line that continues the calculation of the line above."""
_ROW_SPACING: Final = re.compile(r"\[-?[\d.]+\s*(?:pt|em|ex|cm|mm)\]")
_UNIT_LETTERS: Final = frozenset("mgslhNJWVAK")
_COUNTED: Final = re.compile(r"\s*(-?\d[\d,]*(?:\.\d+)?)\s*(\\?%|[a-zA-Z][a-zA-Z /]*)")
"""A number with a unit in a text command."""
_DOUBLED: Final = re.compile(r"\\\\(?=[a-zA-Z])")


def tokenise(text: str, style: CommaStyle = "thousands") -> list[Token]:
    """Return the tokens of an ASCII text, without those that carry no meaning.

    Raises `UnreadableError`.
    """
    if "\\begin" not in text:
        text = _DOUBLED.sub(lambda _: "\\", text)  # a text that was escaped once too often
    tokens: list[Token] = []
    for token in _Lexer(text, style).tokens():
        tokens.append(token)
        if len(tokens) > MAX_TOKENS:
            raise TooLargeError(f"more than {MAX_TOKENS} tokens")
    return tokens


class _Lexer:
    """One pass over the text."""

    def __init__(self, text: str, style: CommaStyle) -> None:
        self._text = text
        self._style = style
        self._position = 0
        self._latex = "\\" in text
        self._depth = 0
        self._spaced = False
        self._aligned = False
        self._after_number = False
        """Whether the token before is a number or a unit, so that a letter may be a unit."""

    def tokens(self) -> Iterator[Token]:
        """Yield the tokens, spaces folded into `spaced`."""
        while self._position < len(self._text):
            # Inside brackets a comma separates: (1,234) has two elements.
            style: CommaStyle = self._style
            if self._depth and style == "thousands":
                style = "separator"
            match = _PATTERNS[style].match(self._text, self._position)
            if match is None:  # cannot be: the last branch takes any character
                raise UnreadableError("no token")
            self._position = match.end()
            kind = match.lastgroup
            if kind == "space":
                self._spaced = True
            elif kind == "word":
                yield Token("word", match[0], self._spaced)
                self._spaced = False
            elif kind == "number":
                token = self._number(match[0])
                token.spaced, self._spaced = self._spaced, False
                yield token
            else:
                for token in self._token(match):
                    token.spaced, self._spaced = self._spaced, False
                    yield token
                    kind = token.kind
            if kind != "space":
                self._after_number = kind in {"number", "text"} or match[0] in {"/", "\\cdot", "}"}

    def _token(self, match: re.Match[str]) -> Iterator[Token]:
        text = match[0]
        match match.lastgroup:
            case "repeating":
                yield _repeating(text)
            case "environment":
                yield from self._environment(text)
            case "command":
                yield from self._command(text)
            case "direction":
                yield Token("text", "dir" + text[text.index("'") + 1 : -1])
            case _:
                yield from self._sign(text)

    def _number(self, text: str) -> Token:
        if text.isdecimal():
            return number_token(text)
        digits = re.sub(r"\{,\}|,?\\[,!;]|[ ~]", "", text)
        if self._style == "decimal":
            digits = digits.replace(".", "").replace(",", ".") if "," in digits else digits
        return number_token(digits.replace(",", ""))

    def _sign(self, text: str) -> Iterator[Token]:
        if text == "~" and self._latex:  # a space
            self._spaced = True
            return
        if text == "&" and self._aligned:
            return
        if text == "$":  # math delimiters, also in the middle of an answer
            self._spaced = True
            return
        self._count(text)
        yield Token("sign", text)

    def _count(self, text: str) -> None:
        # LaTeX's own braces do not separate, unless they stand for a set: {1,234} is left a number.
        if text in _OPENING and text != "{":
            self._depth += 1
        elif text in _CLOSING and text != "}":
            self._depth = max(0, self._depth - 1)

    def _environment(self, text: str) -> Iterator[Token]:
        name = text[text.index("{") + 1 : -1].strip()
        if name in vocabulary.TRANSPARENT:
            self._aligned = "begin" in text
            return
        if name == "array" and "begin" in text:
            self._group()  # the alignment of the columns
        kind: Kind = "begin" if "begin" in text else "end"
        self._depth += 1 if kind == "begin" else -1
        yield Token(kind, name)

    def _command(self, text: str) -> Iterator[Token]:
        if text == "\\\\":
            yield from self._row_end()
        elif text in {"\\textcolor", "\\color"}:
            self._group()  # the colour
        elif text in vocabulary.IGNORED:
            self._spaced = self._spaced or (not text[1:].isalpha() and text != "\\!")
        elif text in vocabulary.TEXT_COMMANDS:
            yield from _as_math(self._group())
        elif text in vocabulary.ROMAN_COMMANDS:
            yield from self._roman(text)
        elif text in {"\\hspace", "\\vspace", "\\phantom", "\\label", "\\tag"}:
            self._group()
        elif text.startswith("\\quad") and text[5:]:  # "\quadx", a space forgotten
            yield Token("command", "\\quad")
            yield Token("word", text[5:])
        else:
            self._count(text)
            yield Token("command", text)

    def _row_end(self) -> Iterator[Token]:
        """Yield the end of a matrix row; of a line of equations, nothing if the next goes on."""
        if self._aligned:
            if _GOES_ON.match(self._text, self._position) is None:
                yield Token("command", "\\quad")  # another equation
            return
        spacing = _ROW_SPACING.match(self._text, self._position) if self._depth else None
        self._position = spacing.end() if spacing else self._position
        yield Token("command", "\\\\")

    def _roman(self, command: str) -> Iterator[Token]:
        content = self._group().replace("~", " ").strip()
        if (
            command == "\\mathrm"
            and len(content) == 1
            and content in _UNIT_LETTERS
            and self._after_number
        ):
            yield Token("text", content)
        elif command == "\\mathbb" and content in vocabulary.NUMBER_SETS:
            yield Token("command", f"\\mathbb{content}")
        elif len(content) == 1 or content in vocabulary.FUNCTIONS:
            if content.isdecimal():
                yield number_token(content)
            else:
                yield Token("word" if content.isalpha() else "sign", content)
        else:
            yield from _as_math(content)

    def _group(self) -> str:
        """Return what the braces behind a command hold, or the one character without braces."""
        start = self._position
        while start < len(self._text) and self._text[start].isspace():
            start += 1
        if start >= len(self._text):
            return ""
        if self._text[start] != "{":
            self._position = start + 1
            return self._text[start]
        end = closing_brace(self._text, start)
        if end is None:
            raise UnreadableError("a brace is not closed")
        self._position = end + 1
        return self._text[start + 1 : end]


def _as_math(content: str) -> Iterator[Token]:
    """Yield words as one token, but numbers in a text command as numbers, with their unit."""
    counted = _COUNTED.fullmatch(content)
    if counted:
        yield from _as_math(counted[1])
        content = counted[2]
    stripped = content.strip().replace(",", "")
    if re.fullmatch(r"[-+]?\d+(?:\.\d+)?", stripped):
        if stripped[0] in "+-":
            yield Token("sign", stripped[0])
        yield number_token(stripped.lstrip("+-"))
    elif stripped or "," in content:
        yield Token("text", " ".join(content.replace("$", " ").split()))


def number_token(digits: str) -> Token:
    """Return the token of a decimal number in ASCII digits, with an exponent or not."""
    if len(digits) < 10 and digits.isdecimal():  # noqa: PLR2004 - most are, and short
        return Token("number", digits, value=Fraction(int(digits)))
    mantissa, _, exponent = digits.replace("E", "e").partition("e")
    if len(mantissa) > MAX_DIGITS or len(exponent) > 5 or abs(int(exponent or 0)) > MAX_DIGITS:  # noqa: PLR2004 - five characters hold any exponent allowed
        raise TooLargeError(f"a number of more than {MAX_DIGITS} digits")
    _, point, decimals = mantissa.partition(".")
    places = len(decimals) if point and not exponent else None
    return Token("number", digits, value=Fraction(digits), places=places)


def _repeating(text: str) -> Token:
    r"""Return `0.1\\overline{6}` as one sixth."""
    head, _, period = text.rstrip("} ").partition("\\")
    period = period[period.index("{") + 1 :]
    if len(head) + len(period) > MAX_DIGITS:
        raise TooLargeError(f"a number of more than {MAX_DIGITS} digits")
    whole, _, fixed = head.partition(".")
    scale = 10 ** len(fixed)
    value = Fraction(int(whole + fixed or "0"), scale)
    value += Fraction(int(period), scale * (10 ** len(period) - 1))
    return Token("number", text, value=value)


def closing_brace(text: str, start: int) -> int | None:
    """Return where the brace that opens at `start` is closed; None if it is not."""
    depth = 0
    position = start
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 1
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    return None
