"""Adding files to a branch: one commit made without a checkout, pushed without force."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from grader_registry.stores.git_cache import Head
from grader_registry.stores.git_command import Git

_PASSING: Final = ("lock", "fetch first", "non-fast-forward", "already exists", "failed to update")
"""Words of refusals that are over once the other publisher is done."""


def commit(git: Git, head: Head, files: Mapping[str, bytes | None], message: str) -> str:
    """Return a new commit: that of `head`, with `files` by path added, replaced or removed."""
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.run("read-tree", head.commit or "--empty", environment=index)
        lines = ""
        for path, data in files.items():
            if data is None:
                lines += f"0 {'0' * 40}\t{path}\n"
                continue
            blob = git.run("hash-object", "-w", "--no-filters", "--stdin", given=data)
            lines += f"100644 {blob.decode().strip()}\t{path}\n"
        given = lines.encode()
        git.run("update-index", "--replace", "--index-info", given=given, environment=index)
        tree = git.run("write-tree", "--missing-ok", environment=index).decode().strip()
    parent = () if head.commit is None else ("-p", head.commit)
    command = ("commit-tree", tree, *parent, "-F", "-")
    return git.run(*command, given=message.encode(), environment=_author(git)).decode().strip()


def push(git: Git, new: str, branch: str) -> str | None:
    """Push a commit to a branch; return None if it is there, or else why it was refused.

    Raises `StoreError` if the repository cannot be reached.
    """
    command = ("push", "--porcelain", "--no-verify", "--no-signed", "--recurse-submodules=no")
    result = git.ask(*command, "origin", f"{new}:{branch}", network=True)
    if not result.rc:
        return None
    for line in result.out.decode("utf-8", "replace").splitlines():
        if line.startswith("!"):
            return line.rpartition("\t")[2]
    raise git.error(result.message or "git push failed")


def is_passing(refusal: str) -> bool:
    """Whether another try may succeed: somebody else has pushed, or does just now."""
    return any(word in refusal for word in _PASSING)


def wait(attempt: int) -> None:
    """Wait a little, so that publishers who met do not meet again."""
    time.sleep(random.uniform(0.02, 0.1) * min(attempt + 1, 10))  # noqa: S311 - no secret


def _author(git: Git) -> dict[str, str]:
    """Return who commits, where git has not been told."""
    settings: dict[str, str] = {}
    for what, fallback in (("NAME", "rft registry"), ("EMAIL", "rft-registry@localhost")):
        known = git.ask("config", "--get", f"user.{what.lower()}")
        if known.rc or not known.out.strip():
            settings[f"GIT_AUTHOR_{what}"] = fallback
            settings[f"GIT_COMMITTER_{what}"] = fallback
    return {name: value for name, value in settings.items() if not os.environ.get(name)}
