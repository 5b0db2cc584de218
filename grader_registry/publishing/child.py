"""The clean process that a document is graded in; see `trial`.

`python -m grader_registry.publishing.child FOLDER` reads FOLDER/document.json and FOLDER/job.json,
and writes FOLDER/result.json. It ends when its standard input does, so it does not outlive whoever
started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any, Final

from grader_registry.document import Document
from grader_registry.materials import write_files
from grader_registry.subject import CASES_FILE, Score, cases_of, score_of, scores, subject_in
from rft_core.cases import read_cases
from rft_core.configurable import Permissions
from rft_core.errors import RFTError, UsageError
from rft_core.testing.card import GradeCard, write_json
from rft_core.testing.examine import Examination, Plan
from rft_core.testing.subject import GraderSubject, RewardSubject, Subject
from rft_core.testing.thresholds import Thresholds
from rft_core.types import Completion, Item, Sample

DOCUMENT: Final = "document.json"
JOB: Final = "job.json"
RESULT: Final = "result.json"
SPEC: Final = "spec"
"""The folder with the document's files."""


def main(folder: Path) -> None:
    """Do the job that lies in a folder."""
    try:
        outcome = {"result": _result(folder)}
    except UsageError as error:
        told = {"message": error.message, "where": error.where, "hint": error.hint}
        outcome = {"error": told}
    except RFTError as error:
        outcome = {"error": {"message": str(error), "where": None, "hint": None}}
    (folder / f"{RESULT}.new").write_text(json.dumps(outcome), encoding="utf-8")
    (folder / f"{RESULT}.new").rename(folder / RESULT)


def _result(folder: Path) -> Any:
    document = Document.read((folder / DOCUMENT).read_bytes(), "the document")
    job = json.loads((folder / JOB).read_bytes())
    allowed = Permissions(job["permissions"]["code"], frozenset(job["permissions"]["hosts"]))
    write_files(document, folder / SPEC)
    with subject_in(document, folder / SPEC, allowed) as subject:
        if "examine" in job:
            return _examined(document, subject, job["examine"], folder / SPEC)
        if "lists" in job:
            return [_scored(subject, cases, folder / CASES_FILE) for cases in job["lists"]]
        return _graded(subject, job["items"], job["batches"])


def _examined(
    document: Document, subject: Subject, wanted: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Return the card, and what each case scored."""
    plan = Plan(
        cases=cases_of(document, subject.score_range),
        cases_file=CASES_FILE if document.spec.cases else None,
        thresholds=Thresholds(**wanted["thresholds"]),
        accept=wanted["accept"],
        config=_config(document),
        folder=folder,
    )
    examination = Examination(subject, plan)
    card = _of_the_spec(examination.card(), document, subject)
    found = [score_of(one.grades[0]) for one in examination.results]
    return {"card": json.loads(write_json(card)), "scores": found}


def _config(document: Document) -> Mapping[str, Any]:
    spec = document.spec
    if spec.grader is not None:
        return spec.grader.config
    return {} if spec.reward is None else spec.reward.model_dump(mode="json", exclude_unset=True)


def _of_the_spec(card: GradeCard, document: Document, subject: Subject) -> GradeCard:
    """Return the card as the spec's: its name, version and distributions."""
    owners = _distributions(subject)
    versions = dict(owner.rpartition(" ")[::2] for owner in owners)
    return replace(
        card,
        name=document.spec.name,
        version=document.spec.version,
        distribution=", ".join(owners),
        versions={**card.versions, **versions},
    )


def _distributions(subject: Subject) -> list[str]:
    if isinstance(subject, RewardSubject):
        return sorted({call.distribution for call in subject.plan.calls.values()})
    return [subject.call.distribution] if isinstance(subject, GraderSubject) else []


def _scored(subject: Subject, cases: Sequence[Mapping[str, Any]], path: Path) -> list[Score]:
    """Return what cases score; those whose item the subject refuses are errors.

    They may be another document's, so what they expect may be out of this one's range.
    """
    if not cases:
        return []
    bare = (
        {"item": one["item"], "completion": one["completion"], "expected": {"outcome": "error"}}
        for one in cases
    )
    path.write_text("".join(f"{json.dumps(one)}\n" for one in bare), encoding="utf-8")
    return scores(subject, read_cases(path, (-inf, inf)))


def _graded(
    subject: Subject, items: Sequence[Mapping[str, Any]], batches: Sequence[Sequence[Any]]
) -> list[Score]:
    """Return what a run's samples score, in order."""
    made = [Item(one["id"], tuple(one["messages"]), one["fields"]) for one in items]
    refused = {index for index, item in enumerate(made) if _is_refused(subject, item)}
    found: list[Score] = []
    for batch in batches:
        known = [one for one in batch if one[0] not in refused]
        grades = iter(subject.grade([_sample(made[index], *rest) for index, *rest in known]))
        found += ["error" if one[0] in refused else score_of(next(grades)) for one in batch]
    return found


def _is_refused(subject: Subject, item: Item) -> bool:
    try:
        subject.check_item(item)
    except (ValueError, LookupError):
        return True
    return False


def _sample(
    item: Item, text: str, num_tokens: int | None, finish: str | None, messages: Sequence[Any]
) -> Sample:
    return Sample(item, Completion(text, num_tokens, finish, tuple(messages)))


def _end_with_the_input() -> None:
    """Kill this process and its workers when standard input ends: who started it is gone."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.killpg(0, signal.SIGKILL)

    if os.getpgrp() == os.getpid():
        threading.Thread(target=wait, name="end-with-the-input", daemon=True).start()


if __name__ == "__main__":
    _end_with_the_input()
    main(Path(sys.argv[1]))
