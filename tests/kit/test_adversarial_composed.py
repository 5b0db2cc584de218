"""What attacks on composed rewards say: bad rewards get their sentence, good ones none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from rft_grader_judge.testing import Reply, ScriptedServer, verdict_json
from typer.testing import CliRunner

from rft_core.cases import read_cases
from rft_core.cli.app import app
from rft_core.task.task import load_task
from rft_core.testing.adversarial.attack import Attack, Honest
from rft_core.testing.adversarial.composed import MAX_WEAKNESSES, examine_reward, gather
from rft_core.testing.adversarial.families.composite import CLASSES
from rft_core.testing.adversarial.honest import find_honest
from rft_core.testing.adversarial.library import classes_of
from rft_core.testing.adversarial.weaknesses import Weakness
from rft_core.testing.card import read_card
from rft_core.testing.subject import RewardSubject
from rft_core.types import Item

CONTRIB = Path(__file__).parents[2] / "contrib"
LABELS = ("law", "trade", "energy", "finance", "transport", "politics", "science", "industry")
VALID = {"use": "json_schema", "config": {"schema": "schema.json"}}
SCHEMA = {
    "type": "object",
    "properties": {"codes": {"type": "array", "items": {"type": "string"}}},
    "required": ["codes"],
    "additionalProperties": False,
}
FUNCTIONS = """
import re

def length(sample):
    return min(len(sample.text) / 500, 1.0)

def brief(sample):
    return max(0.0, 1 - len(sample.text) / 100)

def short_reasoning(sample):
    reasoning = re.match(r"<think>(.*)</think>", sample.text, re.DOTALL)
    return max(0.0, 1 - len(reasoning[1]) / 200) if reasoning else 1.0

def tagged(sample):
    form = r"<think>.*</think>\\s*<answer>.*</answer>"
    return float(re.fullmatch(form, sample.text, re.DOTALL) is not None)

def fragile(sample):
    return 0.0 if sample.text[:1] != "#" else sample.text.split()[1:][0] == "1"

def right(sample):
    found = re.findall(r"<answer>(.*?)</answer>", sample.text, re.DOTALL)
    return float([one.strip() for one in found] == [sample.item.fields["answer"]])
"""


def labels(metric: str, **more: Any) -> dict[str, Any]:
    return {"use": "multilabel", "config": {"metric": metric, "labels": "$.codes[*]"}, **more}


def function(name: str, **more: Any) -> dict[str, Any]:
    return {"use": "function", "config": {"path": f"rewards.py:{name}"}, **more}


Examine = Callable[..., list[Weakness]]


@pytest.fixture
def write_task(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a task about labels, or one about tagged answers."""

    def write(reward: dict[str, Any], **sections: Any) -> Path:
        rows = [
            {"id": f"r{n}", "text": f"act {n}", "answer": str(11 * n), "reference_answer": pair}
            for n, pair in enumerate([LABELS[i : i + 2] or LABELS[:1] for i in range(8)])
        ]
        (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
        (tmp_path / "rewards.py").write_text(FUNCTIONS)
        task = {
            "data": {"train": "train.jsonl"},
            "messages": [{"role": "user", "content": "{{ item.text }}"}],
            "reward": reward,
        }
        path = tmp_path / "task.yaml"
        path.write_text(yaml.safe_dump(task | sections))
        return path

    return write


@pytest.fixture
def examine(write_task: Callable[..., Path]) -> Examine:
    """Return a function that writes a task and examines its reward."""

    def do(reward: dict[str, Any], cases: Path | None = None, **sections: Any) -> list[Weakness]:
        return examined(write_task(reward, **sections), cases)

    return do


def examined(path: Path, cases: Path | None = None, key: str | None = None) -> list[Weakness]:
    task = load_task(path)
    known = read_cases(cases) if cases else []
    with RewardSubject(task, key) as subject:
        items = [one.item for one in task.train if key in {None, one.item.task}][:30]
        honest = find_honest(subject, known, items)
        assert honest
        return examine_reward(subject, honest, known)


TAGGED = "<think>I count {{ item.id }} in many words, one after the other.</think>\n"
TAGGED += "<answer>{{ item.answer }}</answer>"

FILLER = "It is important to look at this from all sides, and to cons"
BAD = {
    "format in a sum": (
        {"graders": {"valid": {**VALID, "weight": 0.4}, "f1": labels("f1", weight=0.6)}},
        ['an empty but well-formed answer earns 0.40 (`{"codes": []}`); being right adds 0.60'],
        "`valid` pays for it: make it a gate (`gate: {min: 1.0}`), or lower its weight",
    ),
    "recall only": (
        {"graders": {"recall": labels("recall")}},
        ["listing all labels earns 1.00, as much as the median honest answer (1.00)"],
        "`recall` pays for it: let what was not asked for cost something, as precision and F1 do",
    ),
    "the better of two": (
        {"graders": {"valid": VALID, "f1": labels("f1")}, "formula": "max(valid, f1)"},
        ['an empty but well-formed answer earns 1.00 (`{"codes": []}`); being right adds nothing'],
        "`valid` pays for it: multiply by it in the formula, or make it a gate",
    ),
    "a gate that is worth more than being right": (
        {
            "graders": {
                "valid": {**VALID, "gate": {"min": 1.0}, "weight": 0.9},
                "f1": labels("f1", weight=0.1),
            }
        },
        ['an empty but well-formed answer earns 0.90 (`{"codes": []}`); being right adds 0.10'],
        "`valid` pays for it: take its weight away, the gate has its say without one",
    ),
    "a bonus for length": (
        {"graders": {"f1": labels("f1"), "length": function("length", weight=0.5)}},
        [
            "the right answer padded with filler earns 1.50, more than by itself (1.03)",
            f"the answer `{FILLER}…` earns 0.50, and the median honest answer 1.03",
        ],
        "`length` pays for length: leave it out, or take off for length",
    ),
    "a bonus for brevity": (
        {"graders": {"f1": labels("f1"), "brief": function("brief", weight=0.8)}},
        ["an empty answer earns 0.80, and the median honest answer 1.54"],
        "`brief` pays for it: multiply by what says that the answer is right",
    ),
    "a gate that pays": (
        {"graders": {"valid": {**VALID, "gate": {"min": 1.0, "reward": 0.3}}, "f1": labels("f1")}},
        ["failing the gate `valid` earns 0.30, more than passing it with a wrong answer (0.00)"],
        "Set the gate's `reward` to 0 or less",
    ),
    "a penalty for any length": (
        {
            "graders": {"f1": labels("f1")},
            "shapers": [{"use": "length_penalty", "config": {"max_tokens": 2, "penalty": 2.0}}],
        },
        [
            "the length penalty pays for an empty answer: with it one earns 0.00, and the median "  # noqa: ISC004
            "honest answer -1.00"
        ],
        "Leave room for honest answers, or take off less",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_reward_gets_its_sentence(examine: Examine, name: str) -> None:
    reward, texts, fix = BAD[name]
    found = examine(reward)
    assert [weakness.text for weakness in found] == texts, "and what follows from it is not told"
    assert found[0].fix == fix


def test_a_form_of_tags_that_is_paid_is_told(examine: Examine) -> None:
    graders = {"form": function("tagged", weight=0.5), "right": function("right", weight=0.5)}
    (found,) = examine({"graders": graders}, reference=TAGGED)
    assert str(found).startswith(
        "an empty but well-formed answer earns 0.50 (`<think></think><answer></answer>`); "
        "being right adds 0.50. `form` pays for it"
    )


def test_reasoning_that_costs_is_told(examine: Examine) -> None:
    graders = {"brief": function("short_reasoning", weight=0.2), "right": function("right")}
    found = examine({"graders": graders}, reference=TAGGED)
    texts = list(map(str, found))
    assert any(text.startswith("leaving out the reasoning earns more: 1.20, ") for text in texts)


GOOD = {
    "a gate": {"graders": {"valid": {**VALID, "gate": {"min": 1.0}}, "f1": labels("f1")}},
    "a little for the form": {
        "graders": {"valid": {**VALID, "weight": 0.1}, "f1": labels("f1", weight=0.9)}
    },
    "a formula": {
        "graders": {"precision": labels("precision"), "recall": labels("recall")},
        "formula": "2 * precision * recall / max(precision + recall, 1e-9)",
    },
    "a product": {"graders": {"valid": VALID, "f1": labels("f1")}, "formula": "valid * f1"},
    "a penalty with room": {
        "graders": {"f1": labels("f1")},
        "shapers": [{"use": "length_penalty", "config": {"max_tokens": 200}}],
    },
    "a penalty for what is not valid": {
        "graders": {"valid": VALID, "f1": labels("f1")},
        "formula": "f1 - 0.5 * (1 - valid)",
    },
    "a constant for all": {"graders": {"f1": labels("f1")}, "formula": "0.5 + 0.5 * f1"},
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_reward_gets_none(examine: Examine, name: str) -> None:
    assert list(map(str, examine(GOOD[name]))) == []


def test_a_gate_for_the_form_and_tags_get_none(examine: Examine) -> None:
    gate = {"min": 1.0}
    graders = {"form": function("tagged", gate=gate), "right": function("right")}
    assert list(map(str, examine({"graders": graders}, reference=TAGGED))) == []


@pytest.mark.parametrize(
    ("task", "key"),
    [("eurovoc-demo", None), *(("mixed-demo", k) for k in ("tagging", "arithmetic", "extraction"))],
)
def test_the_demos_have_no_weakness(task: str, key: str | None) -> None:
    assert list(map(str, examined(CONTRIB / task / "task.yaml", key=key))) == []


def test_with_cases_honest_answers_are_those_of_cases(examine: Examine, tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    rows = [
        {
            "item": {"id": f"c{n}", "text": "", "reference_answer": [*LABELS[n : n + 4], "x"]},
            "completion": json.dumps({"codes": [*LABELS[n : n + 3], "not this", "nor this"]}),
            "expected": 0.6,
        }
        for n in range(4)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = examine({"graders": {"recall": labels("recall")}}, path)
    assert [one.text for one in found if one.theme == "everything"] == [
        "listing all labels earns 1.00, more than the median honest answer (0.60)"
    ]


def test_the_most_dangerous_comes_first_and_few_are_told(examine: Examine) -> None:
    graders = {
        "valid": {**VALID, "weight": 1.0},
        "recall": labels("recall", weight=0.5),
        "length": function("length", weight=2.0),
    }
    found = examine({"graders": graders})
    assert 1 < len(found) <= MAX_WEAKNESSES
    dangers = [one.danger for one in found]
    assert dangers == sorted(dangers, reverse=True)
    assert len({one.theme for one in found}) == len(found)


def test_the_same_is_said_each_time(examine: Examine) -> None:
    reward, *_ = BAD["recall only"]
    assert examine(reward) == examine(reward)


def test_without_honest_completions_nothing_is_said(write_task: Callable[..., Path]) -> None:
    with RewardSubject(load_task(write_task(GOOD["a gate"]))) as subject:
        assert examine_reward(subject, []) == []


def test_without_time_the_honest_completions_are_graded_and_little_else(
    write_task: Callable[..., Path],
) -> None:
    task = load_task(write_task(BAD["format in a sum"][0]))
    with RewardSubject(task) as subject:
        honest = find_honest(subject, [], [one.item for one in task.train])
        whole, cut = gather(subject, honest), gather(subject, honest, seconds=0.0)
        tried = {kind.cls for kind in cut.kinds}
        assert cut.typical == whole.typical == 1.0
        assert len(cut.kinds) < len(whole.kinds) / 4
        assert tried <= {cls.cls for cls in CLASSES}, "the most telling ones come first"


def test_how_far_it_is_is_told(write_task: Callable[..., Path]) -> None:
    told: list[tuple[int, int]] = []
    task = load_task(write_task(GOOD["a gate"]))
    with RewardSubject(task) as subject:
        honest = find_honest(subject, [], [one.item for one in task.train])
        examine_reward(subject, honest, on_graded=lambda *counts: told.append(counts))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > 100


def composite(cls: str, completion: str, peers: Sequence[str] = ()) -> list[Attack]:
    one = Honest(Item("a", (), {}), completion, 1.0, "test", peers)
    (found,) = [known for known in CLASSES if known.cls == cls]
    return list(found.generate(one, Random(0)))  # noqa: S311 - a fixed seed


JSON = '{"codes": ["law", "trade"], "page": 3}'
JSON_PEERS = ('{"codes": ["law"], "page": 3}', '{"codes": ["energy"], "page": 4}')
TAGS = "<think>Two and two.</think>\n<answer>4</answer>"


def test_the_classes_of_composed_rewards() -> None:
    names = [cls.cls for cls in classes_of("composite")]
    assert names[0] == "C12"
    assert len(set(names)) == len(names) == 8


@pytest.mark.parametrize(
    ("cls", "completion", "expected"),
    [
        ("C12", TAGS, "<think></think><answer></answer>"),
        ("hollow", JSON, '{"codes": [], "page": 0}'),
        ("hollow", JSON, '{"codes": ["", ""], "page": 0}'),
        ("hollow", TAGS, "<think>Two and two.</think>\n<answer></answer>"),
        ("replaced", JSON, JSON_PEERS[1]),
        ("replaced", JSON, '{"codes": ["x", "x"], "page": 0}'),
        ("everything", JSON, '{"codes": ["law", "trade", "energy"], "page": 3}'),
        ("shortest", JSON, "x"),
        ("shortest", JSON, ""),
        ("unreasoned", TAGS, "<answer>4</answer>"),
        ("unreasoned", TAGS, "<think></think>\n<answer>4</answer>"),
    ],
)
def test_what_composed_rewards_are_tried_with(cls: str, completion: str, expected: str) -> None:
    assert expected in {attack.completion for attack in composite(cls, completion, JSON_PEERS)}


def test_the_most_different_answers_are_tried_first() -> None:
    found = composite("replaced", JSON, JSON_PEERS)
    assert found[0].completion == JSON_PEERS[1]


@pytest.mark.parametrize("cls", [cls.cls for cls in CLASSES])
@pytest.mark.parametrize("completion", ["", "x", "[]", "{}", "null", "<think>", TAGS, JSON])
def test_no_attack_is_the_honest_completion(cls: str, completion: str) -> None:
    assert completion not in {attack.completion for attack in composite(cls, completion)}


def said_by_check(path: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["check", str(path), *options])
    assert result.exit_code == 0, result.output
    return re.sub(r"\s+", " ", result.output)


def test_check_warns_of_what_is_paid(write_task: Callable[..., Path]) -> None:
    said = said_by_check(write_task(BAD["format in a sum"][0]))
    assert "warning: an empty but well-formed answer earns 0.40" in said
    assert "ok" in said


def test_check_of_a_good_reward_has_no_warning(write_task: Callable[..., Path]) -> None:
    assert "warning" not in said_by_check(write_task(GOOD["a gate"]))


def test_check_attacks_what_is_shaped_by_length(write_task: Callable[..., Path]) -> None:
    assert "warning" not in said_by_check(write_task(GOOD["a penalty with room"]))


def test_check_takes_cases(write_task: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    row = {"item": {"text": "", "reference_answer": ["law"]}, "completion": '{"codes": ["law"]}'}
    path.write_text(json.dumps(row | {"expected": 1.0}) + "\n")
    said = said_by_check(write_task(BAD["format in a sum"][0]), "--cases", str(path))
    assert "an empty but well-formed answer earns 0.40" in said


def test_check_of_what_costs_attacks_nothing(write_task: Callable[..., Path]) -> None:
    with ScriptedServer(Reply(verdict_json(reasoning="So.", verdict=3))) as server:
        config = {
            "model": "scripted",
            "instructions": "Is it right?",
            "verdict": {"mode": "score"},
            "endpoint": {"base_url": server.base_url},
            "cache": None,
        }
        judge = {"use": "judge", "weight": 0.0, "config": config}
        said = said_by_check(write_task({"graders": {"recall": labels("recall"), "judge": judge}}))
    assert "warning: not attacked: judge costs" in said
    assert "all labels" not in said


def test_check_says_where_there_is_nothing_to_attack(write_task: Callable[..., Path]) -> None:
    said = said_by_check(write_task({"graders": {"brief": function("brief")}}))
    assert "not attacked: no reference or case is known to earn more than half" in said


def test_check_says_if_an_attack_would_end_the_run(write_task: Callable[..., Path]) -> None:
    grader = function("fragile", on_error="abort")
    said = said_by_check(write_task({"graders": {"f1": labels("f1"), "fragile": grader}}))
    assert "warning: not attacked to the end: grader 'fragile'" in said
    assert "IndexError" in said


def test_the_card_of_a_composed_reward_tells_its_weaknesses(
    write_task: Callable[..., Path], tmp_path: Path
) -> None:
    reward, (text,), fix = BAD["format in a sum"]
    path = write_task(reward)
    items = [{"text": "act", "reference_answer": list(LABELS[i : i + 2])} for i in (0, 2, 4)]
    cases = [
        {"item": item, "completion": json.dumps({"codes": item["reference_answer"]}), "expected": 1}
        for item in items
    ]
    refused = {"item": {"text": "no reference"}, "completion": "", "expected": {"outcome": "error"}}
    lines = (json.dumps(case) + "\n" for case in [*cases, refused])
    (tmp_path / "cases.jsonl").write_text("".join(lines))
    options = ["--cases", str(tmp_path / "cases.jsonl"), "--card", str(tmp_path)]
    result = CliRunner().invoke(app, ["graders", "test", "--task", str(path), *options])
    assert result.exit_code == 1, result.output
    assert f"weakness: {text}. {fix}" in result.output
    card = read_card(tmp_path / "task.yaml.card.json")
    assert card.cases is not None
    assert (card.cases.agreed, card.cases.cases) == (4, 4)
    assert list(card.weaknesses) == [f"{text}. {fix}"]
