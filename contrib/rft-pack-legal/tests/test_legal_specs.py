"""The specs score their cases as people did, and are what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from rft_pack_legal.subjects import DOMAINS

from grader_registry.document import Document
from grader_registry.publishing.authoring import read_authoring
from grader_registry.subject import cases_of, opened
from rft_core.testing.casework import CaseResult, grade_cases

PACK = Path(__file__).resolve().parent.parent
AUTHORED = sorted((PACK / "authoring").glob("*/*.yaml"))
FEWEST = 30


def name_of(path: Path) -> str:
    return path.stem


def scored(path: Path) -> list[CaseResult]:
    """Grade an authoring file's cases with its reward or grader."""
    document = read_authoring(path).draft
    with opened(document) as subject:
        return grade_cases(subject, cases_of(document, subject.score_range), repeats=1)


def test_the_specs_are_all_there() -> None:
    names = [yaml.safe_load(path.read_text())["name"] for path in AUTHORED]
    assert names == ["legal/eurovoc-f1", "legal/eurovoc-precision", "legal/eurovoc-recall"]


@pytest.mark.parametrize("path", AUTHORED, ids=name_of)
def test_cases_score_as_people_say(path: Path) -> None:
    results = scored(path)
    assert len(results) >= FEWEST
    wrong = [
        (one.case.id, one.grades[0].score, one.case.expected, one.grades[0].reason)
        for one in results
        if one.grades[0].score != pytest.approx(one.case.expected, abs=0.005)
    ]
    assert wrong == []


@pytest.mark.parametrize("path", AUTHORED, ids=name_of)
def test_cases_are_varied(path: Path) -> None:
    scores = [one.case.expected for one in scored(path)]
    assert sum(score == 1 for score in scores) >= 5
    assert sum(0 < score < 1 for score in scores) >= 8
    assert sum(score == 0 for score in scores) >= 15


@pytest.mark.parametrize("path", AUTHORED, ids=name_of)
def test_the_schema_and_the_vocabulary_hold_all_domains(path: Path) -> None:
    domains = json.loads((path.parent / "domains.json").read_text())
    schema = json.loads((path.parent / "level1.schema.json").read_text())
    assert tuple(domains) == DOMAINS
    assert schema["properties"]["level1"]["items"]["properties"]["code"]["enum"] == domains


@pytest.mark.parametrize("path", AUTHORED, ids=name_of)
def test_the_parts_make_a_document(path: Path) -> None:
    spec = read_authoring(path).draft
    assert spec.title == f"{yaml.safe_load(path.read_text('utf-8'))['name']}@1.0.0"


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
    published = Document.read(path.read_bytes(), str(path)).spec
    written = read_authoring(PACK / "authoring" / f"{published.name}.yaml").draft.spec
    if written.version != published.version:
        pytest.skip("an older version; the authoring file has gone on")
    for key in ("description", "notes", "columns", "license", "files", "cases"):
        assert getattr(published, key) == getattr(written, key)
