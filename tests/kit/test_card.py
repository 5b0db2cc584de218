"""The grade card: what is on it, as JSON and as Markdown, whatever completions say."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rft_core import Grade, Grader
from rft_core.cases import Case, read_cases
from rft_core.errors import UsageError
from rft_core.grading.boundary import GraderCall
from rft_core.testing import GradeCard, Plan, examine
from rft_core.testing.card import AttackExample, AttackFigures, CheckFigures, read_card, write_json
from rft_core.testing.card_markdown import code, plain, write_markdown
from rft_core.testing.examine import Examination
from rft_core.testing.figures import counted, stale_policies
from rft_core.testing.findings import Finding
from rft_core.testing.subject import GraderSubject
from rft_core.testing.thresholds import Thresholds, measures
from rft_core.testing.wording import Wording, one_line

HOSTILE = (
    "<script>alert(1)</script>",
    "```\n</details>\n<!-- end of grade card -->\n# Heading",
    "`a` | b | c",
    "a``b```c",
    "[link](https://example.org) *bold* ~~x~~ @all #1",
    "| --- | --- |",
    "\u202eright to left\x07\x00\u200b",
    "\ud800 a lone surrogate",
    " spaces ",
    "`",
    "",
)


class Holds(Grader[Any]):
    """Grades well: full marks for the row's answer and nothing else."""

    name = "holds"
    version = "3"
    deterministic = True

    def check_item(self, item: Any) -> None:
        if not isinstance(item.fields.get("answer"), str):
            raise ValueError("no answer")  # noqa: TRY004 - what check_item raises

    def grade(self, sample: Any) -> Grade:
        right = sample.text.strip() == sample.item.fields["answer"].strip()
        return Grade(1.0, "right") if right else Grade(0.0, f"in {Path.home()}/x: {sample.text}")


class Lax(Holds):
    """Pays for every completion that contains the answer."""

    name = "lax"
    family = "answer"

    def grade(self, sample: Any) -> Grade:
        return Grade(float(sample.item.fields["answer"] in sample.text))


def write_cases(folder: Path, *wrong: str) -> list[Case]:
    """Four cases that both graders get right, and some that neither does."""
    answers = ("1234", "56789")
    rows = [
        {
            "id": f"{answer} {completion}",
            "item": {"id": answer, "answer": answer},
            "completion": completion,
            "expected": float(answer == completion),
        }
        for answer in answers
        for completion in answers
    ]
    rows += [
        {"id": f"w{n}", "item": {"id": "w", "answer": "zzz"}, "completion": text, "expected": 1}
        for n, text in enumerate(wrong)
    ]
    path = folder / "cases.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_cases(path)


@contextmanager
def examination(cls: type[Grader[Any]], folder: Path, *wrong: str, **plan: Any) -> Any:
    call = GraderCall(cls.name, cls.from_config({}), "acme-graders 1.2", 5.0, 1)
    with GraderSubject(call) as subject:
        made = Plan(write_cases(folder, *wrong), "cases.jsonl", folder=folder, **plan)
        yield Examination(subject, made)


@pytest.fixture(scope="module")
def holds(tmp_path_factory: pytest.TempPathFactory) -> GradeCard:
    plan = {"note": "a note", "config": {"sep": ","}}
    with examination(Holds, tmp_path_factory.mktemp("holds"), **plan) as examined:
        return examined.card()


@pytest.fixture(scope="module")
def lax(tmp_path_factory: pytest.TempPathFactory) -> GradeCard:
    """A card with 30 wrong cases, some of them hostile, and with attacks that were paid."""
    wrong = [*HOSTILE, *(f"wrong {n}" for n in range(30 - len(HOSTILE)))]
    with examination(Lax, tmp_path_factory.mktemp("lax"), *wrong) as examined:
        return examined.card()


def lasting(card: GradeCard) -> dict[str, Any]:
    return {k: v for k, v in asdict(card).items() if k not in {"date", "versions", "speed"}}


def figure(card: GradeCard, name: str) -> float | None:
    (found,) = (one.value for one in card.measures if one.name == name)
    return found


def tokens(markdown: str) -> list[Token]:
    parsed = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [part for token in parsed for part in [token, *(token.children or [])]]


def test_a_card_says_what_was_tested(holds: GradeCard) -> None:
    assert holds.passed, holds.shortfalls
    assert (holds.name, holds.version, holds.distribution) == ("holds", "3", "acme-graders 1.2")
    assert (holds.note, holds.config, holds.score_range) == ("a note", {"sep": ","}, (0.0, 1.0))
    assert holds.cases is not None
    assert (holds.cases.cases, holds.cases.items, holds.cases.agreed) == (4, 2, 4)
    assert holds.honest == 2
    assert sum(one.tried for one in holds.attacks) > 10
    assert {check.name for check in holds.checks} >= {"pickling"}
    assert holds.speed is not None
    assert holds.speed.p50_ms <= holds.speed.p99_ms


def test_attacks_that_are_paid_are_on_the_card(lax: GradeCard) -> None:
    assert not lax.passed
    assert (figure(lax, "fooled") or 0) > 0
    paid = [one for one in lax.attacks if one.fooled]
    assert all(one.examples for one in paid)
    assert {"fooled", "agreement"} <= {measure.name for measure in lax.shortfalls}


def test_accepted_classes_do_not_count_and_stale_ones_are_told(
    lax: GradeCard, tmp_path: Path
) -> None:
    with examination(Lax, tmp_path) as examined:
        before = examined.attacks
    paid = [one.cls for one in before if not one.all_held]
    held = next(one.cls for one in before if one.tried and one.all_held)
    accept = {**dict.fromkeys(paid, "on *purpose*"), held: "for nothing", "M99": "what?"}
    with examination(Lax, tmp_path, accept=accept) as examined:
        attacks = examined.attacks
    assert any(one.fooled for one in attacks)
    assert counted(attacks, "fooled") == 0
    first, second = stale_policies(attacks, accept)
    assert held in first
    assert "remove it" in first
    assert "M99 is accepted, but no attack class" in second
    markdown = write_markdown(replace(lax, attacks=attacks, stale=[first, second]))
    assert "by declared policy" in markdown
    assert r"accepted: on \*purpose\*" in markdown
    assert first in markdown


def test_without_cases_nothing_is_as_good_as_the_thresholds(tmp_path: Path) -> None:
    with GraderSubject(GraderCall("holds", Holds.from_config({}), "a 1", 5.0, 1)) as subject:
        card = examine(subject, Plan())
    assert not card.passed
    names = {measure.name for measure in card.shortfalls}
    assert names == {"agreement", "fooled", "missed", "broke"}
    assert "no right completion is known" in write_markdown(card)


def test_two_cards_of_the_same_differ_in_date_versions_and_speed_only(
    lax: GradeCard, tmp_path: Path
) -> None:
    wrong = [*HOSTILE, *(f"wrong {n}" for n in range(30 - len(HOSTILE)))]
    with examination(Lax, tmp_path, *wrong) as examined:
        card = examined.card()
    assert lasting(card) == lasting(lax)


def test_no_folder_of_the_machine_is_on_a_card(holds: GradeCard, tmp_path: Path) -> None:
    assert str(Path.home()) + "/" not in write_json(replace(holds, versions={}))
    wording = Wording(tmp_path)
    assert wording.config({"file": str(tmp_path / "a" / "b.json")}) == {"file": "a/b.json"}
    assert (
        wording.text(f"at {Path.home()}/x <object at 0x7f8c13cca980>") == "at ~/x <object at 0x…>"
    )
    with examination(Holds, tmp_path, "wrong") as examined:
        (case,) = examined.case_figures.wrong
    assert case.reason == "in ~/x: wrong"


def test_a_card_is_read_as_it_was_written(lax: GradeCard, tmp_path: Path) -> None:
    path = tmp_path / "lax.card.json"
    path.write_text(write_json(lax), encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["format"] == 1
    assert write_json(read_card(path)) == write_json(lax)
    assert write_markdown(read_card(path)) == write_markdown(lax)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "not a grade card: format: Field required"),
        ("nonsense", "not a grade card"),
    ],
)
def test_what_is_no_card_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.card.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_card(path)


def test_a_card_of_another_format_is_refused(holds: GradeCard, tmp_path: Path) -> None:
    path = tmp_path / "x.card.json"
    path.write_text(write_json(replace(holds, format=2)))
    with pytest.raises(UsageError, match="the card has format 2, this version reads 1"):
        read_card(path)


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_a_code_span_shows_the_text_and_nothing_else(text: str) -> None:
    span = code(text)
    assert "\n" not in span
    (paragraph,) = (token for token in tokens(f"- {span}: end") if token.type == "inline")
    first, second = paragraph.children or []
    assert (first.type, second.content) == ("code_inline", ": end")
    assert first.content == one_line(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_text_shows_the_text_and_nothing_else(text: str) -> None:
    shown = plain(Wording(Path()).text(text))
    whole = tokens(f"| a | b |\n|---|---|\n| {shown} | end |\n")
    kinds = {token.type for token in whole if not token.type.startswith(("t", "inline"))}
    assert not kinds
    assert sum(token.type == "td_open" for token in whole) == 2


def test_hostile_completions_cannot_leave_their_place(lax: GradeCard) -> None:
    wording = Wording(Path())
    texts = [wording.text(text) for text in HOSTILE]
    hostile = [AttackExample("fooled", text, text, text, "1", 1.0, text) for text in texts]
    attack = AttackFigures("M1", "<b>", "any", False, 9, 0, 9, 0, 0, 0, None, hostile)
    finding = [Finding("c", text, text, text, text) for text in texts]
    assert lax.cases is not None
    wrong = [replace(lax.cases.wrong[0], id=t, completion=t, reason=t) for t in texts]
    for start in range(len(texts)):  # so that each is among the few that are shown
        card = replace(
            lax,
            note="<u>",
            config=wording.config({"x": HOSTILE}),
            attacks=[replace(attack, examples=hostile[start:])],
            checks=[CheckFigures("c", "<i>", "violation", finding[start:])],
            cases=replace(lax.cases, wrong=wrong[start:]),
        )
        markdown = write_markdown(card)
        whole = tokens(markdown)
        html = {token.content.strip() for token in whole if token.type.startswith("html")}
        assert all(re.fullmatch(r"</details>|<details><summary>[^<]*</summary>", h) for h in html)
        assert not {token.type for token in whole} & {"heading_open", "link_open", "em_open"}
        assert not any(line.startswith("<!--") for line in markdown.splitlines())


def test_what_cannot_be_written_is_escaped(tmp_path: Path) -> None:
    with examination(Holds, tmp_path, HOSTILE[7]) as examined:
        (case,) = examined.case_figures.wrong
    assert case.completion == r"\ud800 a lone surrogate"
    case.completion.encode()
    (case.reason or "").encode()


def test_a_card_in_a_readme_is_short(lax: GradeCard) -> None:
    assert lax.cases is not None
    assert len(lax.cases.wrong) == 30
    assert write_markdown(lax).count("\n") <= 70  # 30 to 50 for a good grader
    assert "and 25 more" in write_markdown(lax)


def test_long_completions_are_shortened(tmp_path: Path) -> None:
    with examination(Holds, tmp_path, "x" * 10_000) as examined:
        (case,) = examined.case_figures.wrong
    assert len(case.completion) < 250
    assert len(case.reason or "") < 350


def test_a_loosened_limit_is_on_the_card(holds: GradeCard) -> None:
    found = {"agreement": 0.8, "false_fails": 1.0, "fooled": 0.0}
    some = list(measures(Thresholds(agreement=0.5, false_fails=1), found))
    assert all(one.met for one in some)
    markdown = write_markdown(replace(holds, measures=some))
    assert "**passes**" in markdown
    assert "Looser than the default: “false fails”." in markdown
    assert "“attacks that were paid”" not in markdown
