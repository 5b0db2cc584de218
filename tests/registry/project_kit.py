"""Documents, stores and projects for the tests of the consuming side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from grader_registry.document import Document
from grader_registry.subject import cases_of, opened, scores

SCHEMA = '{"type": "object", "required": ["labels"]}\n'
LABELS = {"labels": "$.labels[*]"}
CASES = [
    {"item": {"reference_answer": ["a", "b"]}, "completion": '{"labels": ["a", "b"]}'},
    {"item": {"reference_answer": ["a", "b"]}, "completion": '{"labels": ["a", "b", "c"]}'},
    {"item": {"reference_answer": ["a"]}, "completion": "nothing"},
]
REWARD = {
    "graders": {
        "valid": {"use": "json_schema", "gate": {"min": 1.0}, "config": {"schema": "s.json"}},
        "f1": {"use": "multilabel", "config": LABELS},
    }
}
GRADER = {"use": "multilabel", "config": LABELS}


def plain(name: str = "legal/tags", version: str = "1.0.0", **changes: Any) -> dict[str, Any]:
    """Return a reward with a schema; `changes` replace keys, None removes them."""
    document: dict[str, Any] = {
        "name": name,
        "version": version,
        "description": "The labels of a text, by F1.",
        "owners": ["Legal <legal@example.org>"],
        "license": "Apache-2.0",
        "keywords": ["labels"],
        "columns": {"reference_answer": "the right labels"},
        "reward": REWARD,
        "requires": {"rft-grader-multilabel": ">=0.1", "rft-grader-jsonschema": ">=0.1"},
        "graders": {"multilabel": "1", "json_schema": "1"},
        "files": {"s.json": SCHEMA},
        "changelog": [{"version": version, "date": "2026-01-02", "changes": "The first."}],
        **changes,
    }
    return {key: value for key, value in document.items() if value is not None}


def document(name: str = "legal/tags", version: str = "1.0.0", **changes: Any) -> Document:
    """Return a reward as a document."""
    return Document.write(plain(name, version, **changes), "here")


def grader(name: str = "legal/f1", version: str = "1.0.0", **changes: Any) -> Document:
    """Return a grader as a document."""
    alone = {"reward": None, "grader": GRADER, "files": None, "graders": {"multilabel": "1"}}
    alone["requires"] = {"rft-grader-multilabel": ">=0.1"}
    return document(name, version, **{**alone, **changes})


def with_cases(one: Document) -> Document:
    """Return a document with cases, and what they score."""
    data = json.loads(one.data)
    data["cases"] = [{**case, "expected": 1.0} for case in CASES]
    data.pop("format")
    cased = Document.write(data, "here")
    with opened(cased) as subject:
        found = scores(subject, cases_of(cased, subject.score_range))
    return Document.write({**data, "scores": found}, "here")


def settings(folder: Path, *stores: str, **more: Any) -> Path:
    """Write the settings of a project and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"stores": stores, **more}.items()]
    (folder / "rft.toml").write_text("[registry]\n" + "\n".join(lines) + "\n")
    return folder
