"""Counting tokens, and cutting texts to a number of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from rft_grader_judge.neutralise import QUOTE, quote

BYTES_PER_TOKEN: Final = 3
"""Of ordinary text under the vocabularies in use; rare letters and random text need fewer bytes."""
MAX_TOKEN_CHARS: Final = 32
"""Longer tokens are runs of blanks: texts are cut to so many characters a token at once."""


class Counter(Protocol):
    """Counts tokens and cuts texts."""

    def count(self, text: str) -> int:
        """Return the number of tokens."""

    def most(self, text: str) -> int:
        """Return a number that the judge's tokenizer will not exceed."""

    def head(self, text: str, limit: int) -> str:
        """Return a beginning of at most `limit` tokens, about as long as can be."""

    def tail(self, text: str, limit: int) -> str:
        """Return an end of at most `limit` tokens, about as long as can be."""


class Estimate:
    """Tokens by the number of bytes, where the judge's tokenizer is not known."""

    def count(self, text: str) -> int:
        """Return the bytes over `BYTES_PER_TOKEN`, rounded up."""
        return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)

    def most(self, text: str) -> int:
        """Return the bytes: tokens of byte-level vocabularies hold at least one each."""
        return len(text.encode("utf-8", "replace"))

    def head(self, text: str, limit: int) -> str:
        """See `Counter.head`."""
        raw = text[: limit * BYTES_PER_TOKEN].encode("utf-8", "replace")
        return raw[: limit * BYTES_PER_TOKEN].decode("utf-8", "ignore")

    def tail(self, text: str, limit: int) -> str:
        """See `Counter.tail`."""
        if limit <= 0:
            return ""
        raw = text[-limit * BYTES_PER_TOKEN :].encode("utf-8", "replace")
        return raw[-limit * BYTES_PER_TOKEN :].decode("utf-8", "ignore")


class Tokenizer:
    """Tokens by a `tokenizer.json` file, as Hugging Face models have one."""

    def __init__(self, path: Path) -> None:
        self._tokenizer = _load(path)

    def count(self, text: str) -> int:
        """Return the number of tokens."""
        return len(self._encode(text).ids)

    def most(self, text: str) -> int:
        """Return the number of tokens: the file is the judge's own."""
        return self.count(text)

    def head(self, text: str, limit: int) -> str:
        """See `Counter.head`; a beginning can have other tokens by itself, so it is cut again."""
        text = text[: limit * MAX_TOKEN_CHARS]
        while len(offsets := self._encode(text).offsets) > limit:
            text = text[: min(offsets[limit][0], len(text) - 1)]
        return text

    def tail(self, text: str, limit: int) -> str:
        """See `Counter.tail`; an end too is cut again."""
        if limit <= 0:
            return ""
        text = text[-limit * MAX_TOKEN_CHARS :]
        while len(offsets := self._encode(text).offsets) > limit:
            text = text[max(offsets[-limit][0], 1) :]
        return text

    def _encode(self, text: str) -> Any:
        return self._tokenizer.encode(text, add_special_tokens=False)


@lru_cache(maxsize=4)
def _load(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer as Loaded
    except ImportError:
        raise ValueError(
            "tokenizer needs the package tokenizers: pip install 'rft-grader-judge[tokens]'"
        ) from None
    try:
        loaded = Loaded.from_file(str(path))
    except Exception as error:  # noqa: BLE001 - the library raises Exception itself
        raise ValueError(f"{path} is no tokenizer.json: {error}") from None
    loaded.no_truncation()  # many files ask for it, and then count no further
    loaded.no_padding()
    return loaded


def shortened(text: str, limit: int) -> str:
    """Return a text that is surely longer than `limit` tokens without most of its middle."""
    most = 2 * limit * MAX_TOKEN_CHARS
    if len(text) <= most:
        return text
    left_out = len(text) - most
    return f"{text[: most // 2]}\n[{left_out} characters left out]\n{text[-(most // 2) :]}"


def cut(text: str, limit: int, counter: Counter) -> tuple[str, bool]:
    """Return `text`, and whether anything was taken from its middle.

    Quoted, what is kept has at most `limit` tokens; the line in the place of the cut comes on top.
    """
    quoted = quote(text)
    if len(quoted) <= limit * MAX_TOKEN_CHARS and counter.count(quoted) <= limit:
        return text, False
    head = len(counter.head(quoted, limit - limit // 2))
    tail = len(quoted) - len(counter.tail(quoted[head:], limit // 2))
    start, end = _unquoted(quoted, head), _unquoted(quoted, tail)
    return f"{text[:start]}\n[{end - start} characters left out]\n{text[end:]}", True


def _unquoted(quoted: str, position: int) -> int:
    """Return where a position of a quoted text lies in the text."""
    line = quoted.rfind("\n", 0, position) + 1
    marks = len(QUOTE) * (quoted.count("\n", 0, position) + 1)
    return max(position, line + len(QUOTE)) - marks
