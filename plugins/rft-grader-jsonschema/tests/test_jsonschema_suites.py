"""The public suites: JSON-Schema-Test-Suite, JSONTestSuite, and collected messy outputs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rft_grader_jsonschema import JsonSchemaGrader
from rft_grader_jsonschema.extract import Reader

from rft_core.errors import OutputParseError
from rft_core.testing import make_grader, make_sample

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "json"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the test suites are not at {DATA}")

SUITE = DATA / "jsonschema_suite"
DRAFTS = {"draft7": "7", "draft2019-09": "2019-09", "draft2020-12": "2020-12"}
BASE = "http://localhost:1234/"
REFUSED_METASCHEMA = "none of the drafts"
REFUSED_BY_REFERENCE = "needs jsonschema-rs"


def _remotes(draft: str) -> Iterator[tuple[str, Any]]:
    folder = SUITE / "remotes"
    for path in sorted(folder.rglob("*.json")):
        place = path.relative_to(folder).as_posix()
        top = place.split("/")[0]
        schema = json.loads(path.read_text())
        custom = isinstance(schema, dict) and schema.get("$schema", "").startswith(BASE)
        if (top == draft or not top.startswith(("draft", "v1"))) and not custom:
            yield BASE + place, schema


def _mentioned(schema: Any, remotes: dict[str, Any]) -> dict[str, Any]:
    """The remotes that a schema refers to, and those that they refer to."""
    text, found = json.dumps(schema), {}
    while True:
        more = {
            uri: remote
            for uri, remote in remotes.items()
            if uri not in found and uri.rsplit("/", 1)[1] in text
        }
        if not more:
            return found
        found |= more
        text = json.dumps(more)


def _groups(draft: str, *, optional: bool) -> Iterator[tuple[Path, Any, dict[str, Any]]]:
    remotes = dict(_remotes(draft))
    for path in sorted((SUITE / "tests" / draft).rglob("*.json")):
        if ("optional" in path.parts) == optional:
            for group in json.loads(path.read_text()):
                yield path, group, _mentioned(group["schema"], remotes)


def _grades(
    draft: str, engine: str, *, optional: bool
) -> Iterator[tuple[tuple[str, str, str], Any, bool]]:
    """Yield (case, score, expected), the score being the refusal's text where there is one."""
    for path, group, resources in _groups(draft, optional=optional):
        try:
            grader = make_grader(
                JsonSchemaGrader,
                schema=group["schema"],
                resources=resources,
                draft=DRAFTS[draft],
                engine=engine,
                score="fraction",
                check_formats="format" in path.parts,
            )
        except ValueError as error:
            for test in group["tests"]:
                case = (path.name, group["description"], test["description"])
                yield case, str(error), test["valid"]
            continue
        for test in group["tests"]:
            case = (path.name, group["description"], test["description"])
            (grade,) = grader.grade_batch([make_sample(json.dumps(test["data"]))])
            yield case, grade.score, test["valid"]


@pytest.mark.parametrize("draft", DRAFTS)
def test_required_tests_of_the_schema_suite(draft: str, engine: str) -> None:
    graded = 0
    for case, score, valid in _grades(draft, engine, optional=False):
        if isinstance(score, str):
            allowed = [REFUSED_METASCHEMA]
            allowed += [REFUSED_BY_REFERENCE] if engine == "jsonschema" else []
            assert any(reason in score for reason in allowed), (case, score)
        else:
            graded += 1
            assert (score == 1.0) == valid, case
    minimum = {"jsonschema": 800, "jsonschema-rs": 920}[engine]
    assert graded > minimum


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("draft", DRAFTS)
def test_engines_give_the_same_score_on_the_schema_suite(draft: str, optional: bool) -> None:
    fast = _grades(draft, "jsonschema-rs", optional=optional)
    reference = _grades(draft, "jsonschema", optional=optional)
    both = 0
    for (case, one, _), (_, two, _) in zip(fast, reference, strict=True):
        if not isinstance(two, str):
            both += 1
            assert one == two, case
    assert both > 700


def _reader(policy: str, duplicate_keys: Any = "last") -> Reader:
    return Reader(policy, duplicate_keys, max_depth=64, reasoning_tag="think")


def test_parsing_suite() -> None:
    read = 0
    for path in sorted((DATA / "jsontestsuite" / "test_parsing").glob("[yn]_*.json")):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        read += 1
        if path.name.startswith("y_"):
            _reader("strict").read(text)
        else:
            with pytest.raises(OutputParseError):
                _reader("strict").read(text)
    assert read > 250


def test_parsing_suite_where_parsers_may_differ_never_crashes() -> None:
    for path in (DATA / "jsontestsuite" / "test_parsing").glob("i_*.json"):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        try:
            document = _reader("strict").read(text)
        except OutputParseError as error:
            str(error).encode()
        else:
            json.dumps(document, allow_nan=False, ensure_ascii=False).encode()


def _messy() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / "messy.jsonl").read_text().splitlines()]


def _wrapped(row: dict[str, Any]) -> bool:
    return any(tag == "fence" or tag.startswith("prose") for tag in row["tags"])


def _decodable_part(row: dict[str, Any]) -> Any:
    """The expected document, if it stands in the text as JSON; else None."""
    if isinstance(row["expected"], dict | list):
        decoder = json.JSONDecoder()
        for start, char in enumerate(row["raw"]):
            if char in "[{":
                try:
                    document, _ = decoder.raw_decode(row["raw"], start)
                except ValueError:
                    continue
                if document == row["expected"]:
                    return document
    return None


def test_wrapped_json_is_found_by_the_policy_last() -> None:
    found = 0
    for row in filter(_wrapped, _messy()):
        expected = _decodable_part(row)
        if expected is not None:
            found += 1
            assert _reader("last").read(row["raw"]) == expected, row["raw"]
    assert found > 25


def test_fenced_json_is_found_by_the_policy_fenced() -> None:
    found = 0
    for row in _messy():
        expected = _decodable_part(row)
        if "fence" in row["tags"] and expected is not None:
            found += 1
            assert _reader("fenced").read(row["raw"]) == expected, row["raw"]
    assert found > 12


def test_strictly_valid_rows_are_read_by_every_policy() -> None:
    rows = [row for row in _messy() if "strict-valid" in row["tags"]]
    for row in rows:
        for policy in ("strict", "fenced", "last"):
            assert _reader(policy).read(row["raw"]) == json.loads(row["raw"])
    assert len(rows) > 50


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_truncated_rows_never_pass_strictly_or_fenced() -> None:
    rows = [row for row in _messy() if "truncated" in row["tags"] and not _is_json(row["raw"])]
    for row in rows:
        for policy in ("strict", "fenced"):
            with pytest.raises(OutputParseError):
                _reader(policy).read(row["raw"])
    assert len(rows) > 40
