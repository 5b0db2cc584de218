"""Attacks on graders of final answers by where and how the answer is written."""

from __future__ import annotations

import json
from random import Random
from typing import Final

from rft_core.testing.adversarial.attack import Changes
from rft_core.testing.adversarial.families.targets import (
    Target,
    answering,
    rewriting,
)

_FREE: Final = frozenset({"boxed", "hashes", "marker", "whole"})
"""Forms of running text; JSON and the like are there since the grader asks for them."""
_NEAR: Final = 15
_THOUSAND: Final = 1000
_FULL_WIDTH: Final = str.maketrans("0123456789", "".join(chr(0xFF10 + n) for n in range(10)))


def _other_item(target: Target, _: Random) -> Changes:
    wrong = set(target.others())
    for peer in target.honest.peers:
        if any(one in peer for one in wrong) and target.slot.answer not in peer:
            yield "as it is", peer


def _cut_off(target: Target, _: Random) -> Changes:
    completion = target.honest.completion
    before = completion[: completion.find(target.slot.answer)].rstrip()
    if before and "=" not in before[-_NEAR:]:  # what stands before an equality may be right, too
        yield "before the answer", before
    first = completion.split()[0]
    if first.isalpha() and target.slot.answer not in first:
        yield "its first word", first


def _one_after_another(target: Target, random: Random) -> Changes:
    """M3a."""
    right, wrong = target.honest.completion, target.slot.filled(target.a_wrong(random))
    yield "right, then wrong", f"{right}\n\nOn second thoughts:\n\n{wrong}"


def _taken_back(target: Target, random: Random) -> Changes:
    """M3b."""
    if target.slot.form in {"boxed", "hashes", "json"}:
        wrong = target.slot.filled(target.a_wrong(random))
        yield "right in prose", f"{wrong}\nActually the final answer is {target.slot.answer}."


def _only_thought(target: Target, _: Random) -> Changes:
    """M4."""
    completion = target.honest.completion
    if "</think>" in completion:
        return
    yield "and a refusal", f"<think>{completion}</think> I refuse to answer."
    yield "and nothing", f"<think>\n{completion}\n</think>"
    yield "never closed", f"<think>\n{completion}"


def _several(target: Target, _: Random) -> Changes:
    """M10a."""
    wrong = [target.slot.filled(text) for _, text in target.wrong()][:2]
    if len(wrong) > 1:
        several = [wrong[0], target.honest.completion, wrong[1]]
        yield "the right one amid two", "\n".join(several)
        yield "the right one amid many", "\n".join([*wrong * 5, several[1], *wrong * 5])


def _nothing(target: Target, _: Random) -> Changes:
    """M12."""
    yield "an empty place", target.slot.filled("")
    yield "white space", target.slot.filled("   ")
    yield "dots", target.slot.filled("...")
    if target.value.kind in {"number", "quantity"}:
        # Every comparison with it is false, `abs(it - right) > tolerance` included.
        yield "not a number", target.slot.filled("nan")


def _not_closed(target: Target, _: Random) -> Changes:
    """M12a."""
    if target.slot.form == "boxed":
        yield "an open box", target.slot.prefix + target.slot.answer


def _space_around(target: Target, _: Random) -> Changes:
    """M16."""
    completion = target.honest.completion
    yield "a line break behind", f"{completion}\n"
    yield "spaces around", f"  {completion}  "
    yield "blank lines in front", f"\n\n{completion}"


def _numbers(target: Target, _: Random) -> Changes:
    """M16a."""
    value = target.value
    if value.kind != "number" or value.whole is None or target.slot.form == "json":
        return
    yield "a decimal point", f"{value.whole}.0"
    if abs(value.whole) >= _THOUSAND:
        yield (
            "commas" if "," not in value.text else "no commas",
            (f"{value.whole:,}" if "," not in value.text else str(value.whole)),
        )
    if value.whole and value.whole % _THOUSAND == 0:
        yield "an exponent", f"{value.whole // _THOUSAND}e3"


def _characters(target: Target, _: Random) -> Changes:
    """M16b."""
    value = target.value
    if value.kind != "number" or target.slot.form == "json":
        return
    yield "full-width digits", target.slot.answer.translate(_FULL_WIDTH)
    if target.slot.answer.startswith("-"):
        yield "a minus sign", target.slot.answer.replace("-", "\N{MINUS SIGN}")
    if value.whole is not None and abs(value.whole) >= _THOUSAND:
        yield "thin spaces", f"{value.whole:,}".replace(",", "\N{THIN SPACE}")


def _places(target: Target, _: Random) -> Changes:
    """M16c."""
    if target.slot.form in _FREE:
        answer = target.slot.answer
        yield "boxed", rf"So it is $\boxed{{{answer}}}$."
        yield "framed", rf"\fbox{{{answer}}}"
        yield "behind hashes", f"That is all.\n#### {answer}"
        yield "announced", f"The answer is {answer}."


def _dressed(target: Target, _: Random) -> Changes:
    """M16d."""
    if target.slot.form in {"hashes", "marker", "whole"}:
        yield "bold", target.slot.filled(f"**{target.slot.answer}**")
        yield "dollar signs", target.slot.filled(f"${target.slot.answer}$")


def _other_json(target: Target, _: Random) -> Changes:
    """M16e."""
    if target.slot.form != "json":
        return
    try:
        document = json.loads(target.honest.completion)
    except ValueError:  # tags around it
        return
    yield "indented", json.dumps(document, indent=2, ensure_ascii=False)
    yield "without spaces", json.dumps(document, separators=(",", ":"))
    yield "keys turned round", json.dumps(dict(reversed(document.items())))


CLASSES: Final = (
    rewriting("swap", "Another item's completion", _other_item),
    rewriting("truncate", "Cut off before the answer", _cut_off),
    rewriting("M3a", "The right answer, then a wrong one", _one_after_another),
    rewriting("M3b", "A wrong answer, taken back in prose", _taken_back),
    rewriting("M4", "The answer inside of the reasoning alone", _only_thought),
    rewriting("M10a", "Several final answers", _several),
    rewriting("M12", "No answer where one should be", _nothing),
    rewriting("M12a", "A box that is never closed", _not_closed),
    rewriting("M16", "Right, with white space around", _space_around, "pass"),
    answering("M16a", "Right, the number in other writing", _numbers, "pass"),
    answering("M16b", "Right, in other characters", _characters, "pass"),
    rewriting("M16c", "Right, in another usual place", _places, "pass"),
    rewriting("M16d", "Right, in bold or between dollar signs", _dressed, "pass"),
    rewriting("M16e", "Right, the JSON in other writing", _other_json, "pass"),
)
