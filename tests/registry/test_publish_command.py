"""`rft registry publish` and `yank`: from an authoring file to a version in a store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader_registry.document import Document
from grader_registry.errors import RegistryError, StoreError, VersionExistsError
from grader_registry.publishing.authoring import read_authoring
from grader_registry.publishing.publish import publish_command
from grader_registry.publishing.signing import verify_signature
from grader_registry.publishing.yank import yank_command
from grader_registry.stores.folder import FolderStore
from rft_core.errors import TaskFileError, UsageError
from rft_core.testing.card import read_card

NAME = "legal/eurovoc-f1"
SCHEMA = {
    "type": "object",
    "required": ["topics"],
    "additionalProperties": False,
    "properties": {"topics": {"type": "array", "items": {"type": "string"}}},
}
ANSWERS: list[tuple[str, list[str], Any, Any]] = [
    ("a", ["finance", "trade"], {"topics": ["finance", "trade"]}, 1.0),
    ("a", ["finance", "trade"], {"topics": ["finance"]}, [0.4, 0.7]),
    ("a", ["finance", "trade"], {"topics": []}, 0),
    ("b", ["law"], "law", 0),
    ("c", ["energy"], {"topics": ["energy"]}, 1),
    ("d", ["transport"], {"topics": ["transport"]}, 1),
    ("e", ["industry"], {"topics": ["law"]}, 0),
]
CASES = [
    {
        "id": f"c{index}",
        "item": {"id": item, "topics": topics},
        "completion": json.dumps(answer),
        "expected": expected,
    }
    for index, (item, topics, answer, expected) in enumerate(ANSWERS)
]


def f1(**config: Any) -> dict[str, Any]:
    return {
        "use": "multilabel",
        "config": {"labels": "$.topics[*]", "reference": "topics"} | config,
    }


VALID = {"use": "json_schema", "gate": {"min": 1.0}, "config": {"schema": "topics.json"}}
SPEC: dict[str, Any] = {
    "name": NAME,
    "version": "1.0.0",
    "description": "Topics of a legal act, by F1",
    "owners": ["ada@example.org"],
    "license": "Apache-2.0",
    "columns": {"topics": "the right labels, a list"},
    "reward": {"graders": {"valid": VALID, "f1": f1()}, "formula": "f1"},
    "files": ["topics.json"],
    "cases": "cases.jsonl",
    "changes": "The first version.",
}
SCORES = [1, 2 / 3, 0, 0, 1, 1, 0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a project with a store, and what an authoring file names."""
    (tmp_path / "topics.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "cases.jsonl").write_text("".join(f"{json.dumps(case)}\n" for case in CASES))
    (tmp_path / "rft.toml").write_text('[registry]\nstores = ["store"]\n')
    FolderStore.create(tmp_path / "store", "store")
    return tmp_path


def write(folder: Path, **changed: Any) -> Path:
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump({**SPEC, **changed}, sort_keys=False))
    return path


def publish(folder: Path, **options: Any) -> int:
    given: dict[str, Any] = {"to": None, "sign": None, "bump_reason": None, "dry_run": False}
    return publish_command(authoring=folder / "spec.yaml", project=folder, **{**given, **options})


def put(folder: Path, **changed: Any) -> Document:
    """Publish without a trial, as the version before."""
    authoring = read_authoring(write(folder, **changed))
    first = {"version": authoring.spec.version, "date": "2026-01-02", "changes": "The first."}
    document = authoring.document(scores=SCORES, changelog=[first])
    store_of(folder).publish(document)
    return document


def store_of(folder: Path) -> FolderStore:
    return FolderStore(folder / "store", "store")


def versions(folder: Path) -> list[str]:
    return [entry.version for entry in store_of(folder).versions(NAME)]


def read(folder: Path, version: str) -> Document:
    store = store_of(folder)
    (entry,) = (one for one in store.versions(NAME) if one.version == version)
    return store.read(entry)


def test_a_first_version_is_tested_signed_and_published(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = folder / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(command, check=True, timeout=60)
    write(folder)
    assert publish(folder, sign=key) == 0
    document = read(folder, "1.0.0")
    printed = capsys.readouterr().out
    assert f"{NAME}@1.0.0 published to store, signed" in printed
    assert f"digest: {document.digest}" in printed
    assert f"use: {NAME}@^1.0.0" in printed

    spec = document.spec
    assert spec.scores == (1, 2 / 3, 0, 0, 1, 1, 0)
    assert spec.graders == {"json_schema": "1", "multilabel": "1"}
    assert [(one.version, one.bump, one.overruled) for one in spec.changelog] == [
        ("1.0.0", None, None)
    ]
    (folder / "a.card.json").write_text(json.dumps(spec.card))
    card = read_card(folder / "a.card.json")
    assert card.passed
    assert card.cases is not None
    assert card.cases.agreed == len(CASES)
    assert str(folder).encode() not in document.data

    store = store_of(folder)
    (entry,) = store.versions(NAME)
    assert entry.passed
    signature = store.signature(entry)
    assert signature is not None
    (folder / "signers").write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
    assert verify_signature(document.data, signature, folder / "signers") == "ada@example.org"


def test_what_does_not_pass_is_not_published(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "topics.json").write_text(json.dumps({"type": "object"}))
    write(folder)
    assert publish(folder) == 1
    printed = capsys.readouterr().out
    assert f"{NAME}: does not pass" in printed
    assert "attacks that were paid: " in printed
    assert f"not published: {NAME}@1.0.0 does not pass its tests" in printed
    assert versions(folder) == []


def test_equal_scores_are_a_patch_and_a_dry_run_publishes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder)
    write(folder, version="1.0.1", description="In other words")
    assert publish(folder, dry_run=True) == 0
    printed = capsys.readouterr().out
    assert "the scores call for a patch version:" in printed
    assert "all 7 cases score the same" in printed
    assert f"{NAME}@1.0.1 would be published to store" in printed
    assert versions(folder) == ["1.0.0"]


JACCARD = {"graders": {"valid": VALID, "f1": f1(metric="jaccard")}, "formula": "f1"}


def test_a_bump_that_is_too_small_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder)
    write(folder, version="1.1.0", reward=JACCARD, changes="Stricter.")
    with pytest.raises(RegistryError, match=r"1\.1\.0 is a minor version after 1\.0\.0") as told:
        publish(folder)
    assert "Publish it as 2.0.0, or" in str(told.value.hint)
    assert "case c1: 0.6667 -> 0.5 (-0.1667)" in capsys.readouterr().out
    assert versions(folder) == ["1.0.0"]


def test_a_reason_overrules_the_scores_and_is_recorded(folder: Path) -> None:
    put(folder)
    write(folder, version="1.1.0", reward=JACCARD, changes="Stricter.")
    assert publish(folder, bump_reason="Nobody uses it yet.") == 0
    newest, first = read(folder, "1.1.0").spec.changelog
    assert (newest.bump, newest.overruled) == ("major", "Nobody uses it yet.")
    assert (newest.changes, first.changes) == ("Stricter.", "The first.")


def test_a_larger_bump_is_allowed_and_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder)
    write(folder, version="2.0.0")
    assert publish(folder, bump_reason="To be safe.") == 0
    printed = capsys.readouterr().out
    assert "2.0.0 is a major version, which is more than needed" in printed
    assert "not recorded: nothing is overruled" in printed
    change = read(folder, "2.0.0").spec.changelog[0]
    assert (change.bump, change.overruled) == ("patch", None)


class TestRefused:
    """What is refused before anything is graded: these tests would take minutes otherwise."""

    def test_a_version_that_is_there(self, folder: Path) -> None:
        put(folder)
        with pytest.raises(VersionExistsError, match="is published already"):
            publish(folder)

    def test_a_name_that_looks_like_another(self, folder: Path) -> None:
        put(folder)
        write(folder, name="legal/eurov0c-f1")
        with pytest.raises(RegistryError, match="easily taken for legal/eurovoc-f1"):
            publish(folder)

    def test_a_version_below(self, folder: Path) -> None:
        put(folder, version="1.2.0")
        write(folder, version="1.1.9")
        with pytest.raises(RegistryError, match=r"1\.1\.9 is below 1\.2\.0"):
            publish(folder)

    def test_a_config_that_is_wrong(self, folder: Path) -> None:
        write(folder, reward={"graders": {"f1": f1(metrik="f1")}})
        with pytest.raises(TaskFileError, match="metrik: there is no such key"):
            publish(folder)

    def test_no_key_and_no_reason(self, folder: Path) -> None:
        write(folder)
        with pytest.raises(RegistryError, match="no such key"):
            publish(folder, sign=folder / "nobody")
        for reason in ("", "two\nlines", "\x1b[31m", "x" * 301):
            with pytest.raises(RegistryError, match="a reason is one line"):
                publish(folder, bump_reason=reason)

    def test_no_store(self, folder: Path) -> None:
        write(folder)
        with pytest.raises(StoreError, match="only read"):
            publish(folder, to="https://example.org/specs/")
        (folder / "rft.toml").write_text("[registry]\nstores = []\n")
        with pytest.raises(StoreError, match="names no store that can be written to"):
            publish(folder)
        with pytest.raises(StoreError):
            publish(folder, to="nowhere")


def test_ctrl_c_leaves_nothing(folder: Path) -> None:
    """Interrupted while the child grades: no document, no process, no temporary folder."""
    write(folder)
    work = folder / "work"
    work.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "rft_core", "registry", "publish", "spec.yaml"],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(work)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(lambda: any(work.glob("*/spec/spec.json")))
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode not in {0, 1, 2}
    assert "interrupted" in told
    assert "Traceback" not in told
    assert versions(folder) == []
    assert [path.name for path in (folder / "store").iterdir()] == ["index.json"]
    assert list(work.iterdir()) == []
    wait_for(lambda: not processes_in(work))


def processes_in(folder: Path) -> list[str]:
    """Return the command lines that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in text:
            found.append(text)
    return found


def wait_for(condition: Any, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_version_is_yanked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder)
    assert yank_command(f"{NAME}@1.0.0", "Paid for nothing.", None, folder) == 0
    assert f"{NAME}@1.0.0 is yanked in store" in capsys.readouterr().out
    (entry,) = store_of(folder).versions(NAME)
    assert entry.yanked == "Paid for nothing."
    assert read(folder, "1.0.0").title == f"{NAME}@1.0.0"


@pytest.mark.parametrize(
    ("reference", "reason", "message"),
    [
        (NAME, "Because.", "is no one version"),
        (f"{NAME}@^1", "Because.", "is no one version"),
        (f"{NAME}@1", "Because.", "is no one version"),
        (f"{NAME}@1.0.1", "Because.", "there is no legal/eurovoc-f1@1.0.1"),
        ("legal/nothing@1.0.0", "Because.", "there is no legal/nothing@1.0.0"),
        ("nothing", "Because.", "is no name"),
        (f"{NAME}@1.0.0", " ", "a reason is one line"),
    ],
)
def test_what_is_not_yanked(folder: Path, reference: str, reason: str, message: str) -> None:
    put(folder)
    with pytest.raises(UsageError, match=message):
        yank_command(reference, reason, None, folder)
    assert store_of(folder).versions(NAME)[0].yanked is None


def test_a_version_is_yanked_in_the_store_that_has_it(folder: Path) -> None:
    put(folder)
    FolderStore.create(folder / "other", "other")
    (folder / "rft.toml").write_text('[registry]\nstores = ["other", "store"]\n')
    with pytest.raises(RegistryError, match="there is no"):
        yank_command(f"{NAME}@1.0.0", "Because.", "other", folder)
    assert yank_command(f"{NAME}@1.0.0", "Because.", None, folder) == 0
    assert store_of(folder).versions(NAME)[0].yanked == "Because."
