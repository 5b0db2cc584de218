"""The specs score their cases as people did, and are what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader_registry.document import Document

PACK = Path(__file__).resolve().parent.parent
AUTHORED = sorted((PACK / "authoring").glob("*/*.yaml"))
FEWEST = 30


def name_of(path: Path) -> str:
    return path.stem


def test_the_specs_are_all_there() -> None:
    names = [yaml.safe_load(path.read_text())["name"] for path in AUTHORED]
    assert names == ["extraction/invoice", "extraction/order"]


@pytest.mark.parametrize("path", AUTHORED, ids=name_of)
def test_cases_score_as_people_say(path: Path, scored: Callable[..., Any]) -> None:
    results = scored(path)
    assert len(results) >= FEWEST
    wrong = [
        (case.id, grade.score, case.expected, grade.reason)
        for case, grade in results
        if grade.score != pytest.approx(case.expected, abs=0.005)
    ]
    assert wrong == []


@pytest.mark.parametrize("path", AUTHORED, ids=name_of)
def test_cases_are_varied(path: Path, scored: Callable[..., Any]) -> None:
    scores = [case.expected for case, _ in scored(path)]
    assert sum(score == 1 for score in scores) >= 5
    assert sum(0 < score < 1 for score in scores) >= 8
    assert sum(score == 0 for score in scores) >= 15


@pytest.mark.parametrize("path", AUTHORED, ids=name_of)
def test_the_parts_make_a_document(path: Path) -> None:
    spec = yaml.safe_load(path.read_text("utf-8"))
    for key in ("changes", "thresholds", "accept", "reference"):
        spec.pop(key, None)
    spec["files"] = {name: (path.parent / name).read_text("utf-8") for name in spec["files"]}
    lines = (path.parent / spec["cases"]).read_text("utf-8").splitlines()
    spec["cases"] = [json.loads(line) for line in lines]
    assert Document.write(spec, str(path)).title == f"{spec['name']}@1.0.0"


@pytest.mark.parametrize("path", sorted((PACK / "src").rglob("specs/*/*/*.json")), ids=name_of)
def test_what_is_published_is_in_canonical_form_and_in_its_place(path: Path) -> None:
    document = Document.read(path.read_bytes(), str(path))
    place = f"{path.parent.parent.name}/{path.parent.name}@{path.stem}"
    assert document.title == place
    assert document.spec.scores
    assert document.spec.card is not None
    assert document.spec.card["passed"]


@pytest.mark.parametrize("path", sorted((PACK / "src").rglob("specs/*/*/*.json")), ids=name_of)
def test_what_is_published_is_what_was_written(path: Path) -> None:
    document = json.loads(path.read_bytes())
    source = PACK / "authoring" / f"{document['name']}.yaml"
    spec = yaml.safe_load(source.read_text("utf-8"))
    if spec["version"] != document["version"]:
        pytest.skip("an older version; the authoring file has gone on")
    for key in ("description", "notes", "columns", "license"):
        assert document[key] == spec[key]
    for name, text in document["files"].items():
        assert (source.parent / name).read_text("utf-8") == text
    lines = (source.parent / spec["cases"]).read_text("utf-8").splitlines()
    assert document["cases"] == [json.loads(line) for line in lines]
