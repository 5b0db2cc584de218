"""The cases of two versions, each once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from grader_registry.document import Document

Case: TypeAlias = Mapping[str, Any]


def union(old: Document, new: Document) -> tuple[Sequence[Case], Sequence[Case]]:
    """Return all cases of the new version, and those of the old one that it has not.

    An item's cases stay together, as some graders compare them: where one is missing in the new
    version, all of the old one's are taken.
    """
    there = {key(case) for case in new.spec.cases}
    gone = {_item(case) for case in old.spec.cases if key(case) not in there}
    return new.spec.cases, [case for case in old.spec.cases if _item(case) in gone]


def key(case: Case) -> str:
    """Return what cases are equal by: item and completion, not name and expectation."""
    return json.dumps([case.get("item"), case.get("completion")], sort_keys=True)


def places(cases: Sequence[Case], version: str = "") -> list[tuple[str, str]]:
    """Return what each case is called in messages, and which item it is of.

    A case without a name is called after its place; `version` is named for an old version's.
    """
    of = f" of {version}" if version else ""
    names = (case.get("id", f"number {index}") for index, case in enumerate(cases, start=1))
    return [
        (f"case {name}{of}", f"{version} {_item(case)}")
        for name, case in zip(names, cases, strict=True)
    ]


def _item(case: Case) -> str:
    return json.dumps(case.get("item"), sort_keys=True)
