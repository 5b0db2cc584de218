"""A transformers model as the policy that rollouts sample from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from transformers import GenerationConfig
from trl import GRPOConfig

from rft_core.rollout import Generation
from rft_core.types import Message


class TransformersPolicy:
    """Samples completions with `model.generate`, by the sampling settings of training.

    `unwrap` gives the model to generate with; in training it is TRL's, which knows about
    gradient checkpointing and sharded parameters. `batch_size` bounds memory, not results.
    `on_progress` is told how many prompts were completed after each batch.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        config: GRPOConfig,
        *,
        batch_size: int,
        unwrap: Callable[[], AbstractContextManager[Any]] | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.eos_token_ids = eos_token_ids(model, tokenizer)
        self._generation = _generation_config(config, tokenizer, self.eos_token_ids)
        self._unwrap = unwrap or (lambda: nullcontext(model))
        self._template_options = dict(config.chat_template_kwargs or {})
        self._on_progress = on_progress or (lambda _: None)

    def generate(self, prompts: Sequence[Sequence[Message]]) -> list[Generation]:
        """Sample one completion for each prompt, in order."""
        encoded = [self.encode(prompt) for prompt in prompts]
        generations: list[Generation] = []
        with self._unwrap() as model, torch.no_grad():
            for start in range(0, len(encoded), self.batch_size):
                batch = self._generate_batch(model, encoded[start : start + self.batch_size])
                generations += batch
                self._on_progress(len(batch))
        return generations

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Return the token ids of a conversation that the model is to continue."""
        encoded = self.tokenizer.apply_chat_template(
            chat_messages(messages, self.tokenizer),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            **self._template_options,
        )
        ids: list[int] = encoded["input_ids"]
        return ids

    def _generate_batch(self, model: Any, prompts: Sequence[list[int]]) -> list[Generation]:
        padded = self.tokenizer.pad(
            {"input_ids": list(prompts)}, padding_side="left", return_tensors="pt"
        ).to(self.model.device)
        output = model.generate(
            input_ids=padded["input_ids"],
            attention_mask=padded["attention_mask"],
            generation_config=self._generation,
        )
        completions = output[:, padded["input_ids"].size(1) :].tolist()
        return [
            self._generation_of(prompt, completion)
            for prompt, completion in zip(prompts, completions, strict=True)
        ]

    def _generation_of(self, prompt: list[int], completion: list[int]) -> Generation:
        end = next((i for i, t in enumerate(completion) if t in self.eos_token_ids), None)
        ids = completion if end is None else completion[: end + 1]
        text = self.tokenizer.decode(ids, skip_special_tokens=True)
        return Generation(prompt, ids, text, "length" if end is None else "stop")


def chat_messages(messages: Sequence[Message], tokenizer: Any) -> list[dict[str, Any]]:
    """Return messages as the tokenizer's chat template takes them.

    OpenAI's role "developer" is written "system" for templates that do not know it.
    """
    knows_developer = "developer" in str(tokenizer.chat_template)
    return [
        {**message, "role": "system"}
        if message["role"] == "developer" and not knows_developer
        else dict(message)
        for message in messages
    ]


def eos_token_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """Return every token that ends a completion."""
    declared = model.generation_config.eos_token_id
    ids = declared if isinstance(declared, list) else [declared]
    return frozenset(i for i in (*ids, tokenizer.eos_token_id) if i is not None)


def _generation_config(config: GRPOConfig, tokenizer: Any, eos: frozenset[int]) -> GenerationConfig:
    return GenerationConfig(
        max_new_tokens=config.max_completion_length,
        do_sample=True,
        temperature=config.temperature,
        top_p=config.top_p,
        top_k=config.top_k,
        min_p=config.min_p,
        repetition_penalty=config.repetition_penalty,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=sorted(eos),
    )


@contextmanager
def evaluation_mode(model: Any, seed: int) -> Iterator[None]:
    """Switch the model to evaluation, with random numbers of its own.

    Afterwards the random state is what it was, so evaluating changes nothing about training.
    """
    was_training = model.training
    devices = [model.device] if model.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        model.eval()
        try:
            yield
        finally:
            model.train(was_training)
