"""New virtual environments, and wheels to install into them."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
CONSTRAINTS: Final = ROOT / "constraints.txt"


@dataclass(frozen=True)
class FreshEnvironment:
    """A virtual environment in `folder`, with the versions that the tests run with."""

    folder: Path

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "bin" / "python"

    def create(self, *what: str) -> None:
        """Make the environment and install into it."""
        venv.create(self.folder, with_pip=True)
        self.install(*what)

    def install(self, *what: str) -> None:
        """Install distributions by name, or wheels by path."""
        command = [str(self.python), "-m", "pip", "install", "--quiet", *what]
        run([*command, "--constraint", str(CONSTRAINTS)], cwd=self.folder)


def run(command: Sequence[str], cwd: Path) -> str:
    """Run a command that has to succeed, and return what it printed."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def build_wheel(project: Path, folder: Path) -> Path:
    """Return the wheel of a project, built into a new folder."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    run([*command, str(project)], cwd=project)
    (wheel,) = folder.glob("*.whl")
    return wheel
