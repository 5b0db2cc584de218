"""Where policies and datasets come from: folders, GGUF files, Hugging Face datasets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rft_core.errors import DatasetError, UsageError
from rft_core.task.spec import DatasetSpec, ModelSpec

ROOT = Path(__file__).resolve().parents[2]
TINY_POLICY = ROOT / "contrib" / "tiny-policy" / "model"


@pytest.fixture(scope="module")
def gguf_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny policy's weights and tokenizer, quantised to 8 bits in a GGUF file."""
    import gguf
    from safetensors.numpy import load_file

    config = json.loads((TINY_POLICY / "config.json").read_text())
    core = json.loads((TINY_POLICY / "tokenizer.json").read_text())
    tensors = load_file(TINY_POLICY / "model.safetensors")
    path = tmp_path_factory.mktemp("gguf") / "tiny.Q8_0.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    _add_tokenizer(writer, core, config)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, tensor in tensors.items():
        there = names.get_name(name, try_suffixes=(".weight",))
        quantised = tensor.ndim == 2 and tensor.shape[1] % 32 == 0
        kind = gguf.GGMLQuantizationType.Q8_0 if quantised else gguf.GGMLQuantizationType.F32
        writer.add_tensor(there, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: Any, core: dict[str, Any], config: dict[str, Any]) -> None:
    words = {index: word for word, index in core["model"]["vocab"].items()}
    words |= {token["id"]: token["content"] for token in core["added_tokens"]}
    special = {token["id"] for token in core["added_tokens"] if token["special"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([words[i] for i in range(config["vocab_size"])])
    writer.add_token_types([3 if i in special else 1 for i in range(config["vocab_size"])])
    merges = core["model"]["merges"]
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])


def test_a_gguf_file_is_dequantised_and_trains(
    gguf_file: Path, toy_task: Callable[..., Path], train_task: Callable[..., Any]
) -> None:
    run = train_task(toy_task(model=str(gguf_file), train={"max_steps": 2, "beta": 0.05}))
    assert run.summary["status"] == "done"
    assert (run.directory.path / "base-model" / "model.safetensors").is_file()
    assert run.train_rows[-1]["trl"]["kl"] >= 0, "the reference model was loaded as well"
    assert (run.directory.best / "model.safetensors").is_file()


def test_a_folder_that_is_no_model_is_told(tmp_path: Path) -> None:
    from rft_core.training.model import resolve_model

    (tmp_path / "notes").mkdir()
    with pytest.raises(UsageError, match="this is no model"):
        resolve_model(ModelSpec(name="notes"), tmp_path)


def test_a_broken_model_is_told_by_its_name(tmp_path: Path) -> None:
    from rft_core.training.model import load_model, resolve_model

    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    spec = ModelSpec(name=str(tmp_path))
    with pytest.raises(UsageError, match="cannot load the model"):
        load_model(resolve_model(spec, tmp_path), spec, tmp_path / "converted")


def test_a_dataset_folder_is_read_as_rows(tmp_path: Path) -> None:
    from rft_core.training.hub import read_dataset

    lines = [json.dumps({"id": i, "labels": ["a"] * i}) for i in range(3)]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    rows = list(read_dataset(DatasetSpec(name=str(tmp_path))))
    assert [row.data for row in rows] == [json.loads(line) for line in lines]
    assert rows[2].where == f"{tmp_path}[2]"


def test_a_dataset_that_is_not_there_is_told(tmp_path: Path) -> None:
    from rft_core.training.hub import read_dataset

    with pytest.raises(DatasetError, match="cannot load the dataset"):
        list(read_dataset(DatasetSpec(name=str(tmp_path / "missing"))))
