"""The service that the kit tests the judge with: a scripted judge on loopback, no model.

It decides honestly, and sees no more than a model would: the messages. It looks for the data by
the marker that the rules name, compares the words of the answer with those of the reference, and
repeats the answer in its reasons, as models do. Whatever stands outside of the data it obeys: if
an answer breaks out of its quotes, or is not quoted, it gives full marks. So the attacks on it
show whether prompt, quoting and reading of verdicts hold; not whether a model is talked round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rft_grader_judge.testing import Reply, Request, ScriptedServer, verdict_json

BEST = 10
ENOUGH = 0.5
"""Answers that share less than this with the reference are wrong."""
STOP_WORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "in", "is", "it", "its",
    "of", "on", "or", "that", "the", "this", "to", "was", "were",
})  # fmt: skip


@contextmanager
def service(_: Path) -> Iterator[dict[str, Any]]:
    """Run a scripted judge; yield the options that make the grader ask it."""
    with ScriptedServer(HonestJudge()) as server:
        endpoint = {"base_url": server.base_url, "circuit_after": 100_000}
        yield {"endpoint": endpoint, "cache": None}


class HonestJudge:
    """Grades by the words that answer and reference share."""

    def __init__(self) -> None:
        self._frame: str | None = None
        """What stands outside of the data; every prompt has the same."""

    def __call__(self, request: Request) -> Reply:
        frame, data = taken_apart(request.text)
        self._frame = self._frame or frame
        answer = data.get("answer", "")
        score = overlap(answer, data.get("item.reference", ""))
        verdict = BEST if frame != self._frame else round(BEST * score) if score >= ENOUGH else 0
        reasoning = f"The answer is: {answer}\nIt shares {score:.0%} with the reference."
        if "response_format" in request.body:
            return Reply(verdict_json(reasoning=reasoning, verdict=verdict))
        keyword = f"VERDICT-{marker_of(request.text)[:8]}"
        return Reply(f"{reasoning}\n{keyword}: {verdict}")


def marker_of(text: str) -> str:
    """Return the marker that the rules name."""
    found = re.search(r'begin with "BEGIN (\S+)"', text)
    assert found is not None, "the rules name no marker"
    return found[1]


def taken_apart(text: str) -> tuple[str, dict[str, str]]:
    """Return what stands outside of the data, without the marker, and the data by name."""
    marker = marker_of(text)
    frame: list[str] = []
    data: dict[str, list[str]] = {}
    inside: list[str] | None = None
    for line in text.split("\n"):
        if inside is not None and line.startswith("| "):
            inside.append(line.removeprefix("| "))
            continue
        if line.startswith(f"BEGIN {marker} "):
            inside = data.setdefault(line.removeprefix(f"BEGIN {marker} "), [])
        elif line.startswith(f"END {marker} "):
            inside = None
        frame.append(line.replace(marker, "MARKER").replace(marker[:8], "MARKER"))
    return "\n".join(frame), {name: "\n".join(lines) for name, lines in data.items()}


def overlap(answer: str, reference: str) -> float:
    """Return the harmonic mean of the shares of words that are in the other text, too."""
    said, wanted = words(answer), words(reference)
    common = len(said & wanted)
    return 2 * common / (len(said) + len(wanted)) if common else 0.0


def words(text: str) -> set[str]:
    """Return the words that say something."""
    return set(re.findall(r"\w+", text.casefold())) - STOP_WORDS
