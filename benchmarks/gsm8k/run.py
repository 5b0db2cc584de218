"""Trains on GSM8K's questions with the math grader behind a format gate; shows the grading share.

    python benchmarks/gsm8k/run.py [--steps 4] [--folder FOLDER]

A policy of a million parameters is taught for half a minute, with the last lines of other models'
completions, to end with `A: ` and some number, so that the gate lets something through. It cannot
calculate. Then it trains with task.yaml, and each step's seconds are printed.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch
import yaml

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
DATA: Final = ROOT.parent / "shared" / "data" / "math"
sys.path.insert(0, str(ROOT / "contrib" / "tiny-policy"))

from policy import Size, build_model, build_tokenizer

SIZE: Final = Size(vocabulary=2048, context=512, hidden=128, layers=4, heads=4, intermediate=352)
TEACHING_STEPS: Final = 250
BATCH: Final = 16
MAX_PROMPT: Final = 100
IGNORED: Final = -100


def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a data file."""
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def endings() -> list[tuple[str, str]]:
    """Return questions with the last line or two of a completion."""
    pairs: list[tuple[str, str]] = []
    for row in rows("gsm8k_graded_completions.jsonl"):
        lines = row["completion"].strip().split("\n")
        pairs.append((row["question"], "\n".join(lines[-2:])[-120:]))
    return pairs


def encoded(tokenizer: Any, pairs: list[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
    """Return prompts, cut on the left, and answers as token ids."""
    examples: list[tuple[list[int], list[int]]] = []
    for question, answer in pairs:
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, return_dict=False
        )
        tokens = tokenizer(answer, add_special_tokens=False).input_ids
        examples.append((prompt[-MAX_PROMPT:], [*tokens, tokenizer.eos_token_id]))
    return examples


def batches(
    examples: list[tuple[list[int], list[int]]], pad: int, rng: random.Random
) -> Iterator[dict[str, torch.Tensor]]:
    """Yield padded batches; only answers have labels."""
    while True:
        batch = rng.sample(examples, BATCH)
        longest = max(len(prompt) + len(answer) for prompt, answer in batch)
        ids, labels = [], []
        for prompt, answer in batch:
            filling = [pad] * (longest - len(prompt) - len(answer))
            ids.append([*prompt, *answer, *filling])
            labels.append([IGNORED] * len(prompt) + answer + [IGNORED] * len(filling))
        tensor = torch.tensor(ids)
        mask = (tensor != pad).long()
        yield {"input_ids": tensor, "attention_mask": mask, "labels": torch.tensor(labels)}


def teach(folder: Path) -> None:
    """Write a policy that knows the form of an answer into a folder."""
    torch.set_num_threads(2)
    pairs = endings()
    tokenizer = build_tokenizer([text for pair in pairs for text in pair], SIZE)
    model = build_model(tokenizer, SIZE, seed=1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    feed = batches(encoded(tokenizer, pairs), tokenizer.pad_token_id, random.Random(1))
    model.train()
    for _ in range(TEACHING_STEPS):
        loss = model(**next(feed)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(f"taught for {TEACHING_STEPS} steps, loss {loss.item():.2f}")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def write_task(folder: Path, steps: int) -> Path:
    """Write the questions and the task file into a folder."""
    questions = rows("gsm8k_questions.jsonl")[:200]
    lines = (
        json.dumps({"id": row["id"], "question": row["question"], "answer": row["answer"]})
        for row in questions
    )
    (folder / "train.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    task = yaml.safe_load((HERE / "task.yaml").read_text("utf-8"))
    task["reward"]["graders"]["format"]["config"]["path"] = f"{HERE / 'gate.py'}:ends_with_answer"
    task["train"]["max_steps"] = steps
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(task, sort_keys=False), "utf-8")
    return path


def show(run: Path) -> None:
    """Print where the time of each step went."""
    for line in (run / "metrics.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        seconds = row.get("seconds", {})
        if "grading" in seconds and "update" in seconds:
            share = seconds["grading"] / seconds["step"]
            print(
                f"step {row['step']}: {seconds['step']:.2f} s, generation "
                f"{seconds['generation']:.2f}, grading {seconds['grading']:.3f} ({share:.2%}), "
                f"update {seconds['update']:.2f}"
            )


def main() -> None:
    """Teach, train and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="keep everything here")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"no data at {DATA}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        teach(folder / "policy")
        task = write_task(folder, options.steps)
        run = folder / "run"
        start = time.perf_counter()
        command = [sys.executable, "-m", "rft_core", "train", str(task), "--output", str(run)]
        subprocess.run(command, check=True)
        print(f"trained in {time.perf_counter() - start:.0f} s")
        show(run)


if __name__ == "__main__":
    main()
