"""Loading the policy: a hub id, a folder, or a GGUF file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from rft_core.errors import UsageError
from rft_core.task.spec import ModelSpec

_HUB_ID: Final = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")

PLAIN_TEMPLATE: Final = "{% for message in messages %}{{ message['content'] }}\n\n{% endfor %}"
"""For base models without a chat template: the texts, each followed by an empty line."""


def resolve_model(spec: ModelSpec, base_dir: Path) -> str | Path:
    """Return the path of a local model, or a hub id, loading nothing.

    Raises `UsageError` if it is neither.
    """
    for path in (base_dir / Path(spec.name).expanduser(), Path(spec.name).expanduser()):
        if path.is_file() and path.suffix == ".gguf":
            return path.resolve()
        if (path / "config.json").is_file():
            return path.resolve()
        if path.exists():
            raise UsageError(
                "this is no model: neither a GGUF file nor a folder with config.json",
                where=str(path),
            )
    folders = (base_dir / spec.name).parent, Path(spec.name).parent
    is_local = "/" in spec.name and any(f != Path() and f.is_dir() for f in folders)
    if _HUB_ID.fullmatch(spec.name) and not spec.name.endswith(".gguf") and not is_local:
        return spec.name
    raise UsageError(f"there is no model {spec.name!r}", hint="Paths start at the task file.")


def load_model(model: str | Path, spec: ModelSpec, converted: Path) -> tuple[Any, Any]:
    """Return the model and its tokenizer, ready for TRL.

    A GGUF file is de-quantised into the folder `converted` once, since TRL trains no quantised
    weights and loads the reference model by its path. Raises `UsageError` if loading fails.
    """
    model = dequantize(model, converted)
    options = {"revision": spec.revision, "trust_remote_code": spec.trust_remote_code}
    try:
        tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left", **options)
        policy = AutoModelForCausalLM.from_pretrained(
            model, dtype=spec.dtype, attn_implementation=spec.attn_implementation, **options
        )
    except (OSError, ValueError, KeyError) as error:
        raise _cannot_load(model, error) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE
    return policy, tokenizer


def dequantize(model: str | Path, folder: Path) -> str | Path:
    """Return `folder` with the weights of a GGUF file in it; any other model as it is.

    Raises `UsageError` if the file cannot be read.
    """
    if not (isinstance(model, Path) and model.suffix == ".gguf"):
        return model
    if not (folder / "config.json").is_file():
        _convert_gguf(model, folder)
    return folder


def _convert_gguf(file: Path, folder: Path) -> None:
    try:
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        policy = AutoModelForCausalLM.from_pretrained(
            file.parent,
            gguf_file=file.name,
            dtype="float32",
            quantization_config=GgufConfig(dequantize=True),
        )
    except ImportError as error:
        raise UsageError(str(error), hint="pip install 'rft-core[gguf]'") from error
    except (OSError, ValueError, KeyError) as error:
        raise _cannot_load(file, error) from error
    unfinished = folder.with_name(folder.name + ".new")
    policy.save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    unfinished.rename(folder)


def _cannot_load(model: str | Path, error: Exception) -> UsageError:
    first_line = str(error).strip().split("\n", 1)[0]
    return UsageError(
        f"cannot load the model {str(model)!r}: {first_line}",
        hint="Give a hub id, a folder that save_pretrained wrote, or a GGUF file.",
    )
