"""Fixtures shared by all tests: a policy small enough to train in seconds, and its task."""

from __future__ import annotations

import functools
import json
import signal
import string
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from environments import ROOT, FreshEnvironment, build_wheel

CHAT_TEMPLATE = (
    "{% for message in messages %}<s>{{ message['role'][0] }}:{{ message['content'] }}"
    "{% if message['role'] == 'assistant' %}</s>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<s>a:{% endif %}"
)

REWARDS = '''
def share_of_a(sample):
    """The share of the letter a: something that a policy of any size learns."""
    return sample.text.count("a") / max(len(sample.text), 1)


def short(sample):
    return 1.0 if len(sample.text) < 5 else 0.0
'''


def pytest_configure() -> None:
    """Let processes that tests start be interrupted; a shell's background jobs ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def toy_policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an untrained Llama of 16,000 parameters that writes letters."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("toy-policy")
    words = ["<pad>", "<s>", "</s>", *string.printable[:95]]
    core = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token=" "))
    core.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    core.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def write_toy_task(toy_policy: Path) -> Callable[..., Path]:
    """Return a function that writes a task for the toy policy into a folder; see `toy_task`."""

    def write(folder: Path, **sections: Any) -> Path:
        (folder / "rewards.py").write_text(REWARDS)
        rows = [{"id": f"r{i}", "question": f"say {i}"} for i in range(8)]
        for split in ("train", "validation"):
            lines = (json.dumps(row) + "\n" for row in rows)
            (folder / f"{split}.jsonl").write_text("".join(lines))
        task: dict[str, Any] = {
            "data": {"train": "train.jsonl", "validation": "validation.jsonl"},
            "messages": [{"role": "user", "content": "{{ item.question }}"}],
            "model": str(toy_policy),
            "reward": {
                "graders": {
                    "letters": {"use": "function", "config": {"path": "rewards.py:share_of_a"}}
                }
            },
            "train": {
                "max_steps": 4,
                "num_generations": 4,
                "per_device_train_batch_size": 16,
                "gradient_accumulation_steps": 1,
                "max_completion_length": 8,
                "learning_rate": 1e-2,
                "use_cpu": True,
            },
            "evaluate": {"every": 2, "samples": 2},
        }
        for key, value in sections.items():
            merge = key in {"train", "evaluate"}
            task[key] = {**task[key], **value} if merge else value
        task = {key: value for key, value in task.items() if value is not None}
        path = folder / "task.yaml"
        path.write_text(yaml.safe_dump(task, sort_keys=False))
        return path

    return write


@pytest.fixture
def toy_task(tmp_path: Path, write_toy_task: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that writes a task file for the toy policy and returns its path.

    Keyword arguments replace sections; `train` and `evaluate` are merged.
    """
    return functools.partial(write_toy_task, tmp_path)


@pytest.fixture(scope="session")
def fresh_environment(tmp_path_factory: pytest.TempPathFactory) -> FreshEnvironment:
    """A new environment in which one can train and write plugins; torch takes it a minute."""
    folder = tmp_path_factory.mktemp("fresh")
    wheel = build_wheel(ROOT, folder / "wheels")
    environment = FreshEnvironment(folder / ".venv")
    environment.create(f"{wheel}[train,authoring]")
    return environment
