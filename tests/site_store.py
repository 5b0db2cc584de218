"""A store in memory, and documents of every kind that a site has to show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from grader_registry.document import Document
from grader_registry.stores.layout import entry_of, from_low_to_high
from grader_registry.stores.store import Entry

HOSTILE = "</title></script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
BIDI = "right\u202eto left\u2066\u200b\x1b[31m"
HUGE = "a_grader_whose_name_goes_on_and_on_" * 6


class MemoryStore:
    """Documents by name and version. It follows `Store`."""

    address = "memory"

    def __init__(self, documents: Sequence[dict[str, Any]] = ()) -> None:
        self._documents: dict[tuple[str, str], Document] = {}
        self._yanked: dict[tuple[str, str], str] = {}
        self._signatures: dict[tuple[str, str], bytes] = {}
        for plain in documents:
            self.put(plain)

    def put(self, plain: dict[str, Any]) -> Self:
        document = Document.write(plain, "a test")
        self._documents[document.spec.name, document.spec.version] = document
        return self

    def yank(self, name: str, version: str, reason: str) -> None:
        self._yanked[name, version] = reason

    def sign(self, name: str, version: str, signature: bytes) -> None:
        self._signatures[name, version] = signature

    def entries(self) -> Mapping[str, Sequence[Entry]]:
        names = sorted({name for name, _ in self._documents})
        return {name: self.versions(name) for name in names}

    def versions(self, name: str) -> Sequence[Entry]:
        return from_low_to_high(
            entry_of(document, self._yanked.get(place), self.address)
            for place, document in self._documents.items()
            if place[0] == name
        )

    def read(self, entry: Entry) -> Document:
        return self._documents[entry.name, entry.version]

    def signature(self, entry: Entry) -> bytes | None:
        return self._signatures.get((entry.name, entry.version))


class LyingStore(MemoryStore):
    """Says of every document that it is another one."""

    def read(self, entry: Entry) -> Document:
        found = super().read(entry)
        return replace(found, data=found.data + b" ")


def spec(name: str, version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    """Return a document as plain data; what is not given is plain."""
    plain = {
        "name": name,
        "version": version,
        "description": "Pays for the right label and nothing else",
        "owners": ["Team Data <data@example.org>"],
        "license": "Apache-2.0",
        "keywords": ["labels", "short answers"],
        "changelog": [{"version": version, "date": "2026-10-05", "changes": "What it is."}],
        **more,
    }
    if "grader" not in plain:
        plain.setdefault("reward", {"graders": {"exact": {"use": "string_match"}}})
    return plain


def cases(count: int, shift: float = 0.0) -> dict[str, Any]:
    """Return cases and their scores; each third score is other than expected by `shift`."""
    made = [
        {
            "id": f"case-{number}",
            "item": {"id": f"q{number}", "question": f"What is the domain of act number {number}?"},
            "completion": f'{{"label": "domain {number}"}}',
            "expected": 1 if number % 2 else 0.25,
        }
        for number in range(count)
    ]
    scores = [case["expected"] - (shift if at % 3 == 0 else 0) for at, case in enumerate(made)]
    return {"cases": made, "scores": scores}


def card(*, passed: bool = True) -> dict[str, Any]:
    """Return a grade card with some of everything."""
    measure = {"value": 0, "limit": 0, "met": True, "loosened": False}
    attack = {"hostile": False, "skipped": 0, "accepted": None, "scope": "any", "examples": []}
    counts = {"tried": 40, "held": 40, "fooled": 0, "missed": 0, "broke": 0}
    example = {
        "verdict": "fooled",
        "what": "writes all labels at once",
        "honest": "case-1",
        "completion": f"all of them {HOSTILE}",
        "got": "0.8",
        "honest_score": 1.0,
        "reason": None,
    }
    fooled = {"held": 37, "fooled": 3, "examples": [example]}
    return {
        "format": 1,
        "name": "labels",
        "version": "1",
        "distribution": "rft-grader-multilabel",
        "composed": True,
        "config": {},
        "families": ["label_set"],
        "score_range": [0, 1],
        "date": "2026-10-05",
        "passed": passed,
        "measures": [
            {**measure, "name": "agreement", "title": "cases as expected, share", "value": 0.98}
            | {"limit": 0.95, "loosened": True},
            {**measure, "name": "fooled", "title": "attacks that were paid"}
            | ({} if passed else {"value": 3, "met": False}),
        ],
        "cases": {
            "file": "cases.jsonl",
            "digest": "sha256:1",
            "cases": 120,
            "items": 60,
            "repeats": 3,
            "agreed": 118,
            "failed": 0,
            "false_passes": 1,
            "false_fails": 1,
            "pass_threshold": 0.5,
            "unsteady": 0,
            "spread": 0.0,
            "wrong": [
                {
                    "id": "case-7",
                    "where": "cases.jsonl:7",
                    "completion": "[]",
                    "expected": "1",
                    "got": "0",
                    "reason": "no label",
                    "slip": "false fail",
                }
            ],
        },
        "honest": 60,
        "checks": [],
        "attacks": [
            {**attack, **counts, "cls": "label-all", "title": "names every label"}
            | ({} if passed else fooled),
            {**attack, **counts, "cls": "empty", "title": "answers nothing", "hostile": True},
        ],
        "weaknesses": [] if passed else ["Answers without a label are paid 0.2; add a gate."],
        "stale": [],
        "speed": {
            "p50_ms": 0.61,
            "p99_ms": 2.9,
            "per_second": 23400,
            "calls": 800,
            "batch": 64,
            "cpus": 2,
            "python": "3.11.7",
            "system": "Linux x86_64",
        },
        "versions": {"rft-core": "0.1.0"},
        "note": None,
    }


def store() -> MemoryStore:
    """Return a store of a dozen specs."""
    made = MemoryStore(list(_eurovoc()) + list(_plain()) + list(_odd()))
    made.yank("legal/eurovoc-f1", "1.1.0", "pays for labels that are there twice")
    made.yank("old/retired", "1.0.0", "use legal/eurovoc-f1")
    made.sign("legal/eurovoc-f1", "2.0.0", b"a signature\x00\xff")
    return made


def _eurovoc() -> Iterator[dict[str, Any]]:
    """Yield the versions of a reward with a gate, a formula, shapers, files and cases."""
    schema = json.dumps({"type": "object", "required": ["level1"]}, indent=2)
    history = []
    for version, cut, shift, changes in (
        ("1.0.0", 0.5, 0.0, "The first version: the harmonic mean of precision and recall."),
        ("1.1.0", 0.5, 0.125, "Counts a label once.\nSee https://example.org/acts?id=1."),
        ("2.0.0", 0.7, 0.25, "The gate asks for valid JSON; labels have a vocabulary."),
    ):
        change = {"version": version, "date": "2026-10-0" + version[0], "changes": changes}
        if history:
            change |= {"bump": "major"}
        if version == "1.1.0":
            change |= {"overruled": "what moved are answers that nobody gives"}
        history.insert(0, change)
        yield spec(
            "legal/eurovoc-f1",
            version,
            description="Tags legal acts with the EuroVoc domains that they are about",
            keywords=["law", "EuroVoc", "multi-label"],
            owners=["Legal NLP <nlp@example.org>", "https://example.org/teams/legal"],
            notes="Labels are codes, see https://op.europa.eu/en/web/eu-vocabularies.\n\n"
            "Acts before 1990 have coarser labels.",
            columns={"text_input": "the act", "reference_answer": "JSON with its level-1 codes"},
            reward={
                "graders": {
                    "valid": {
                        "use": "json_schema",
                        "gate": {"min": 1.0, "reward": -0.5},
                        "config": {"schema": "level1.json"},
                    },
                    "precision": {
                        "use": "multilabel",
                        "config": {"metric": "precision", "labels": "$.level1[*].code"},
                    },
                    "recall": {
                        "use": "multilabel",
                        "config": {"metric": "recall", "labels": "$.level1[*].code", "cut": cut},
                    },
                    "f1": {"use": "multilabel", "weight": 0, "config": {"metric": "f1"}},
                },
                "formula": "2 * precision * recall / max(precision + recall, 1e-9)",
                "shapers": [
                    {"use": "length_penalty", "config": {"max_tokens": 200, "penalty": 0.5}},
                    {"use": "clip", "config": {"min": -1, "max": 1}},
                ],
            },
            requires={
                "rft-grader-multilabel": ">=0.1,<0.2",
                "rft-grader-jsonschema": ">=0.1,<0.2",
            },
            graders={"multilabel": "2", "json_schema": "1", "length_penalty": "1", "clip": "1"},
            files={
                "level1.json": schema + ("\n" if version > "2" else ""),
                "prompt.md": "You tag legal acts.\nAnswer in JSON." + "\nBe brief." * (cut > 0.6),
            },
            card=card(passed=version != "1.1.0"),
            changelog=list(history),
            **cases(120, shift),
        )


def _plain() -> Iterator[dict[str, Any]]:
    weights = {
        "correct": {"use": "math", "weight": 0.8, "config": {"answer": "{{ item.answer }}"}},
        "format": {"use": "string_match", "weight": 0.15, "config": {"operation": "like"}},
        "brief": {"use": "text_similarity", "weight": 0.05, "timeout": 2.5, "on_error": "abort"},
    }
    yield spec(
        "maths/word-problems",
        "0.3.1",
        description="Pays for the right number, a little for how it is written",
        reward={"graders": weights},
        keywords=["arithmetic", "GSM8K"],
        card=card(),
        **cases(24, 0.5),
    )
    yield spec("maths/word-problems", "0.4.0-rc.1", reward={"graders": weights})
    judged = {"model": "a-judge", "prompt": "Is it a faithful summary? " * 40, "choices": [0, 1]}
    yield spec(
        "support/faithful-summary",
        "1.4.2",
        description="Asks a judge whether a summary says only what its source says",
        grader={"use": "judge", "config": judged | {f"option_{i}": i for i in range(20)}},
        requires={"rft-grader-judge": ">=0.1"},
        keywords=["summaries", "judge"],
        owners=["Support"],
    )
    yield spec("old/retired", description="Is no longer to be used", card=card(passed=False))
    yield spec("code/json-answer", grader={"use": "json_schema", "config": {"schema": {}}})
    yield spec("extract/invoice-fields", card=card(passed=False), keywords=["invoices", "PDF"])
    yield spec("translate/glossary", "3.0.0", keywords=["terms"], license="MIT")


def _odd() -> Iterator[dict[str, Any]]:
    """Yield documents that are as hostile, or as large, as documents can be."""
    yield spec(
        "odd/hostile",
        description=HOSTILE,
        owners=[HOSTILE, "javascript:alert(1)", "https://user@example.org/", "data:text/html,x"],
        keywords=[HOSTILE, "\"'><b>"],
        notes=f'{HOSTILE}\n[x](javascript:alert(1)) https://example.org/"onmouseover="alert(1)',
        columns={HOSTILE: HOSTILE},
        reward={
            "graders": {
                "one": {
                    "use": "<img src=x onerror=alert(1)>",
                    "config": {HOSTILE: [HOSTILE, BIDI]},
                    "weight": -0.5,
                },
                "two": {"use": "שופט", "gate": {"min": 0.5}, "config": {BIDI: BIDI}},
                "three": {"use": "ｗｉｄｅ文字" * 12},
            },
            "shapers": [{"use": "{{ 7 * 7 }}", "config": {"x": "{% raw %}"}}],
        },
        requires={"evil": "===$HOME`id`'\""},
        files={"a.html": HOSTILE, "b.txt": BIDI},
        cases=[
            {"id": HOSTILE, "item": {"t": BIDI}, "completion": HOSTILE, "expected": 1},
            {"item": HOSTILE, "completion": 7, "expected": {"outcome": "error"}},
            {"item": [], "expected": [0, 0.5]},
            {"id": "high", "completion": "x", "expected": {"higher_than": "case"}},
            {"expected": {"no": ["form"]}},
        ],
        scores=[1, "error", 0.25, None, HOSTILE],
        card={"passed": True, "note": HOSTILE, "format": 99},
        changelog=[{"version": "1.0.0", "date": "2026-01-01", "changes": HOSTILE}],
    )
    many = {f"grader_{number}": {"use": "string_match"} for number in range(60)}
    yield spec(
        "odd/" + "long-" * 14 + "name",
        description="A description that is as long as one may be, " * 6,
        keywords=["k" * 300],
        reward={
            "graders": many | {HUGE: {"use": "u" * 300}},
            "formula": " + ".join([*many, HUGE]),
            "shapers": [{"use": "clip"}] * 30,
        },
    )
    yield spec("odd/many-cases", "1.0.0", **cases(5_000, 0.0))
    yield spec("odd/many-cases", "1.1.0", card=card(), **cases(5_000, 0.5))
