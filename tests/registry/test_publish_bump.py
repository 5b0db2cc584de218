"""Which bump scores call for, which one a version is, and what it is compared with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from grader_registry.document import Document
from grader_registry.errors import RegistryError, VersionExistsError
from grader_registry.publishing.bump import bump_of, called_for, lowest
from grader_registry.publishing.history import predecessor
from grader_registry.replay.comparison import Comparison, replay
from grader_registry.replay.moves import Moves, Pair
from grader_registry.stores.folder import FolderStore
from grader_registry.subject import Score

PLAIN: dict[str, Any] = {
    "name": "legal/eurovoc-f1",
    "version": "1.0.0",
    "description": "Topics",
    "owners": ["ada@example.org"],
    "license": "MIT",
    "columns": {"topics": "the right labels"},
}
F1 = {"use": "multilabel", "config": {"labels": "$.topics[*]", "reference": "topics"}}


def document(**changed: Any) -> Document:
    kept = {key: value for key, value in {**PLAIN, "grader": F1, **changed}.items() if value}
    return Document.write(kept, "here")


def comparison(*scores: tuple[Score, Score], **changed: Any) -> Comparison:
    pairs = [Pair(f"case {i}", str(i), old, new) for i, (old, new) in enumerate(scores)]
    return Comparison(document(), document(version="1.0.1", **changed), Moves(pairs))


ABOVE = 0.1 + 0.2


@pytest.mark.parametrize(
    ("scores", "bump"),
    [
        ([(1.0, 1.0), (None, None), ("error", "error"), (1, 1.0)], "patch"),
        ([(0.5, 0.6), (1.0, 1.0)], "minor"),
        ([(0.3, ABOVE)], "minor"),
        ([("error", 0.0)], "minor"),
        ([(None, 0.0)], "minor"),
        ([(-2.0, -1.0)], "minor"),
        ([(ABOVE, 0.3)], "major"),
        ([(0.5, 0.4), (0.5, 0.9)], "major"),
        ([(0.0, None)], "major"),
        ([(0.0, "error")], "major"),
        ([(None, "error")], "major"),
        ([("error", None)], "major"),
    ],
)
def test_the_bump_that_scores_call_for(scores: list[tuple[Score, Score]], bump: str) -> None:
    assert called_for(comparison(*scores)).bump == bump


def test_the_cases_that_moved_are_told() -> None:
    call = called_for(comparison((1.0, 0.5), (0.25, 0.5), (None, "error"), (1.0, 1.0)))
    assert call.why[0] == "3 of 4 cases move: 1 up, 2 down or to no score"
    assert call.why[2:5] == (
        "  case 2: not applicable -> error",
        "  case 0: 1 -> 0.5 (-0.5)",
        "  case 1: 0.25 -> 0.5 (+0.25)",
    )
    (line,) = (one for one in called_for(comparison((0.3, ABOVE))).why if "case 0" in one)
    assert "0.3 -> 0.30000000000000004" in line
    many = called_for(comparison(*[(1.0, 0.0)] * 9))
    assert sum(": 1 -> 0" in one for one in many.why) == 5
    assert any("and 4 more" in one for one in many.why)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"columns": {"topics": "x", "tags": "y"}}, "change: +tags"),
        ({"columns": {}}, "change: -topics"),
        ({"grader": None, "reward": {"graders": {"f1": F1}}}, "was a grader and is a reward"),
    ],
)
def test_what_breaks_uses_is_major(changed: dict[str, Any], told: str) -> None:
    call = called_for(comparison((1.0, 1.0), **changed))
    assert call.bump == "major"
    assert told in call.why[0]


def test_without_cases_another_config_is_major() -> None:
    assert called_for(comparison()).bump == "patch"
    other = {"use": "multilabel", "config": {"labels": "$.tags[*]"}}
    call = called_for(comparison(grader=other))
    assert call.bump == "major"
    assert "no cases that show" in call.why[0]
    assert called_for(comparison(description="Other words")).bump == "patch"


@pytest.mark.parametrize(
    ("old", "new", "bump"),
    [
        ("1.2.3", "1.2.4", "patch"),
        ("1.2.3", "1.3.0", "minor"),
        ("1.2.3", "1.3.0-rc.1", "minor"),
        ("1.2.3", "2.0.0", "major"),
        ("0.1.0", "0.1.1", "minor"),
        ("0.1.4", "0.2.0", "major"),
        ("0.0.1", "0.0.2", "major"),
        ("0.0.1", "0.1.0", "major"),
        ("0.9.0", "1.0.0", "major"),
    ],
)
def test_the_bump_that_a_version_is(old: str, new: str, bump: str) -> None:
    assert bump_of(old, new) == bump


@pytest.mark.parametrize("old", ["1.2.3", "0.1.4", "0.0.1"])
@pytest.mark.parametrize("bump", ["patch", "minor", "major"])
def test_the_version_that_is_proposed_is_enough(old: str, bump: Any) -> None:
    proposed = bump_of(old, lowest(old, bump))
    order = ["patch", "minor", "major"]
    assert order.index(proposed) >= order.index(bump)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore.create(tmp_path / "store", "store")


def fill(store: FolderStore, *versions: str) -> None:
    for version in versions:
        store.publish(document(version=version))


@pytest.mark.parametrize(
    ("published", "new", "before"),
    [
        ((), "1.0.0", None),
        (("1.0.0", "1.1.0"), "1.1.1", "1.1.0"),
        (("1.0.0", "1.9.0", "1.10.0"), "1.11.0", "1.10.0"),
        (("1.4.0", "2.0.0"), "1.4.1", "1.4.0"),
        (("1.4.0", "2.0.0"), "3.0.0", "2.0.0"),
        (("0.1.0", "0.2.0"), "0.1.1", "0.1.0"),
        (("0.1.0", "0.2.0"), "0.3.0", "0.2.0"),
        (("1.0.0", "1.1.0-rc.1"), "1.1.0", "1.0.0"),
        (("1.0.0-rc.1",), "1.0.0", "1.0.0-rc.1"),
    ],
)
def test_what_a_version_is_compared_with(
    store: FolderStore, published: tuple[str, ...], new: str, before: str | None
) -> None:
    fill(store, *published)
    found = predecessor(document(version=new).spec, store)
    assert (found and found.version) == before


def test_what_is_yanked_is_no_measure(store: FolderStore) -> None:
    fill(store, "1.0.0", "1.1.0")
    store.yank("legal/eurovoc-f1", "1.1.0", "Paid for empty answers.")
    found = predecessor(document(version="1.2.0").spec, store)
    assert found is not None
    assert found.version == "1.0.0"
    with pytest.raises(RegistryError, match=r"1\.0\.5 is below 1\.1\.0"):
        predecessor(document(version="1.0.5").spec, store)


@pytest.mark.parametrize(
    ("published", "new"),
    [
        (("1.0.0", "1.2.0"), "1.1.0"),
        (("1.0.0", "3.0.0"), "2.0.0"),
        (("1.0.0",), "0.9.0"),
        (("1.0.0",), "1.0.0-rc.1"),
    ],
)
def test_nothing_is_published_below(
    store: FolderStore, published: tuple[str, ...], new: str
) -> None:
    fill(store, *published)
    with pytest.raises(RegistryError, match=r"is below .*, which is published") as told:
        predecessor(document(version=new).spec, store)
    assert not isinstance(told.value, VersionExistsError)


def test_a_version_is_published_once(store: FolderStore) -> None:
    fill(store, "1.0.0")
    with pytest.raises(VersionExistsError, match="is published already"):
        predecessor(document().spec, store)


@pytest.mark.parametrize("name", ["legal/eurov0c-f1", "legal/eurovoc-fl", "legal/euro-voc-f1"])
def test_names_that_are_easily_taken_for_another(store: FolderStore, name: str) -> None:
    fill(store, "1.0.0")
    with pytest.raises(RegistryError, match="easily taken for legal/eurovoc-f1"):
        predecessor(document(name=name).spec, store)
    assert predecessor(document(name="legal/eurovoc-recall").spec, store) is None


def case(name: str, topics: list[str], answer: Any) -> dict[str, Any]:
    item = {"id": name[0], "topics": topics}
    return {"id": name, "item": item, "completion": json.dumps(answer), "expected": 1}


def test_real_scores_call_for_a_bump() -> None:
    """The old version's cases count too, though the new one has them no more."""
    kept = case("a1", ["law"], {"topics": ["law"]})
    gone = case("b1", ["law", "trade"], {"topics": ["law"]})
    old = document(cases=[kept, gone])
    jaccard = {"use": "multilabel", "config": {**F1["config"], "metric": "jaccard"}}  # type: ignore[dict-item]
    new = document(version="1.0.1", grader=jaccard, cases=[kept])
    found = replay(old, new)
    assert [pair.where for pair in found.cases.pairs] == ["case a1", "case b1 of 1.0.0"]
    call = called_for(found)
    assert call.bump == "major"
    assert "  case b1 of 1.0.0: 0.6667 -> 0.5 (-0.1667)" in call.why
