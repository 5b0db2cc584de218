"""Grading a document in a clean process, so that nothing of the author's session has a say.

The process has a folder of its own to work in, an environment of few variables, and a time limit.
Documents may be anybody's: they select installed plugins, and what those let them do is bounded by
the project's permissions.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from grader_registry.document import Document
from grader_registry.errors import RegistryError
from grader_registry.publishing.child import DOCUMENT, JOB, RESULT, SPEC
from grader_registry.publishing.installed import is_paid
from grader_registry.subject import CASES_FILE, Score
from rft_core.configurable import Permissions
from rft_core.testing.card import GradeCard
from rft_core.testing.thresholds import Thresholds

SECONDS: Final = 1_800.0
"""So long a document may be graded. A judge that answers slowly is what takes long."""
MAX_RESULT: Final = 100_000_000
MAX_TOLD: Final = 2_000
"""Characters of what a process wrote before it ended without a result."""
_ENVIRONMENT: Final = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "XDG_CACHE_HOME"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "SYSTEMROOT"),
    *("NLTK_DATA", "OMP_NUM_THREADS", "OMP_WAIT_POLICY"),
)
_OF_PAID: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
TOLD: Final = "told.txt"
_KEYS: Final = "API_KEY"
"""How variables end that only processes with paid graders see."""

_CARD: Final = TypeAdapter(GradeCard)


@dataclass(frozen=True)
class Trial:
    """What a document is published with: its grade card, and what its cases score."""

    card: dict[str, Any]
    scores: list[Score]

    @property
    def parsed(self) -> GradeCard:
        """The card, to be read and printed."""
        return _CARD.validate_json(json.dumps(self.card))


def examined(
    document: Document,
    thresholds: Thresholds,
    accept: Mapping[str, str],
    permissions: Permissions,
    seconds: float = SECONDS,
) -> Trial:
    """Run a document's cases and the adversarial kit. Raises `RegistryError`, `UsageError`."""
    job = {"examine": {"thresholds": thresholds.model_dump(), "accept": dict(accept)}}
    return Trial(**_in_clean_process(document, job, permissions, seconds))


def scored(
    document: Document,
    lists: Sequence[Sequence[Mapping[str, Any]]],
    permissions: Permissions,
    seconds: float = SECONDS,
) -> list[list[Score]]:
    """Return what lists of cases score with a document, whatever they expect.

    A case whose item is refused is an error. Raises `RegistryError`.
    """
    job = {"lists": [list(cases) for cases in lists]}
    found: list[list[Score]] = _in_clean_process(document, job, permissions, seconds)
    return found


def graded(
    document: Document,
    samples: Mapping[str, Any],
    permissions: Permissions,
    seconds: float = SECONDS,
) -> list[Score]:
    """Return what a run's samples score, in order; see `replay.samples`. Raises `RegistryError`."""
    found: list[Score] = _in_clean_process(document, samples, permissions, seconds)
    return found


def _in_clean_process(
    document: Document, job: Mapping[str, Any], permissions: Permissions, seconds: float
) -> Any:
    """Return what a process of its own makes of a job. Nothing of it is left, however it ends."""
    allowed = {"code": permissions.code, "hosts": sorted(permissions.hosts)}
    paid = is_paid(document.spec)
    with tempfile.TemporaryDirectory(prefix="rft-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        (folder / DOCUMENT).write_bytes(document.data)
        (folder / JOB).write_text(json.dumps({**job, "permissions": allowed}), encoding="utf-8")
        _run(folder, _environment(folder, paid), document.title, seconds)
        return _read(folder, document)


def _environment(folder: Path, paid: bool) -> dict[str, str]:
    """Return the variables of the process; keys to services only where it has to pay for one."""
    names = {*_ENVIRONMENT}
    if paid:
        names |= {*_OF_PAID, *(name.lower() for name in _OF_PAID)}
        names |= {name for name in os.environ if name.endswith(_KEYS)}
    kept = {name: os.environ[name] for name in sorted(names) if name in os.environ}
    return kept | {"TMPDIR": str(folder), "PYTHONUTF8": "1"}


def _run(folder: Path, environment: Mapping[str, str], title: str, seconds: float) -> None:
    """Run the process and all that it starts. Raises `RegistryError` if it takes too long."""
    # -P: the working folder is none to import from. User's site-packages stay: they are installed.
    command = [sys.executable, "-P", "-m", "grader_registry.publishing.child", str(folder)]
    with (folder / TOLD).open("wb") as told:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,  # held open; see `child`
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise RegistryError(
            f"{title}: grading took longer than {seconds:g} s",
            hint="Have fewer cases, or a faster grader.",
        ) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _read(folder: Path, document: Document) -> Any:
    """Return the result. Raises `RegistryError` for an error, or if there is none."""
    path = folder / RESULT
    if not path.is_file() or path.stat().st_size > MAX_RESULT:
        text = _end_of(folder / TOLD)
        raise RegistryError(
            f"{document.title}: the process that grades it ended without a result",
            hint=_shortened(text.strip(), folder) or None,
        )
    outcome = json.loads(path.read_bytes())
    if "error" not in outcome:
        return outcome["result"]
    message, where, hint = (outcome["error"][key] for key in ("message", "where", "hint"))
    raise RegistryError(
        _shortened(message, folder),
        where=_place(where, document.title),
        hint=hint and _shortened(hint, folder),
    )


def _end_of(path: Path) -> str:
    """Return the last that a process wrote."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MAX_TOLD))
        return file.read().decode(errors="replace")


def _place(where: str | None, title: str) -> str:
    """Return where an error is: in the document, or in a case of it."""
    _, cases, line = (where or "").partition(f"{CASES_FILE}:")
    return f"{title}, case {line}" if cases else title


def _shortened(text: str, folder: Path) -> str:
    """Return a text without the folder that is gone by now."""
    return text.replace(f"{folder}/{SPEC}/", "").replace(f"{folder}/", "")
