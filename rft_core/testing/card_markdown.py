"""The grade card as Markdown, for a README.

Completions are what attackers write, so they stand in code spans, whose delimiter is longer than
any in them, and on lines of their own, where nothing in them starts or ends a block.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from rft_core.testing.card import AttackExample, AttackFigures, GradeCard, WrongCase
from rft_core.testing.findings import Finding
from rft_core.testing.speed import Speed
from rft_core.testing.thresholds import Measure
from rft_core.testing.wording import one_line

MAX_SHOWN: Final = 5
"""So many cases, findings and attacks are shown of each kind."""
MAX_ROWS: Final = 10
"""Of so many classes of attacks the numbers are shown; the worst come first."""
_MARKS: Final = re.compile(r"([\\`*_\[\]#|~])")
_TICKS: Final = re.compile("`+")


def write_markdown(card: GradeCard) -> str:
    """Return the card as Markdown, without a heading."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: GradeCard) -> Iterator[str]:
    yield from _head(card)
    yield ""
    yield from _measures(card)
    for measure in card.measures:
        if measure.loosened:
            yield f"\nLooser than the default: “{measure.title}”."
    yield from (f"\nWeakness: {plain(text)}" for text in card.weaknesses)
    yield from _wrong_cases(card)
    yield from _contract(card)
    yield from _attacks(card)
    yield ""
    yield _speed(card.speed)


def _head(card: GradeCard) -> Iterator[str]:
    verdict = "passes" if card.passed else "does not pass"
    what = "reward" if card.composed else f"grader, version {plain(card.version)}"
    owner = "" if card.composed else f" of {plain(card.distribution)}"
    yield f"**{plain(card.name)}** ({what}{owner}) **{verdict}** its tests, {card.date}."
    config = code(json.dumps(card.config, ensure_ascii=False)) if card.config else "the defaults"
    versions = ", ".join(f"{plain(name)} {version}" for name, version in card.versions.items())
    yield f"Options: {config}. Scores: {_range(card)}. Tested with {versions}."
    if card.cases is not None:
        counts = f"{card.cases.cases} cases of {card.cases.items} items"
        file = f"{plain(card.cases.file)}, " if card.cases.file else ""
        yield f"Tested on {counts} ({file}digest {card.cases.digest})."
    if card.note:
        yield plain(card.note)


def _range(card: GradeCard) -> str:
    low, high = card.score_range
    ends = ["any" if end is None else f"{end:g}" for end in (low, high)]
    return "any number" if low is None and high is None else f"{ends[0]} to {ends[1]}"


def _measures(card: GradeCard) -> Iterator[str]:
    yield "| | found | wanted |"
    yield "|---|---|---|"
    for measure in card.measures:
        mark = "" if measure.met else " ✗"
        yield f"| {measure.title} | {told(card, measure)}{mark} | {measure.wanted} |"
    for title, found in further_figures(card):
        yield f"| {title} | {found} | |"


def further_figures(card: GradeCard) -> Iterator[tuple[str, str]]:
    """Yield titles and figures that no threshold is about."""
    cases = card.cases
    if cases is not None:
        if cases.repeats > 1:
            spread = f", by at most {cases.spread:g}" if cases.unsteady else ""
            yield f"cases that differ between {cases.repeats} repeats", f"{cases.unsteady}{spread}"
        yield "cases on which grading failed", str(cases.failed)
    hostile = [one for one in card.attacks if one.hostile]
    if hostile:
        tried, held = sum(one.tried for one in hostile), sum(one.held for one in hostile)
        yield "hostile inputs that were survived", f"{held} of {tried}"


def told(card: GradeCard, measure: Measure) -> str:
    """Return a figure in words."""
    if measure.value is None:
        return "not measured"
    if measure.name == "agreement" and card.cases is not None:
        return f"{measure.value:.3g} ({card.cases.agreed} of {card.cases.cases})"
    if measure.name in {"fooled", "missed", "broke"}:
        accepted = sum(getattr(one, measure.name) for one in card.attacks if one.accepted)
        return f"{measure.value:g}" + (f", and {accepted} by declared policy" if accepted else "")
    return f"{measure.value:g}"


def _wrong_cases(card: GradeCard) -> Iterator[str]:
    if card.cases is None or not card.cases.wrong:
        return
    wrong = sorted(card.cases.wrong, key=lambda one: one.slip is None)
    title = f"Cases that did not come out as expected: {len(wrong)}"
    yield from _folded(title, _some(map(_wrong_case, wrong), len(wrong)))


def _wrong_case(one: WrongCase) -> str:
    slip = f"{one.slip}, " if one.slip else ""
    got = f"expected {plain(one.expected)}, got {plain(one.got)}{_because(one.reason)}"
    return f"- {plain(one.where)} ({slip}{plain(one.id)}): {code(one.completion)}: {got}"


def _because(reason: str | None) -> str:
    return f" ({code(reason)})" if reason else ""


def _contract(card: GradeCard) -> Iterator[str]:
    if not card.checks:
        return
    checks = [check for check in card.checks if check.kind == "violation"]
    held = [check.title for check in checks if not check.findings]
    lines = [f"Holds: {plain('; '.join(held))}."] if held else []
    for check in (check for check in card.checks if check.findings):
        word = "Broken" if check.kind == "violation" else "Worth knowing"
        lines.append(f"\n{word}: {plain(check.title)}.\n")
        lines += _some(map(_finding, check.findings), len(check.findings))
    yield from _folded(f"Contract: {len(held)} of {len(checks)} checks hold", lines)


def _finding(finding: Finding) -> str:
    return f"- {plain(finding.contract)} Sent {code(finding.sent)}, got {code(finding.got)}."


def _attacks(card: GradeCard) -> Iterator[str]:
    tried = [one for one in card.attacks if one.tried]
    if not tried:
        yield "\nNo attacks were tried: no right completion is known that the grader pays."
        return
    total, held = sum(one.tried for one in tried), sum(one.held for one in tried)
    title = (
        f"Attacks: {held} of {total} were held, of {len(tried)} classes, "
        f"from {card.honest} right completions"
    )
    told = [one for one in tried if not one.all_held or one.accepted or one.skipped]
    told.sort(key=lambda one: (one.all_held, one.accepted is not None))
    lines = list(_attack_table(told)) if told else []
    bad = [example for one in tried if one.accepted is None for example in one.examples]
    lines += [*_some(map(_attack_example, bad), len(bad)), ""] if bad else []
    lines += _held([one for one in tried if one not in told])
    lines += [f"\n{plain(text)}." for text in card.stale]
    yield from _folded(title, lines)


def _attack_table(attacks: Sequence[AttackFigures]) -> Iterator[str]:
    yield "| class | tried | held | paid | not paid | failed | |"
    yield "|---" * 7 + "|"
    for one in islice(attacks, MAX_ROWS):
        accepted = f"accepted: {plain(one.accepted)}" if one.accepted else ""
        skipped = f"{one.skipped} do not apply" if one.skipped else ""
        last = "; ".join(filter(None, (accepted, skipped)))
        counts = f"{one.tried} | {one.held} | {one.fooled} | {one.missed} | {one.broke}"
        yield f"| {plain(one.cls)}: {plain(one.title)} | {counts} | {last} |"
    if len(attacks) > MAX_ROWS:
        yield f"| and {len(attacks) - MAX_ROWS} more classes | | | | | | |"
    yield ""


def _held(attacks: Iterable[AttackFigures]) -> Iterator[str]:
    """Yield a line for each scope with the classes of which every attack was held."""
    scopes: dict[str, list[str]] = {}
    for one in attacks:
        text = f"{plain(one.cls)}: {plain(one.title)} ({one.tried})"
        scopes.setdefault(one.scope, []).append(text)
    for scope, texts in scopes.items():
        whose = "of any kind" if scope == "any" else f"on graders of the family {plain(scope)}"
        whose = "on composed rewards" if scope == "composite" else whose
        yield f"- Held, {whose}: {'; '.join(texts)}."


def _attack_example(one: AttackExample) -> str:
    scores = f"earned {plain(one.got)}, the right one {one.honest_score:.4g}"
    return f"- {one.verdict}, {plain(one.what)}: {code(one.completion)} {scores}"


def _speed(speed: Speed | None) -> str:
    if speed is None:
        return "Speed was not measured."
    return (
        f"Speed: {speed.p50_ms:g} ms a sample (p50), {speed.p99_ms:g} ms (p99), "
        f"{speed.per_second:,.0f} samples a second in batches of {speed.batch}, all through the "
        f"runner, on {speed.cpus} CPUs with Python {speed.python} ({plain(speed.system)}); "
        "it depends on the machine."
    )


def _folded(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"\n<details><summary>{html.escape(title)}</summary>\n"
    yield from lines
    yield "\n</details>"


def _some(lines: Iterable[str], count: int) -> Iterator[str]:
    yield from islice(lines, MAX_SHOWN)
    if count > MAX_SHOWN:
        yield f"- and {count - MAX_SHOWN} more"


def plain(text: str) -> str:
    """Return a text that Markdown and HTML show as it is."""
    return _MARKS.sub(r"\\\1", html.escape(one_line(text), quote=False))


def code(text: str) -> str:
    """Return a text as a code span on one line; for an empty text there is none, but a word."""
    if not text:
        return "(empty)"
    line = one_line(text)
    longest = max(map(len, _TICKS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if line[0] in "` " or line[-1] in "` " else ""
    return f"{fence}{padding}{line}{padding}{fence}"
