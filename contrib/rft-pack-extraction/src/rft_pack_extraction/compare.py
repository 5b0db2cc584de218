"""A record held against the right one, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from rft_pack_extraction.config import Fields, RecordField
from rft_pack_extraction.fields import shown

State: TypeAlias = Literal["right", "wrong", "missing", "extra"]
Expected: TypeAlias = Mapping[str, Any]
"""What is expected of the fields that the right record has, by name."""

_TOLD: Final = 5
_NAME: Final = 60


@dataclass(slots=True)
class Comparison:
    """What became of each field, in the order of the declaration; extra ones at the end."""

    findings: list[tuple[str, State, str | None]] = field(default_factory=list)
    """Path, state, and what is wrong."""

    def add(self, path: str, state: State, fault: str | None = None) -> None:
        """Note a field."""
        self.findings.append((path, state, fault))

    def reason(self) -> str:
        """Return which fields are not right, the first five of each kind."""
        parts = [self._told(state) for state in ("wrong", "missing", "extra")]
        return "; ".join(part for part in parts if part) or "all fields right"

    def _told(self, state: State) -> str:
        of = [(path, fault) for path, found, fault in self.findings if found == state]
        told = [_printable(path) + (f" ({fault})" if fault else "") for path, fault in of[:_TOLD]]
        more = [f"and {len(of) - _TOLD} more"] if len(of) > _TOLD else []
        return f"{state}: {', '.join(told + more)}" if of else ""


def expect(fields: Fields, record: Any, where: str = "") -> Expected:
    """Return what a row's record makes expect. Raises `ValueError` that names the field."""
    if not isinstance(record, dict):
        raise ValueError(f"{where or 'the reference'} is no record: {record!r:.60}")  # noqa: TRY004 -- an error of the row
    unknown = [f"{where}.{name}".lstrip(".") for name in record if name not in fields]
    if unknown:
        raise ValueError(f"the reference has a field that is not declared: {unknown[0]}")
    expected: dict[str, Any] = {}
    for name, one in fields.items():
        path = f"{where}.{name}".lstrip(".")
        value = record.get(name)
        if value is not None:
            expected[name] = _expected(one, value, path)
        elif not one.optional:
            raise ValueError(f"the reference lacks {path}, which is not optional")
    if not expected:
        raise ValueError(f"{where or 'the reference'} has no field at all")
    return expected


def _expected(one: Any, value: Any, path: str) -> Any:
    if isinstance(one, RecordField):
        return expect(one.fields, value, path)
    try:
        return one.expect(value)
    except ValueError as error:
        raise ValueError(f"{path} of the reference: {error}") from None


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares records; each field that should not be there costs `extra`."""

    extra: float

    def share(
        self, fields: Fields, expected: Expected, answer: Any, into: Comparison, prefix: str = ""
    ) -> float:
        """Return the weighted share of right fields less the cost of extra ones, 0 to 1.

        Fields that the right record does not have are no part of the share; null says that a field
        is not there.
        """
        if not isinstance(answer, dict):
            into.add(prefix.rstrip(".") or "all", "wrong", f"{shown(answer)} is no record")
            return 0.0
        total = sum(fields[name].weight for name in expected)
        points = 0.0
        for name, value in expected.items():
            one, path = fields[name], f"{prefix}{name}"
            points += one.weight * self._points(one, value, answer.get(name), into, path)
        return max(points - self._cost(fields, expected, answer, into, prefix), 0.0) / total

    def _points(self, one: Any, expected: Any, answer: Any, into: Comparison, path: str) -> float:
        """Return how right one field is, 0 to 1."""
        if answer is None:
            into.add(path, "missing")
            return 0.0
        if isinstance(one, RecordField):
            return self.share(one.fields, expected, answer, into, f"{path}.")
        fault = one.fault(expected, answer)
        into.add(path, "wrong" if fault else "right", fault)
        return 0.0 if fault else 1.0

    def _cost(
        self, fields: Fields, expected: Expected, answer: Any, into: Comparison, prefix: str
    ) -> float:
        """Return what the fields cost that should not be there."""
        cost = 0.0
        for name, value in answer.items():
            if name in expected or (name in fields and value is None):
                continue
            into.add(f"{prefix}{name}", "extra")
            cost += self.extra
        return cost


def _printable(path: str) -> str:
    """Return a path as it may stand in a reason: a completion may call a field anything."""
    short = path if len(path) <= _NAME else f"{path[:_NAME]}…"
    return short if short.isprintable() else repr(short)
