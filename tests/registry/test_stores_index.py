"""The index of a store, as its owner writes it and as an enemy may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grader_registry.document import Document
from grader_registry.errors import DocumentError, StoreError
from grader_registry.stores.index import Index, read_index, write_index
from grader_registry.stores.layout import entry_of, ordered, read_note, version_of, write_note
from grader_registry.stores.store import Entry

DIGEST = "sha256:" + "0123456789abcdef" * 4


def entry(**changes: Any) -> dict[str, Any]:
    good = {
        "digest": DIGEST,
        "description": "Pays for right answers",
        "kind": "reward",
        "keywords": ["law"],
        "graders": ["string_check"],
        "date": "2026-01-02",
        "passed": True,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def index(specs: Any, **more: Any) -> bytes:
    return json.dumps({"index": 1, "specs": specs, **more}).encode()


def test_what_is_written_can_be_read() -> None:
    first = Entry("a/b", "1.9.0", DIGEST, "x", "grader", ("k",), ("g",), "2026-01-02", True)
    second = Entry("a/b", "1.10.0", DIGEST, yanked="pays for nothing")
    written = Index({"a/b": (first, second), "c/d": (Entry("c/d", "1.0.0", DIGEST),)}, {"a/b": "m"})
    data = write_index(written)
    assert read_index(data, "test") == written
    assert data.count(b"\n") > 5, "a line for each spec"
    assert read_index(write_index(Index()), "test") == Index()


def test_versions_are_put_in_order() -> None:
    data = index({"a/b": {"1.10.0": entry(), "1.9.0": entry(), "1.10.0-rc.1": entry()}})
    versions = [one.version for one in read_index(data, "test").entries["a/b"]]
    assert versions == ["1.9.0", "1.10.0-rc.1", "1.10.0"]


def test_keys_of_later_versions_are_left_aside() -> None:
    data = index({"a/b": {"1.0.0": entry(stars=5)}}, later={"x": []})
    assert read_index(data, "test").entries["a/b"][0].digest == DIGEST


def test_only_the_digest_and_the_kind_have_to_be_there() -> None:
    data = index({"a/b": {"1.0.0": {"digest": DIGEST, "kind": "grader"}}})
    assert read_index(data, "test").entries["a/b"] == (
        Entry("a/b", "1.0.0", DIGEST, kind="grader"),
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"digest": ...}, "digest"),
        ({"digest": "sha256:0"}, "digest"),
        ({"digest": DIGEST.upper()}, "digest"),
        ({"digest": f"{DIGEST}\n"}, "digest"),
        ({"digest": 5}, "digest"),
        ({"kind": ...}, "kind"),
        ({"kind": "script"}, "kind"),
        ({"kind": "\x1b[2J"}, "kind"),
        ({"description": 5}, "description"),
        ({"description": "x\x1b[2J"}, "control characters"),
        ({"description": "x\ny"}, "control characters"),
        ({"description": "abc\u202edef"}, "control characters"),
        ({"description": "\ud800"}, "control characters"),
        ({"description": "x" * 301}, "description"),
        ({"keywords": "law"}, "keywords"),
        ({"keywords": [5]}, "keywords"),
        ({"keywords": ["ok", "\x07"]}, "control characters"),
        ({"keywords": ["x" * 301]}, "keywords"),
        ({"keywords": ["x"] * 1001}, "keywords"),
        ({"graders": {"a": 1}}, "graders"),
        ({"graders": [["a"]]}, "graders"),
        ({"date": "yesterday"}, "date"),
        ({"date": "\u0662026-01-02"}, "date"),
        ({"date": None}, "date"),
        ({"passed": 1}, "passed"),
        ({"passed": "yes"}, "passed"),
        ({"yanked": True}, "yanked"),
        ({"yanked": "\x00"}, "control characters"),
    ],
)
def test_hostile_entries_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        read_index(index({"a/b": {"1.0.0": entry(**changes)}}), "their store")
    assert str(caught.value).startswith("their store: a broken index: 'a/b@1.0.0'")
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"index": 1}',
        b'{"index": true, "specs": {}}',
        b'{"index": "1", "specs": {}}',
        b'{"index": 2, "specs": {}}',
        b'{"index": 1, "specs": []}',
        b'{"index": 1, "specs": {}, "made_from": []}',
        b'{"index": 1, "specs": {}, "made_from": {"a/b": 5}}',
        b'{"index": 1, "index": 1, "specs": {}}',
        b'{"index": 1, "specs": {"a/b": {}, "a/b": {}}}',
        b'{"index": 1, "specs": {"a/b": []}}',
        b'{"index": 1, "specs": {"a/b": {"1.0.0": []}}}',
        b'{"index": 1, "specs": {"a/b": {"1.0.0": null}}}',
        b'{"index": NaN, "specs": {}}',
        b'{"index": ' + b"1" * 10_000 + b', "specs": {}}',
        index({"../../etc/passwd": {}}),
        index({"a/../b": {}}),
        index({"A/b": {}}),
        index({"a": {}}),
        index({"а/b": {}}),  # noqa: RUF001 - a Cyrillic letter
        index({"a/con": {}}),
        index({"a/b": {"1.0": entry()}}),
        index({"a/b": {"../1.0.0": entry()}}),
        index({"a/b": {"1.0.0\n": entry()}}),
        index({"a/b": {"1.0.0+x": entry()}}),
        index({"a/b": {"1.0.0-a.yanked": entry()}}),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 4_000_000,
        b"[0" + b",0" * 4_000_000 + b"]",
        b" " * 50_000_001,
    ],
    ids=lambda data: str(data[:30]),
)
def test_hostile_indexes_are_refused(data: bytes) -> None:
    with pytest.raises(StoreError) as caught:
        read_index(data, "their store")
    assert str(caught.value).startswith("their store: ")
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 400


def test_a_document_that_no_index_can_speak_of() -> None:
    plain = {
        "name": "a/b",
        "version": "1.0.0",
        "description": "x",
        "owners": ["us"],
        "license": "MIT",
        "grader": {"use": "x\x1b[2J", "config": {}},
    }
    with pytest.raises(DocumentError, match="graders holds control characters"):
        entry_of(Document.write(plain, "test"), None, "here")


def test_names_of_files() -> None:
    assert version_of("1.0.0.json") == ("1.0.0", ".json")
    assert version_of("1.0.0-rc.1.yanked.json") == ("1.0.0-rc.1", ".yanked.json")
    assert version_of("1.0.0.json.sig") == ("1.0.0", ".json.sig")
    assert version_of("README.md") is None
    for name in ("package.json", ".json", "1.0.json", "1.0.0\n.json", "yanked.json"):
        with pytest.raises(ValueError, match="no semantic version"):
            version_of(name)
    with pytest.raises(ValueError, match="no semantic version"):
        ordered("1.0.0\n")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"reason": 5}', b"[" * 9_000, b"\xff", b'{"reason": "\\n"}']
)
def test_notes_that_are_none(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_note(data)


def test_notes() -> None:
    assert read_note(write_note("pays für nothing")) == "pays für nothing"
