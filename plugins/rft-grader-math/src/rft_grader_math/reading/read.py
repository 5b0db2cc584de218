"""Reads one answer."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rft_grader_math.bounds import MAX_ANSWER_CHARS
from rft_grader_math.errors import TooLargeError, UnreadableError
from rft_grader_math.nodes import Call, Node, Text
from rft_grader_math.reading import vocabulary
from rft_grader_math.reading.answers import AnswerParser
from rft_grader_math.reading.characters import GREEK, to_ascii
from rft_grader_math.reading.lexer import CommaStyle, Token, tokenise
from rft_grader_math.reading.matrices import carried_out
from rft_grader_math.reading.numerals import read_number

_ENDS: Final = ' \t\r\n.,;$`"*'
_MAX_KEPT: Final = 200
"""Characters of answers that are kept when they were read: long ones would fill the memory."""
_STARTS: Final = ' \t\r\n$`"*='
_BOXED_LETTER: Final = re.compile(
    r"\\(?:text|textbf|textrm|mathrm|mathbf)\s*\{\s*\(?([A-J])[).:]\s*(?:~|\\ )*\}"
    r"\s*(?:~|\\ )*(\S.*)",
    re.DOTALL,
)
_OPTION: Final = re.compile(r"(?:the )?(?:option|choice|answer)\s+\(?([A-Za-z])\)?", re.IGNORECASE)
_SYMPY_CONSTANT: Final = re.compile(r"(?<=\*)[IE](?![\w(])|(?<![\w*])[IE](?=\*)")
"""How SymPy prints i and e: beside a multiplication sign."""
_WORD: Final = re.compile(r"[A-Za-z]{2,}\Z")
_WORDS: Final = re.compile(r"[A-Za-z]{2,}[,;:'!-]?(?:\s+[A-Za-z'-]+[,;:!]?)+\Z")
_CHOICE: Final = re.compile(
    r"\(?[A-Ja-j][).:](?:\s|~|\\ )+"
    r"(?![-+*/=^<>]|\\(?:cdot|times|div|in|cup|cap|pm|mp|le|ge|ne|to|approx)\b)\S"
)
"""The letter of a choice with its option: `(B) Paris`."""


def read(text: str, style: CommaStyle = "thousands") -> Node:
    """Return what the text, an answer in LaTeX or plain notation, says.

    Pure, bounded and without side effects. Raises `UnreadableError` (a `ValueError`), and its kind
    `TooLargeError` for what exceeds a bound.
    """
    return _read_once(text, style) if len(text) <= _MAX_KEPT else _read_any(text, style)


def _read_any(text: str, style: CommaStyle) -> Node:
    if len(text) > MAX_ANSWER_CHARS:
        raise TooLargeError(f"longer than {MAX_ANSWER_CHARS} characters")
    stripped = trimmed(text)
    node = read_number(stripped) if style == "thousands" else None
    return node if node is not None else _read(to_ascii(text), style)


_MOD: Final = r"(?:\\bmod|\\mod|mod|\\text\s*\{\s*mod\s*\}|\\operatorname\{mod\}|\\mathrm\{mod\})"
_REWRITES: Final = (
    ("mod", re.compile(rf"[\\ ~]*\(\s*{_MOD}[\s~]*\{{?(\w+)\}}?\s*\)"), r"\\pmod{\1}"),
    (")_", re.compile(r"\((\d+)\)_"), r"\1_"),
    ("mathbb{R}^", re.compile(r"\\mathbb\{R\}\^\{?\+\}?"), r"(0,\\infty)"),
    ("quad", re.compile(r"^([a-z])\s*\\q?quad\s+([a-z])$"), r"\1 \2"),
    ("x 10", re.compile(r"(\d)\s*x\s+10\s*\^"), r"\1\\times 10^"),
    ("U", re.compile(r"([)\]])\s*U\s*([(\[])"), r"\1\\cup \2"),
    (
        "array",
        re.compile(
            r"\\left\s*\\\{\s*\\begin\{array\}\s*\{[^}]*\}(.*?)\\end\{array\}\s*\\right\s*\.?",
            re.DOTALL,
        ),
        r"\\begin{cases}\1\\end{cases}",
    ),
)
"""What has to be in the text, the notation, and how it is usually written."""


_read_once: Final = lru_cache(maxsize=4096)(_read_any)


def trimmed(text: str) -> str:
    """Return the text without white space, dollar signs, emphasis and full stops around it."""
    if text[-1:].isalnum() and text[0] not in _STARTS:
        return text
    text = text.lstrip(_STARTS)
    while True:
        stripped = text.rstrip(_ENDS)
        if text.startswith("..", len(stripped)):  # and so on
            return text
        if stripped.endswith("\\"):
            stripped = stripped[:-1]
        elif stripped.endswith(("\\]", "\\)")):
            stripped = stripped[:-2]
        if len(stripped) == len(text):
            return text
        text = stripped


def _read(text: str, style: CommaStyle) -> Node:
    latex = "\\" in text or "$" in text
    text = rewritten(trimmed(text))
    if not latex and "*" in text:
        text = _SYMPY_CONSTANT.sub(lambda match: match[0].lower(), text)
    if not text:
        raise UnreadableError("empty")
    words = _words(" ".join(text.replace("$", " ").split()))
    if words is not None:
        return words
    tokens = tokenise(text, style)
    if not tokens:
        raise UnreadableError("empty")
    try:
        return _parsed(tokens, latex=latex)
    except RecursionError:  # the caller's own stack was nearly used up
        raise TooLargeError("nested too deeply") from None


def rewritten(text: str) -> str:
    """Return a text with some rare notations in their usual form."""
    for trigger, pattern, replacement in _REWRITES:
        if trigger in text:
            text = pattern.sub(replacement, text)
    return text


def _words(text: str) -> Node | None:
    """Return plain words, which are no products of letters, as text."""
    if text.lower() in vocabulary.ALL_REALS:
        return Call("numbers_R")
    boxed = _BOXED_LETTER.match(text)
    if boxed is not None:
        return Text(f"({boxed[1]}) {boxed[2]}")
    if _CHOICE.match(text):
        return Text(text)
    said = _OPTION.fullmatch(text)
    if said is not None:
        return Text(said[1])
    if _WORDS.match(text) and not text.lower().startswith(
        ("pi ", "sin ", "cos ", "tan ", "ln ", "log ")
    ):
        return None if _is_list(text) else Text(text)
    if not _WORD.match(text) or text in vocabulary.CONSTANTS or text in GREEK:
        return None
    if len(text) == 2 and not text.isupper() and text.lower() not in vocabulary.WORDS_OF_TWO:  # noqa: PLR2004 - xy
        return None
    return Text(text)


def _is_list(text: str) -> bool:
    """Whether words are elements joined by `and` or `or`: `x and y`."""
    return any(word in {"and", "or"} for word in text.split())


def _parsed(tokens: list[Token], *, latex: bool) -> Node:
    """Parse; bars that do not fit are tried the other way round, `||x||y||`."""
    try:
        return carried_out(_parser(tokens, latex=latex).answer())
    except UnreadableError:
        if sum(token.text == "|" for token in tokens) < 4:  # noqa: PLR2004 - two pairs
            raise
        return carried_out(_parser(tokens, latex=latex, nested_bars=True).answer())


def _parser(tokens: list[Token], *, latex: bool, nested_bars: bool = False) -> AnswerParser:
    parser = AnswerParser(tokens, nested_bars=nested_bars)
    parser.braces = "braces" if latex else "set"
    return parser
