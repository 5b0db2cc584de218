"""Training with two graders and a gate: fuzzy on the answer, an LLM judge on the explanation."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rft_grader_judge.testing import Reply, Request, ScriptedServer, verdict_json

Train = Callable[..., Any]
WriteTask = Callable[..., Path]

SCHEMA = {
    "type": "object",
    "properties": {"final": {"type": "string"}, "why": {"type": "string"}},
    "required": ["final", "why"],
}
STEPS = 3
PRETRAINING_STEPS = 300


def pretraining_texts(count: int) -> Iterator[str]:
    """Yield answers as a policy writes them that knows the form and not the content."""
    draw = random.Random(0)  # noqa: S311 - data, not secrets
    for _ in range(count):
        final, why = draw.choice(["yes", "no"]), draw.choice(["it is so", "i know", "maybe"])
        text = f'{{"final": "{final}", "why": "{why}"}}'
        yield text if draw.random() < 0.6 else text[: -draw.choice([1, 2])]


@pytest.fixture(scope="module")
def json_policy(toy_policy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy of 100,000 parameters that writes JSON of the form, right or broken."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(toy_policy)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    texts = [f"<s>u:say {i % 8}<s>a:{t}</s>" for i, t in enumerate(pretraining_texts(512))]
    ids = tokenizer(texts, padding=True, return_tensors="pt", add_special_tokens=False)
    labels = ids["input_ids"].masked_fill(ids["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(PRETRAINING_STEPS):
        rows = torch.arange(step * 32, step * 32 + 32) % len(texts)
        batch = {name: tensor[rows] for name, tensor in ids.items() if name != "token_type_ids"}
        loss = model(**batch, labels=labels[rows]).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    folder = tmp_path_factory.mktemp("json-policy")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def judge(request: Request) -> Reply:
    """Score an explanation by whether it gives a reason."""
    verdict = 8 if "| it is so" in request.text else 2
    return Reply(verdict_json(reasoning="by the book", verdict=verdict), usage=(100, 10))


def task_with(
    toy_task: WriteTask, policy: Path, server: ScriptedServer, **judge_options: Any
) -> Path:
    explained = {
        "model": "scripted",
        "endpoint": {"base_url": server.base_url},
        "instructions": "{{ item.question }} Is the explanation sound?",
        "answer": "$.why",
        "verdict": {"mode": "score"},
        "cache": None,
        **judge_options,
    }
    graders = {
        "valid": {"use": "json_schema", "gate": {"min": 1.0}, "config": {"schema": "schema.json"}},
        "final": {
            "use": "fuzzy",
            "weight": 0.5,
            "config": {"answer": "$.final", "reference": "gold"},
        },
        "explained": {"use": "judge", "weight": 0.5, "config": explained},
    }
    task = toy_task(
        reward={"graders": graders},
        model=str(policy),
        train={"max_steps": STEPS, "max_completion_length": 48},
        evaluate={"every": STEPS, "samples": 2},
    )
    (task.parent / "schema.json").write_text(json.dumps(SCHEMA))
    rows = [{"id": f"r{i}", "question": f"say {i}", "gold": "yes"} for i in range(8)]
    for split in ("train", "validation"):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (task.parent / f"{split}.jsonl").write_text(lines)
    return task


def logged_samples(run: Any) -> list[dict[str, Any]]:
    paths = sorted((run.directory.path / "samples").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def test_a_gate_saves_the_judge_calls_that_it_makes_pointless(
    toy_task: WriteTask, train_task: Train, json_policy: Path
) -> None:
    with ScriptedServer(judge) as server:
        run = train_task(task_with(toy_task, json_policy, server))

    assert run.summary["status"] == "done"
    samples = logged_samples(run)
    passed = [one for one in samples if one["grades"]["valid"]["score"] == 1.0]
    assert 0 < len(passed) < len(samples)  # else the gate would prove nothing
    for one in samples:
        assert (one["grades"]["explained"] is not None) == (one in passed)
    judged = [one["grades"]["explained"] for one in passed]
    assert not any("error" in grade for grade in judged)
    asked = [grade for grade in judged if grade.get("metrics", {}).get("cached") == 0.0]
    assert len(asked) == len(server.requests)
    assert len(asked) < len(passed)  # groups repeat themselves, and repetitions cost nothing

    usage = (run.directory.path / "judge_usage.jsonl").read_text().splitlines()
    assert len(usage) == len(server.requests)
    totals = json.loads((run.directory.path / "judge_usage.json").read_text())
    assert totals["requests"] == len(server.requests)
    assert (totals["prompt_tokens"], totals["completion_tokens"]) == (
        100 * len(usage),
        10 * len(usage),
    )
    rows = [row["graders"]["explained"] for row in (*run.train_rows, *run.eval_rows)]
    assert sum(row.get("not_run", 0) for row in rows) == len(samples) - len(passed)
    metrics = [row["metrics"] for row in rows if row["mean"] is not None]
    assert metrics
    for row in metrics:
        assert row["latency_seconds"] > 0
        assert 0 < row["prompt_tokens"] <= 100
    rewards = {round(one["reward"], 6) for one in passed}
    assert rewards <= {0.1, 0.4, 0.6, 0.9}


def test_a_budget_stops_the_run_before_it_is_passed(
    toy_task: WriteTask, train_task: Train, json_policy: Path
) -> None:
    most = 1_500
    with ScriptedServer(judge) as server:
        run = train_task(task_with(toy_task, json_policy, server, max_tokens=most))

    assert run.summary["status"] == "stopped"
    assert len(server.requests) * 110 <= most
    (told,) = [row["message"] for row in run.heard if "max_tokens" in row.get("message", "")]
    assert f"{len(server.requests) * 110} tokens" in told
