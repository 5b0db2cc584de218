"""A real tokenizer behind a policy that says what it is told, and a task that trains for real."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from rft_core import Generation, Item
from rft_core.types import Message

CONTRIB = Path(__file__).resolve().parent.parent.parent
MODEL = CONTRIB / "mixed-demo" / "model"


def make_item(secret: Any = 7, low: Any = 1, high: Any = 9, turns: Any = 3) -> Item:
    messages = ({"role": "user", "content": f"{low} to {high}"},)
    fields = {"secret": secret, "low": low, "high": high, "turns": turns}
    return Item(f"{low}-{high}-{secret}", messages, fields)


class Scripted:
    """A policy that says the given texts, one per call and dialogue, with a real tokenizer.

    `odd` spells texts with other tokens than the tokenizer would, as a sampling policy may.
    """

    def __init__(self, tokenizer: Any, *scripts: Sequence[str], odd: bool = False) -> None:
        self.tokenizer = tokenizer
        self.scripts = scripts
        self.odd = odd
        self.calls: list[int] = []
        """How many dialogues each call was about."""

    def generate(self, prompts: Sequence[Sequence[Message]]) -> list[Generation]:
        self.calls.append(len(prompts))
        return [self._generation(prompt) for prompt in prompts]

    def encode(self, messages: Sequence[Message]) -> list[int]:
        ids: list[int] = self.tokenizer.apply_chat_template(
            [dict(message) for message in messages], add_generation_prompt=True, return_dict=True
        )["input_ids"]
        return ids

    def _generation(self, prompt: Sequence[Message]) -> Generation:
        turn = sum(message["role"] == "assistant" for message in prompt)
        script = self._script_of(prompt)
        text = script[turn]
        ids = self._spelled(text)
        return Generation(self.encode(prompt), [*ids, self.tokenizer.eos_token_id], text, "stop")

    def _script_of(self, prompt: Sequence[Message]) -> Sequence[str]:
        said = [message["content"] for message in prompt if message["role"] == "assistant"]
        return next(one for one in self.scripts if list(one[: len(said)]) == said)

    def _spelled(self, text: str) -> list[int]:
        pieces = list(text) if self.odd else [text]
        return [
            one
            for piece in pieces
            for one in self.tokenizer.encode(piece, add_special_tokens=False)
        ]


@pytest.fixture(scope="session", name="make_item")
def _make_item() -> Callable[..., Item]:
    """Return a function that makes a row of a game."""
    return make_item


@pytest.fixture(scope="session")
def scripted(tokenizer: Any) -> Callable[..., Scripted]:
    """Return a function that makes a policy which says given texts."""
    return functools.partial(Scripted, tokenizer)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    transformers = pytest.importorskip("transformers")
    return transformers.AutoTokenizer.from_pretrained(MODEL)


@pytest.fixture
def write_task(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a task of few short steps and returns its path."""
    return functools.partial(_write_task, tmp_path)


def _write_task(folder: Path, factor: float = 0.5, **sections: Any) -> Path:
    from rft_env_guess.rows import rows

    for name, written in rows().items():
        lines = "".join(json.dumps(row) + "\n" for row in written[:8])
        (folder / f"{name}.jsonl").write_text(lines)
    task = {
        "data": {"train": "train.jsonl", "validation": "validation.jsonl"},
        "model": {"name": str(MODEL), "attn_implementation": "eager"},
        "rollout": {"use": "guess_game"},
        "reward": {
            "graders": {"found": {"use": "guess", "config": {"legal": 0.2}}},
            "shapers": [{"use": "turn_discount", "config": {"factor": factor}}],
        },
        "train": {
            "max_steps": 2,
            "num_generations": 4,
            "per_device_train_batch_size": 16,
            "gradient_accumulation_steps": 1,
            "max_completion_length": 8,
            "learning_rate": 1e-3,
            "use_cpu": True,
        },
        "evaluate": {"every": 2, "samples": 2},
        **sections,
    }
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(task, sort_keys=False))
    return path
