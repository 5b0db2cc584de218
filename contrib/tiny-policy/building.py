"""What the programs that build a policy have in common."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from policy import Lessons, Schedule, Size, build_model, pretrain
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

_THREADS: Final = 2
"""More of them add in another order, and give other weights."""


def make_policy(
    output: Path,
    tokenizer: PreTrainedTokenizerFast,
    size: Size,
    stages: Sequence[Lessons],
    *,
    schedule: Schedule,
    seed: int,
) -> LlamaForCausalLM:
    """Pre-train a policy in stages, save it and its tokenizer in a folder, and return it."""
    torch.set_num_threads(_THREADS)
    model = build_model(tokenizer, size, seed)
    pretrain(model, tokenizer, stages, schedule, seed=seed, on_epoch=_report)
    tokenizer.save_pretrained(output)
    model.save_pretrained(output)
    return model


def output_folder(description: str | None) -> Path:
    """Return the folder that the command line names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    output: Path = parser.parse_args().output
    return output


def _report(epoch: int, loss: float) -> None:
    print(f"epoch {epoch}: loss {loss:.3f}", flush=True)
