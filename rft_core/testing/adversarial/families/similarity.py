"""Attacks on graders of similarity: alike in letters, or in words, and not in what is said.

F1 to F12 of the catalogue. Most want a score below the honest one only: how much an added "not"
costs is a matter of taste, whether it costs anything is not.
"""

from __future__ import annotations

from random import Random
from typing import Final

from rft_core.testing.adversarial.attack import Attack, AttackClass, Honest
from rft_core.testing.adversarial.families import similar_texts as texts
from rft_core.testing.adversarial.families.forms import Change, changing, form_of, same


def _constant(text: str) -> Change:
    return Change(f"{text!r} alone", "fail", lambda _, __: text)


def _repeated(times: int, separator: str) -> Change:
    what = f"the answer {times} times, joined by {separator!r}"
    return Change(what, "lower", lambda text, _: separator.join([text.strip()] * times))


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
        Change("random letters, word by word", "fail", texts.salad_of),
        Change("the answer's letters in another order", "lower", texts.anagram),
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
        [Change("nothing", "fail", texts.empty), _constant(" "), _constant("\n\t\n")],
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
            Change("one word of the answer", "fail", texts.one_word),
            Change("one word of the answer among random letters", "fail", texts.one_word_in_salad),
            Change("the first quarter of the words", "lower", texts.first_words),
        ],
    ),
    changing(
        "F4",
        "Words in another order",
        "similarity",
        [
            Change("shuffled words", "lower", texts.shuffled),
            Change("the words from last to first", "lower", texts.backwards),
            Change("sorted words", "lower", texts.alphabetic),
        ],
    ),
    changing(
        "F5",
        "Repetition",
        "similarity",
        [
            _repeated(20, " "),
            _repeated(3, ", "),
            _repeated(2, "\n"),
            _repeated(20, ""),
        ],
    ),
    changing(
        "F6",
        "A not more or less",
        "similarity",
        [
            Change("a not more, or the not left out", "lower", texts.with_not),
            Change("the answer denied", "lower", texts.denied),
        ],
    ),
    changing(
        "F7",
        "Other numbers",
        "similarity",
        [
            Change("the digits of numbers turned round", "lower", texts.digits_reversed),
            Change("every number one higher", "lower", texts.next_numbers),
            Change("another number than the only one", "fail", texts.only_next_number),
        ],
    ),
    AttackClass("F8", "Letter salad and unrelated answers", "similarity", _salad_and_unrelated),
    changing(
        "F9",
        "Great length",
        "similarity",
        [
            Change(f"{texts.LONG:,} random letters", "fail", texts.long_salad(texts.LONG)),
            Change(f"the answer within {texts.LONG:,} random letters", "lower", texts.within_salad),
            Change(
                f"the answer up to {texts.LONG:,} characters",
                "lower",
                texts.repeated_up_to(texts.LONG),
            ),
            Change(f"{texts.HUGE:,} random letters", "survive", texts.long_salad(texts.HUGE)),
            Change(
                f"the answer up to {texts.HUGE:,} characters",
                "survive",
                texts.repeated_up_to(texts.HUGE),
            ),
        ],
    ),
    changing(
        "F10",
        "Stuffed keywords",
        "similarity",
        [
            Change("the answer's long words, listed twice", "lower", texts.stuffed),
            Change("the answer's long words in empty phrases", "lower", texts.stuffed_in_filler),
        ],
    ),
    AttackClass("F11", "The prompt copied", "similarity", _echoes),
    changing(
        "F12",
        "Characters without width",
        "similarity",
        [
            Change("characters without width alone", "fail", lambda _, __: texts.ZERO_WIDTH * 5),
            Change("a not with a hidden character in it", "lower", texts.hidden_not),
            Change("one word, padded to the answer's length", "fail", texts.padded_word),
            Change("a hidden character after every letter", "survive", texts.spread),
        ],
    ),
)
