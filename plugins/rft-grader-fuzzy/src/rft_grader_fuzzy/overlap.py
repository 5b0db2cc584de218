"""The words that an answer and its reference have in common, and their order.

Each distinct word of the reference stands for one character, so that questions about lists of
words become questions about short texts, which RapidFuzz answers ten times faster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import repeat
from operator import add

from rapidfuzz.distance import LCSseq


class WordCodes:
    """The words of a reference as a text with one character per word."""

    __slots__ = ("_code", "_counts", "text")

    def __init__(self, words: Sequence[str]) -> None:
        self._counts = Counter(words)
        codes = {word: chr(number) for number, word in enumerate(self._counts)}
        self._code = codes.get
        self.text = "".join(codes[word] for word in words)

    def encode(self, words: Sequence[str]) -> str:
        """Return the same for the words of an answer; words not in the reference are left out."""
        return "".join(map(self._code, words, repeat("")))

    def repetition(self, words: Sequence[str]) -> float:
        """Return the share of `words` that stood there before, and more often than expected."""
        needless = 0
        for word, times in Counter(words).items():
            needless += max(0, times - max(1, self._counts[word]))
        return needless / len(words)


class Overlap:
    """What an answer has in common with a reference.

    The first two questions have bounds that settle them for most answers and cost next to nothing.
    """

    __slots__ = ("_codes", "_in_order", "_ours", "_words")

    def __init__(self, words: Sequence[str], codes: WordCodes) -> None:
        self._words = words
        self._codes = codes
        self._ours = codes.encode(words)
        self._in_order = int(LCSseq.similarity(self._ours, codes.text))

    def keeps_order(self, least: float) -> bool:
        """Whether `order` is at least so much."""
        ours, in_order = len(self._ours), self._in_order
        if ours < 2 or not least:  # noqa: PLR2004 - one word has no order
            return True
        # Each word that is out of order, on either side, parts one pair of neighbours at most.
        neighbours = 3 * in_order - 1 - ours - len(self._codes.text)
        if in_order >= least * ours and neighbours >= least * (ours - 1):
            return True
        return self.order() >= least

    def order(self) -> float:
        """Return how much of the reference's order the common words keep, 0 to 1.

        It is the lesser of two shares: of the words that are in order (the longest common
        subsequence), and of neighbours in the answer that are neighbours in the reference. Long
        shuffled texts fail the first, short ones the second. A text with one part moved as a whole
        (`Smith, John`) keeps half of the first at least, and most neighbours; with two or three
        words (`March 5, 2020`) there may be none left, and they do not count.
        """
        ours = self._ours
        common = set(ours)
        theirs = "".join(code for code in self._codes.text if code in common)
        count = min(len(ours), len(theirs))
        if count < 2:  # noqa: PLR2004 - one word has no order
            return 1.0
        in_order = self._in_order / count
        if count <= 3:  # noqa: PLR2004 - see above
            return in_order
        known = set(map(add, theirs, theirs[1:]))
        neighbours = sum(map(known.__contains__, map(add, ours, ours[1:])))
        return min(in_order, neighbours / (len(ours) - 1))

    def repeats_more_than(self, most: float) -> bool:
        """Whether the repetition is more than so much."""
        total = len(self._words)
        if total - self._in_order <= most * total:
            return False  # words in order are no needless repeats
        if total - len(set(self._words)) <= most * total:
            return False
        return self._codes.repetition(self._words) > most

    def shared(self) -> float:
        """Return how much of the reference is in the answer, word by word, 0 to 1."""
        text = self._codes.text
        return (Counter(self._ours) & Counter(text)).total() / len(text)
