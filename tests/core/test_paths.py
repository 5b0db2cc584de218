"""JSONPath: the short cut finds what the library finds."""

from __future__ import annotations

import jsonpath
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rft_core.paths import compile_path

KEYS = st.sampled_from(["a", "b", "code", "level 1", "é", "0"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "a", "abc"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)
STEPS = st.one_of(
    st.just("[*]"),
    st.just(".*"),
    st.integers(-5, 5).map(lambda index: f"[{index}]"),
    KEYS.map(lambda key: f"['{key}']"),
    st.sampled_from([".a", ".b", ".code"]),
)
SIMPLE_PATHS = st.lists(STEPS, max_size=4).map(lambda steps: "$" + "".join(steps))


@given(DOCUMENTS, SIMPLE_PATHS)
@example({"a": "abc"}, "$.a[0]")
@example({"a": "abc"}, "$.a[*]")
@example({"0": 1}, "$[0]")
@example([1], "$['0']")
@example(None, "$.*")
@example({"a": False}, "$")
def test_simple_paths_find_what_the_library_finds(document: object, path: str) -> None:
    assert compile_path(path)(document) == jsonpath.compile(path, strict=True).findall(document)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$..code", ["A", "B", "C"]),
        ("$.level1[0:1].code", ["A"]),
        ("$.level1[?@.code == 'B'].n", [2]),
        ("$.level1[0]['code', 'n']", ["A", 1]),
        ("$.level1[-1].code", ["B"]),
        ("$.nothing.here", []),
        ("level1", [[{"code": "A", "n": 1}, {"code": "B", "n": 2}]]),
    ],
)
def test_paths(path: str, found: list[object]) -> None:
    document = {
        "level1": [{"code": "A", "n": 1}, {"code": "B", "n": 2}],
        "other": {"code": "C"},
    }
    assert compile_path(path)(document) == found


@given(st.text().filter(lambda key: not key.startswith("$")))
@example("a.b")
@example("it's")
@example('say "x"')
@example("back\\slash")
@example("\\'")
@example("[0]")
@example("*")
@example("")
@example("line\nbreak")
@example("tab\t")
def test_a_bare_key_is_that_key_whatever_stands_in_it(key: str) -> None:
    assert compile_path(key)({key: 1, "other": 2}) == [1]


@pytest.mark.parametrize(
    "path",
    [
        "$.",
        "$[",
        "$..",
        "$a",
        "$.a[",
        "$.a[?",
        "$['a'",
        "$.a b",
        "$.a && $.b",
        "$.length()",
        "$[999999999999999999999]",
        "$[01]",
        "$.a[1:2:3:4]",
    ],
)
def test_a_bad_path_is_refused_by_name(path: str) -> None:
    with pytest.raises(ValueError, match="is not a JSONPath") as caught:
        compile_path(path)
    assert repr(path) in str(caught.value)


def test_a_very_long_path_still_works() -> None:
    assert compile_path("$" + "[0]" * 3_000)([]) == []


def test_a_path_is_compiled_once() -> None:
    assert compile_path("$.a[*].b") is compile_path("$.a[*].b")


def test_finding_changes_nothing() -> None:
    document = {"a": [{"b": 1}]}
    compile_path("$.a[*]")(document).clear()
    assert document == {"a": [{"b": 1}]}
