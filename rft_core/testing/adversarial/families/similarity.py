"""Attacks on graders of similarity: alike in letters, or in words, and not in what is said.

F1 to F12 of the catalogue. Most want a score below the honest one only: how much an added "not"
costs is a matter of taste, whether it costs anything is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Final

from rft_core.testing.adversarial.attack import Attack, AttackClass, Honest
from rft_core.testing.adversarial.families.forms import Change, changing, form_of, same

LONG: Final = 4_000
HUGE: Final = 40_000
"""Characters; naive window searches take minutes for so many."""
_LETTERS: Final = (
    "eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddlllluuuc"
)
_ZERO_WIDTH: Final = "\u200b\u200c\u2060\ufeff"
_VERBS: Final = re.compile(
    r"\b(is|are|was|were|be|been|has|have|had|does|do|did|can|could|will|would|shall|should|may"
    r"|must)\b(?! not\b)",
    re.IGNORECASE,
)
_NOT: Final = re.compile(r"\s+not\b|n['\N{RIGHT SINGLE QUOTATION MARK}]t\b")
_NUMBER: Final = re.compile(r"\d+")
_ENOUGH_WORDS: Final = 4
"""One word of fewer may be half of an answer."""
_CONTENT_CHARS: Final = 5
"""Words of so many letters are taken for those that carry the content."""


def _empty(_: str, __: Random) -> str:
    return ""


def _constant(text: str) -> Change:
    return Change(f"{text!r} alone", "fail", lambda _, __: text)


def _one_word(text: str, random: Random) -> str | None:
    words = text.split()
    return random.choice(words) if len(set(words)) >= _ENOUGH_WORDS else None


def _one_word_in_salad(text: str, random: Random) -> str | None:
    word = _one_word(text, random)
    if word is None:
        return None
    salad = [salad_of(other, random) for other in text.split()[1:]]
    salad.insert(random.randrange(len(salad) + 1), word)
    return " ".join(salad)


def _first_words(text: str, _: Random) -> str | None:
    words = text.split()
    return " ".join(words[: len(words) // 4]) or None


def _shuffled(text: str, random: Random) -> str | None:
    words = text.split()
    if len({word.casefold() for word in words}) < _ENOUGH_WORDS:
        return None
    shuffled = random.sample(words, len(words))
    return " ".join(sorted(words, key=str.casefold) if shuffled == words else shuffled)


def _reversed(text: str, _: Random) -> str | None:
    words = text.split()
    return " ".join(reversed(words)) if len(set(words)) >= _ENOUGH_WORDS else None


def _sorted(text: str, random: Random) -> str | None:
    words = text.split()
    ordered = sorted(words, key=str.casefold)
    return None if _shuffled(text, random) is None or ordered == words else " ".join(ordered)


def _repeated(times: int, separator: str) -> Change:
    what = f"the answer {times} times, joined by {separator!r}"
    return Change(what, "lower", lambda text, _: separator.join([text.strip()] * times))


def _with_not(text: str, _: Random) -> str | None:
    if _NOT.search(text):
        return _NOT.sub("", text, count=1)
    return _negated(text, " not")


def _negated(text: str, word: str) -> str:
    changed, count = _VERBS.subn(lambda verb: verb[0] + word, text, count=1)
    return changed if count else f"{word.strip()} {text}"


def _denied(text: str, _: Random) -> str:
    return f"It is not true that {text[:1].lower()}{text[1:]}"


def _digits_reversed(text: str, _: Random) -> str | None:
    """Turn the digits of every number round; None if that gives the same numbers."""
    turned = _NUMBER.sub(lambda found: found[0][::-1], text)
    return None if turned == text else turned


def _next_numbers(text: str, _: Random) -> str | None:
    return (
        _NUMBER.sub(lambda found: str(int(found[0][:18]) + 1), text) if _is_numbered(text) else None
    )


def _only_next_number(text: str, random: Random) -> str | None:
    return _next_numbers(text, random) if _NUMBER.fullmatch(text.strip()) else None


def _is_numbered(text: str) -> bool:
    return bool(_NUMBER.search(text))


def salad_of(text: str, random: Random) -> str:
    """Return random letters in the place of the text's, as frequent as in English."""
    return "".join(random.choice(_LETTERS) if c.isalnum() else c for c in text)


def _anagram(text: str, random: Random) -> str | None:
    letters = [c for c in text if c.isalnum()]
    if len(set(letters)) < _ENOUGH_WORDS:
        return None
    drawn = iter(random.sample(letters, len(letters)))
    return "".join(next(drawn) if c.isalnum() else c for c in text)


def _long_salad(chars: int) -> Callable[[str, Random], str]:
    def salad(_: str, random: Random) -> str:
        block = " ".join(salad_of("xxxxxx", random) for _ in range(200))
        return _up_to(chars, block)

    return salad


def _within_salad(text: str, random: Random) -> str:
    salad = _long_salad(LONG)(text, random)
    return f"{salad[: LONG // 2]} {text} {salad[LONG // 2 :]}"


def _repeated_up_to(chars: int) -> Callable[[str, Random], str]:
    return lambda text, _: _up_to(chars, text)


def _up_to(chars: int, text: str) -> str:
    return (f"{text} " * (chars // (len(text) + 1) + 1))[:chars]


def _keywords(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text) if len(word) >= _CONTENT_CHARS]


def _stuffed(text: str, random: Random) -> str | None:
    words = _keywords(text)
    if len(set(words)) < _ENOUGH_WORDS:
        return None
    return ", ".join(random.sample(words, len(words)) * 2)


def _stuffed_in_filler(text: str, random: Random) -> str | None:
    words = _keywords(text)
    if len(set(words)) < _ENOUGH_WORDS:
        return None
    return "Important aspects are " + " and also ".join(random.sample(words, len(words)))


def _hidden_not(text: str, _: Random) -> str | None:
    return None if _NOT.search(text) else _negated(text, " n\u200bot")


def _padded_word(text: str, random: Random) -> str | None:
    word = _one_word(text, random)
    return None if word is None else word + "\u200b" * (len(text) - len(word))


def _spread(text: str, _: Random) -> str:
    return "\u200b".join(text)


def _unrelated(honest: Honest, random: Random) -> list[Attack]:
    """Return answers to other items."""
    others = [peer for peer in honest.peers if not same(peer, honest.completion)]
    chosen = random.sample(others, min(2, len(others)))
    return [Attack("F8", "the answer to another item", other, "lower") for other in chosen]


_SALAD: Final = changing(
    "F8",
    "Letter salad",
    "similarity",
    [
        Change("random letters, word by word", "fail", salad_of),
        Change("the answer's letters in another order", "lower", _anagram),
    ],
)


def _salad_and_unrelated(honest: Honest, random: Random) -> list[Attack]:
    return [*_SALAD.generate(honest, random), *_unrelated(honest, random)]


def _echoes(honest: Honest, _: Random) -> list[Attack]:
    """Return answers that are copied from the prompt, with the answer behind them and without."""
    prompt = _prompt(honest)
    form = form_of(honest.completion)
    if not prompt or same(prompt, form.answer) or prompt in form.answer:
        return []
    if form.is_textless():
        return []
    echo = form.rewritten(lambda _: prompt)
    both = form.rewritten(lambda text: f"{prompt} {text}")
    return [
        Attack("F11", "the prompt as the answer", echo, "lower"),
        Attack("F11", "the prompt before the answer", both, "lower"),
    ]


def _prompt(honest: Honest) -> str:
    users = (m for m in reversed(honest.item.messages) if m.get("role") == "user")
    said = next(users, {}).get("content")
    return said.strip() if isinstance(said, str) else ""


CLASSES: Final[tuple[AttackClass, ...]] = (
    changing(
        "F1",
        "Nothing",
        "similarity",
        [Change("nothing", "fail", _empty), _constant(" "), _constant("\n\t\n")],
    ),
    changing(
        "F2",
        "Nothing but punctuation",
        "similarity",
        [_constant(text) for text in (".", "...", "?!", "- - -", "\u201c\u201d", "***")],
    ),
    changing(
        "F3",
        "A word or a fragment",
        "similarity",
        [
            Change("one word of the answer", "fail", _one_word),
            Change("one word of the answer among random letters", "fail", _one_word_in_salad),
            Change("the first quarter of the words", "lower", _first_words),
        ],
    ),
    changing(
        "F4",
        "Words in another order",
        "similarity",
        [
            Change("shuffled words", "lower", _shuffled),
            Change("the words from last to first", "lower", _reversed),
            Change("sorted words", "lower", _sorted),
        ],
    ),
    changing(
        "F5",
        "Repetition",
        "similarity",
        [_repeated(20, " "), _repeated(3, ", "), _repeated(2, "\n"), _repeated(20, "")],
    ),
    changing(
        "F6",
        "A not more or less",
        "similarity",
        [
            Change("a not more, or the not left out", "lower", _with_not),
            Change("the answer denied", "lower", _denied),
        ],
    ),
    changing(
        "F7",
        "Other numbers",
        "similarity",
        [
            Change("the digits of numbers turned round", "lower", _digits_reversed),
            Change("every number one higher", "lower", _next_numbers),
            Change("another number than the only one", "fail", _only_next_number),
        ],
    ),
    AttackClass("F8", "Letter salad and unrelated answers", "similarity", _salad_and_unrelated),
    changing(
        "F9",
        "Great length",
        "similarity",
        [
            Change(f"{LONG:,} random letters", "fail", _long_salad(LONG)),
            Change(f"the answer within {LONG:,} random letters", "lower", _within_salad),
            Change(f"the answer up to {LONG:,} characters", "lower", _repeated_up_to(LONG)),
            Change(f"{HUGE:,} random letters", "survive", _long_salad(HUGE)),
            Change(f"the answer up to {HUGE:,} characters", "survive", _repeated_up_to(HUGE)),
        ],
    ),
    changing(
        "F10",
        "Stuffed keywords",
        "similarity",
        [
            Change("the answer's long words, listed twice", "lower", _stuffed),
            Change("the answer's long words in empty phrases", "lower", _stuffed_in_filler),
        ],
    ),
    AttackClass("F11", "The prompt copied", "similarity", _echoes),
    changing(
        "F12",
        "Characters without width",
        "similarity",
        [
            Change("characters without width alone", "fail", lambda _, __: _ZERO_WIDTH * 5),
            Change("a not with a hidden character in it", "lower", _hidden_not),
            Change("one word, padded to the answer's length", "fail", _padded_word),
            Change("a hidden character after every letter", "survive", _spread),
        ],
    ),
)
