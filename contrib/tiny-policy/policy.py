"""A tokenizer and a Llama of about a million parameters, their pre-training and their measurement.

Both are made from nothing but the acts that are passed in.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from statistics import fmean
from typing import Final, Protocol

import torch
from acts import Act
from answers import INSTRUCTION, Habits, Score, imitate, messages, score
from phrases import DOMAINS
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    get_cosine_schedule_with_warmup,
)

_BOS: Final = "<|bos|>"
_EOS: Final = "<|eos|>"
_PAD: Final = "<|pad|>"
_ROLES: Final = ("<|system|>", "<|user|>", "<|assistant|>")
_JSON: Final = ('{"level1":[{"code":', '},{"code":', "}]}")
_CHAT_TEMPLATE: Final = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% set role = 'system' if message.role == 'developer' else message.role %}"
    "{{ '<|' + role + '|>' + message.content | trim }}"
    "{{ eos_token if role == 'assistant' }}"
    "{% endfor %}"
    "{{ '<|assistant|>' if add_generation_prompt }}"
)
_INITIAL_SPREAD: Final = 0.08
"""Wider than usual: at this size the usual 0.02 takes several times as many steps to learn."""
_IGNORED: Final = -100
_ANSWER_TOKENS: Final = 64


@dataclass(frozen=True)
class Size:
    """The shape of the model; ``context`` and ``vocabulary`` in tokens."""

    vocabulary: int
    context: int
    hidden: int
    layers: int
    heads: int
    intermediate: int


@dataclass(frozen=True)
class Lesson:
    """A prompt, and what draws an answer to it with the faults to imitate.

    thin: whether tokens of the prompt may be left out, see :class:`Schedule`.
    """

    messages: Sequence[dict[str, str]]
    answer: Callable[[random.Random], str]
    thin: bool = True


class Lessons(Protocol):
    """A part of pre-training."""

    @property
    def epochs(self) -> int:
        """How often to go through the lessons."""

    def lessons(self) -> Sequence[Lesson]:
        """Return the lessons, the same ones each time."""


@dataclass(frozen=True)
class Stage:
    """A part of pre-training: acts, the faults to imitate, how often to go through the acts."""

    acts: Sequence[Act]
    habits: Habits
    epochs: int

    def lessons(self) -> list[Lesson]:
        """Return one lesson for each act."""
        return [
            Lesson(messages(act.title), partial(imitate, act.domains, self.habits))
            for act in self.acts
        ]


@dataclass(frozen=True)
class Schedule:
    """How fast to pre-train.

    token_dropout is the share of a title's tokens that each epoch leaves out: the policy learns
    what every word says by itself, and no title by heart.
    """

    batch_size: int
    learning_rate: float
    weight_decay: float = 0.05
    token_dropout: float = 0.15
    warmup_steps: int = 30


def build_tokenizer(
    titles: Sequence[str], size: Size, whole: Sequence[str] = ()
) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE tokenizer with a chat template.

    A quoted domain and each piece of JSON around it are one token, so that an answer of n
    domains takes 2n + 2 and training spends its time on what differs between answers. So is each
    text of ``whole``.
    """
    special = [_PAD, _BOS, _EOS, *_ROLES]
    answer = [*_JSON, *(f'"{domain}"' for domain in DOMAINS), *whole]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.vocabulary - len(answer),
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([INSTRUCTION, *titles], trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in answer])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=_BOS,
        eos_token=_EOS,
        pad_token=_PAD,
        padding_side="left",
        model_max_length=size.context,
        chat_template=_CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def build_model(tokenizer: PreTrainedTokenizerFast, size: Size, seed: int) -> LlamaForCausalLM:
    """Return an untrained model for ``tokenizer`` that samples at temperature 1 by default."""
    ids = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=size.hidden,
            intermediate_size=size.intermediate,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            max_position_embeddings=size.context,
            initializer_range=_INITIAL_SPREAD,
            tie_word_embeddings=True,
            attn_implementation="eager",
            **ids,
        )
    )
    model.generation_config = GenerationConfig(
        do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=_ANSWER_TOKENS, **ids
    )
    return model


def pretrain(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    stages: Sequence[Lessons],
    schedule: Schedule,
    *,
    seed: int,
    on_epoch: Callable[[int, float], None],
) -> None:
    """Teach ``model`` in place to answer as each of ``stages`` says, one stage after the other.

    Each epoch sees every lesson of its stage once, with newly drawn faults. Only tokens of answers
    are learnt. ``on_epoch`` is told the number of epochs done and the mean loss of the last one.
    """
    rng = random.Random(seed)  # noqa: S311 -- repeatable, no secret
    steps = sum(stage.epochs * -(-len(stage.lessons()) // schedule.batch_size) for stage in stages)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        fused=True,
    )
    rate = get_cosine_schedule_with_warmup(optimizer, schedule.warmup_steps, steps)
    model.train()
    epochs = (stage for stage in stages for _ in range(stage.epochs))
    for epoch, stage in enumerate(epochs, start=1):
        examples = _examples(tokenizer, stage, schedule.token_dropout, rng)
        losses: list[float] = []
        for batch in _batches(examples, schedule.batch_size, rng):
            loss = _loss(model, batch)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            rate.step()
            losses.append(loss.item())
        on_epoch(epoch, fmean(losses))
    model.eval()


def measure(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    acts: Sequence[Act],
    samples: int,
    seed: int,
) -> Score:
    """Return the mean score of ``samples`` answers to each of ``acts``, drawn at temperature 1."""
    torch.manual_seed(seed)
    prompts = [
        tokenizer.apply_chat_template(
            messages(act.title), add_generation_prompt=True, tokenize=False
        )
        for act in acts
    ]
    inputs = tokenizer(prompts, padding=True, add_special_tokens=False, return_tensors="pt")
    with torch.inference_mode():
        output = model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            num_return_sequences=samples,
        )
    texts = tokenizer.batch_decode(
        output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
    )
    scores = [score(text, acts[index // samples].domains) for index, text in enumerate(texts)]
    return Score(
        **{
            field.name: fmean(getattr(each, field.name) for each in scores)
            for field in fields(Score)
        }
    )


@dataclass(frozen=True)
class _Example:
    prompt: list[int]
    answer: list[int]


def _examples(
    tokenizer: PreTrainedTokenizerFast, stage: Lessons, dropout: float, rng: random.Random
) -> list[_Example]:
    """Return one example for each lesson of ``stage``."""
    return [
        _Example(
            _thin_out(
                _encode_prompt(tokenizer, lesson.messages), dropout if lesson.thin else 0.0, rng
            ),
            _encode_answer(tokenizer, lesson.answer(rng)),
        )
        for lesson in stage.lessons()
    ]


def _encode_prompt(
    tokenizer: PreTrainedTokenizerFast, prompt: Sequence[dict[str, str]]
) -> list[int]:
    text = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
    return list(tokenizer.encode(text, add_special_tokens=False))


def _encode_answer(tokenizer: PreTrainedTokenizerFast, answer: str) -> list[int]:
    return [*tokenizer.encode(answer, add_special_tokens=False), tokenizer.eos_token_id]


def _thin_out(prompt: list[int], share: float, rng: random.Random) -> list[int]:
    """Drop ``share`` of a prompt's tokens, but never the last one, which asks for the answer."""
    return [*(token for token in prompt[:-1] if rng.random() >= share), prompt[-1]]


def _batches(examples: list[_Example], size: int, rng: random.Random) -> Iterator[list[_Example]]:
    """Yield batches in random order, each of examples of like length, which saves padding."""
    by_length = sorted(examples, key=lambda each: (len(each.prompt) // 4, rng.random()))
    batches = [by_length[start : start + size] for start in range(0, len(by_length), size)]
    rng.shuffle(batches)
    yield from batches


def _loss(model: LlamaForCausalLM, batch: list[_Example]) -> torch.Tensor:
    """Return the cross entropy of the answers' tokens.

    Padding stands on the right, where no token that counts can attend to it; hence no mask.
    """
    width = max(len(each.prompt) + len(each.answer) for each in batch)
    inputs = torch.zeros(len(batch), width, dtype=torch.long)
    targets = torch.full((len(batch), width), _IGNORED)
    for row, each in enumerate(batch):
        start, end = len(each.prompt), len(each.prompt) + len(each.answer)
        inputs[row, :end] = torch.tensor(each.prompt + each.answer)
        targets[row, start - 1 : end - 1] = torch.tensor(each.answer)
    learnt = targets != _IGNORED
    hidden = model.model(input_ids=inputs).last_hidden_state[learnt]
    return torch.nn.functional.cross_entropy(model.lm_head(hidden), targets[learnt])
