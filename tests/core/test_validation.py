"""Broken task files: each is one change to a good one, and is told apart with file and line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rft_core.errors import UsageError
from rft_core.plugins import PluginManager
from rft_core.task.task import Task, load_task

GOOD = """\
data:
  train: train.jsonl
  validation: {name: train.jsonl}
messages:
  - {role: system, file: prompt.md}
  - {role: user, content: "{{ item.question }}"}
model: {name: some/model, dtype: float32}
response_format: {schema: {type: object}}
reward:
  graders:
    valid:
      use: function
      config: {path: "rewards.py:valid"}
      gate: {min: 1.0, reward: -1.0}
    precision:
      use: function
      config: {path: "rewards.py:half", range: [0, 1]}
      on_error: {penalize: 0.0}
      timeout: 10
      concurrency: 2
      executor: thread
    recall: {use: function, config: {path: "rewards.py:half"}}
  formula: 2 * precision * recall
  shapers:
    - {use: length_penalty, config: {max_tokens: 200}}
    - use: clip
reference: "{{ item.answer }}"
rollout: {use: single_turn}
train:
  learning_rate: 1e-5
evaluate: {every: 10, samples: 3}
max_error_rate: 0.5
"""

REWARDS = "number = 3\ndef valid(sample):\n    return 1.0\ndef half(sample):\n    return 0.5\n"


@pytest.fixture
def load(tmp_path: Path, plugins: PluginManager) -> Callable[[str], Task]:
    """Return a function that loads a task file of the given text."""
    (tmp_path / "rewards.py").write_text(REWARDS)
    (tmp_path / "prompt.md").write_text("Answer.\n")
    row = {"question": "why?", "answer": "because"}
    (tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n")

    def do(text: str) -> Task:
        path = tmp_path / "task.yaml"
        path.write_text(text)
        return load_task(path)

    return do


def good(text: str = GOOD) -> str:
    return text.replace("{name: train.jsonl}", "train.jsonl")


def test_the_good_file_loads(load: Callable[[str], Task]) -> None:
    task = load(good())
    assert task.spec.train == {"learning_rate": 1e-5}
    assert list(task.rewards[None].calls) == ["valid", "precision", "recall"]


BROKEN = [
    # (what is replaced, by what, text on the line the error must point at, what it must say)
    ("train: train.jsonl", "trian: train.jsonl", "trian", r"Did you mean 'train'"),
    ("data:\n", "dat:\n", "dat:", r"dat: there is no such key\n  Did you mean 'data'"),
    ("  train: train.jsonl\n", "", "data:", r"data\.train: Field required"),
    ("train: train.jsonl", "train: 3", "train: 3", r"data\.train: Input should be a valid string"),
    ("train: train.jsonl", "train: {split: x}", "split: x", r"data\.train\.name: Field required"),
    ("train: train.jsonl", "train: {nam: x}", "nam: x", r"Did you mean 'name'"),
    ("train: train.jsonl", "train: no.jsonl", None, r"no\.jsonl: no such file"),
    ("role: system", "role: sistem", "sistem", r"messages\.0\.role: Input should be 'system'"),
    ("role: system", "rol: system", "rol: system", r"Did you mean 'role'"),
    ("file: prompt.md", "fil: prompt.md", "fil: prompt.md", r"Did you mean 'file'"),
    ("file: prompt.md", "file: prompt.txt", "prompt.txt", r"prompt\.txt.*no such file"),
    ("{role: system, file: prompt.md}", "{role: system}", "role: system", "either content or"),
    ("role: user,", "role: user, file: x,", "role: user", "give either content or file"),
    ("item.question", "itm.question", "itm.question", "must start with item or response_format"),
    ("item.question", "item question", "item question", "is no path"),
    ("item.question", "item.qestion", None, r"train\.jsonl:1: .*item\.qestion.* has no value"),
    ("dtype: float32", "dtype: float23", "float23", r"model\.dtype: Input should be 'float32'"),
    ("dtype:", "dtyp:", "dtyp:", r"Did you mean 'dtype'"),
    ("{type: object}", "3", "schema: 3", r"response_format\.schema: "),
    ("{type: object}", "no.json", "no.json", r"no\.json: no such file"),
    ("schema:", "schem:", "schem:", r"Did you mean 'schema'"),
    ("reward:\n", "reword:\n", "reword:", r"reword: there is no such key\n  Did you mean"),
    ('use: function\n      config: {path: "rewards.py:valid"}', "use: functoin", "functoin",
     r"reward\.graders\.valid\.use: no installed plugin .*'functoin'\n  Did you mean 'function'"),
    ("gate:", "gat:", "gat:", r"gat: there is no such key\n  Did you mean 'gate'"),
    ("gate: {min: 1.0,", "gate: {", "gate: {", r"gate\.min: Field required"),
    ("gate: {min: 1.0,", "gate: {mim: 1.0,", "mim", r"Did you mean 'min'"),
    ("min: 1.0", "min: .inf", ".inf", r"gate\.min: Input should be a finite number"),
    ("min: 1.0", "min: high", "high", r"gate\.min: Input should be a valid number"),
    ("rewards.py:valid", "rewards.py:vaild", "vaild", r"config\.path: cannot load 'vaild'"),
    ("rewards.py:valid", "rewards.py:number", ":number", r"is not callable"),
    ("rewards.py:valid", "reward.py:valid", "reward.py:valid", r"cannot load 'valid'"),
    ("rewards.py:valid", "no_module:valid", "no_module", r"No module named 'no_module'"),
    ("rewards.py:valid", "rewards.py", 'rewards.py"', r"config\.path: String should match"),
    ("range: [0, 1]", "rang: [0, 1]", "rang:", r"config\.rang: .*\n  Did you mean 'range'"),
    ("range: [0, 1]", "range: [0]", "range: [0]", r"config\.range"),
    ("range: [0, 1]", "range: [1, 0]", "range: [1, 0]", r"config\.range"),
    ("{penalize: 0.0}", "{penalise: 0.0}", "penalise", r"Did you mean 'penalize'"),
    ("{penalize: 0.0}", "{}", "on_error: {}", r"on_error.*penalize: Field required"),
    ("{penalize: 0.0}", "ignore", "ignore", r"on_error: Input should be 'mask' or 'abort'"),
    ("timeout: 10", "timeout: 0", "timeout: 0", r"timeout: Input should be greater than 0"),
    ("timeout: 10", "timout: 10", "timout: 10", r"Did you mean 'timeout'"),
    ("concurrency: 2", "concurrency: 2.5", "2.5", r"concurrency: Input should be a valid integer"),
    ("concurrency: 2", "concurrency: 9999", "9999", r"concurrency: Input should be less than"),
    ("executor: thread", "executor: threads", "threads", r"Did you mean 'thread'"),
    ("timeout: 10", "weight: 1", "weight: 1", r"weights or a formula, not both"),
    ("    recall:", "    re-call:", "re-call", r"graders\.re-call: "),
    ("    recall:", "    max:", "max:", r"'max' is a function of formulas"),
    ("    recall:", "    precision:", "    precision: {", r"the key 'precision' is there twice"),
    ("precision * recall", "precison * recall", "formula:", r"Did you mean 'precision'"),
    ("2 * precision * recall", "2 * precision", "recall:", r"does not use grader 'recall'"),
    ("2 * precision * recall", "precision.real * recall", "formula:", r"not allowed in a formula"),
    ("2 * precision * recall", "precision ** recall", "formula:", r"the power is written \^"),
    ("2 * precision * recall", "3", "formula:", r"Input should be a valid string"),
    ("use: length_penalty", "use: lenght_penalty", "lenght", r"Did you mean 'length_penalty'"),
    ("{max_tokens: 200}", "{max_token: 200}", "max_token:", r"Did you mean 'max_tokens'"),
    ("{max_tokens: 200}", "{}", "config: {}", r"config\.max_tokens: Field required"),
    ("    - use: clip", "    - us: clip", "us: clip", r"shapers\.1\.us: .*\n  Did you mean 'use'"),
    ("executor: thread", "executor: asyncio", None, r"'asyncio' cannot run a sync grader"),
    ("executor: thread", "memory_limit_mb: 0", "mb: 0", r"_mb: Input should be greater"),
    ("executor: thread", "memory_limit_mb: 9", "mb: 9", r"runs inside of this process"),
    ("max_error_rate: 0.5", "decoupled: true", None, r"formula: decoupled rewards have weights"),
    ("concurrency: 2", "weight: 0", None, r"weight: the formula uses this grader"),
    ("item.answer", "itm.answer", "itm.answer", r"reference: .*must start with item"),
    ("{use: single_turn}", "{use: single_trun}", "trun", r"Did you mean 'single_turn'"),
    ("{use: single_turn}", "{use: single_turn, config: {x: 1}}", "x: 1", r"rollout\.config\.x"),
    ("train:\n  learning_rate: 1e-5", "train: 3", "train: 3", r"train: Input should be a valid d"),
    ("every: 10", "every: 0", "every: 0", r"evaluate\.every: Input should be greater than 0"),
    ("every: 10", "evry: 10", "evry: 10", r"Did you mean 'every'"),
    ("max_error_rate: 0.5", "max_error_rate: 2", "rate: 2", r"Input should be less than or equal"),
    ("max_error_rate: 0.5", "max_error_rate: .nan", ".nan", r"max_error_rate: "),
    ("max_error_rate:", "max_eror_rate:", "max_eror", r"Did you mean 'max_error_rate'"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "marker", "says"), BROKEN, ids=lambda x: str(x)[:40])
def test_a_broken_file_is_told_with_line_and_hint(
    load: Callable[[str], Task], old: str, new: str, marker: str | None, says: str
) -> None:
    assert good().count(old) >= 1
    text = good().replace(old, new, 1)
    with pytest.raises(UsageError) as caught:
        load(text)
    assert _search(says, str(caught.value))
    if marker is not None:
        line = 1 + next(n for n, content in enumerate(text.splitlines()) if marker in content)
        assert str(caught.value.where).endswith(f"/task.yaml:{line}")


def _search(pattern: str, text: str) -> bool:
    import re

    if not re.search(pattern, text, re.DOTALL):
        pytest.fail(f"{pattern!r} is not in: {text}")
    return True


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n- b\n", r"task\.yaml:1: a task file is a mapping of sections"),
        ("just text\n", r"task\.yaml:1: a task file is a mapping of sections"),
        ("a: [\n", r"task\.yaml:2: not YAML"),
        (good().partition("reward:")[0], "give either reward or rewards"),
        (good() + "rewards:\n  a: {graders: {g: {use: function}}}\n", "give either reward or"),
        (good().replace("\nreward:", "\nrewards: {}\nignored:"), "ignored: there is no such key"),
    ],
)
def test_files_that_are_broken_as_a_whole(
    load: Callable[[str], Task], text: str, says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load(text)
    assert _search(says, str(caught.value))


def weights(**entries: str) -> str:
    graders = "".join(
        f"    {key}: {{use: function, config: {{path: 'rewards.py:half'}}{entry}}}\n"
        for key, entry in entries.items()
    )
    head = good().partition("reward:\n")[0]
    return f"{head}reward:\n  graders:\n{graders}"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({"a": ""}, {"a": 1.0}),
        ({"a": "", "b": ", weight: 0.5"}, {"a": 1.0, "b": 0.5}),
        ({"a": "", "b": ", weight: -2"}, {"a": 1.0, "b": -2.0}),
        ({"a": ", weight: 1", "b": ", weight: -1"}, {"a": 1.0, "b": -1.0}),
        ({"a": "", "b": ", weight: 0"}, {"a": 1.0}),
        ({"a": "", "b": ", gate: {min: 1}"}, {"a": 1.0}),
        ({"a": "", "b": ", gate: {min: 1}, weight: 3"}, {"a": 1.0, "b": 3.0}),
    ],
)
def test_weights(
    load: Callable[[str], Task], entries: dict[str, str], expected: dict[str, float]
) -> None:
    assert load(weights(**entries)).rewards[None].weights() == expected


@pytest.mark.parametrize("entry", [", weight: 0", ", gate: {min: 1}"])
def test_a_reward_in_which_nothing_has_a_weight_is_refused(
    load: Callable[[str], Task], entry: str
) -> None:
    with pytest.raises(UsageError, match=r"task\.yaml:10: reward\.graders: no grader has a weight"):
        load(weights(a=entry))


def test_observers_are_graders_of_weight_0_that_are_no_gates(load: Callable[[str], Task]) -> None:
    plan = load(weights(a="", b=", weight: 0", c=", weight: 0, gate: {min: 1}")).rewards[None]
    assert plan.observers == {"b"}


def test_several_errors_are_named_at_once(load: Callable[[str], Task]) -> None:
    text = good().replace("every: 10", "evry: 10").replace("samples: 3", "samples: 0")
    with pytest.raises(UsageError) as caught:
        load(text)
    hint = str(caught.value.hint)
    assert "Did you mean 'every'?" in hint
    assert "Also wrong: evaluate.samples." in hint
