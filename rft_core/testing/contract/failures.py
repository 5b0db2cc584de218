"""Failures of grading surface as errors: they are never a score, and never "not applicable"."""

from __future__ import annotations

import asyncio
import http.client
import socket
import sys
import threading
import urllib.error
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, TypeAlias

from rft_core.grader import Grader
from rft_core.testing.contract.bench import Bench, shown, told
from rft_core.testing.contract.concurrency import home
from rft_core.testing.contract.results import accepts
from rft_core.testing.contract.watching import listening
from rft_core.testing.findings import Finding
from rft_core.types import Grade, Item, Sample

_NEVER_ZERO: Final = "a failure of grading is an error, no score: nothing is known about the sample"
_FIX: Final = (
    "Catch the particular exceptions that a wrong completion causes, around the line that reads "
    "it, and let everything else escape."
)
OFFLINE_SECONDS: Final = 10.0
"""A grader that tries again and again when a service is down is not waited for."""


class InjectedError(Exception):
    """A failure that no grader expects."""


def _fail(*_: object, **__: object) -> Any:
    _raised.append(True)
    raise InjectedError("the test kit made this fail")


_raised: Final[list[bool]] = []
_SPECIAL: Final = (
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "__len__",
    "__iter__", "__getitem__", "__add__", "__radd__", "__mod__", "__mul__", "__float__", "__int__",
    "__bool__", "__sub__", "__rsub__", "__truediv__", "__rtruediv__", "__abs__", "__format__",
)  # fmt: skip


def _failing_type(base: type[Any]) -> type[Any]:
    """Return a subclass whose values fail whatever is done with them."""
    public = [name for name in dir(base) if not name.startswith("_")]
    special = [name for name in _SPECIAL if hasattr(base, name)]
    members: dict[str, Any] = dict.fromkeys([*public, *special], _fail)
    if "__eq__" in members:
        members["__hash__"] = base.__hash__
    return type(f"Failing{base.__name__}", (base,), members)


_FAILING: Final[dict[type, type[Any]]] = {
    base: _failing_type(base) for base in (str, int, float, list, dict)
}


class _FailingFields(Mapping[str, Any]):
    """Fields that cannot be read."""

    __getitem__ = __iter__ = __len__ = _fail
    get = keys = items = values = __contains__ = __eq__ = _fail
    __hash__ = None  # type: ignore[assignment]


def swallowed(bench: Bench) -> Iterator[Finding]:
    """Let a row's values fail when they are used: grading is an error then."""
    for sample in bench.typical:
        for what, fields in _broken_fields(sample.item):
            item = Item(sample.item.id, sample.item.messages, fields)
            _raised.clear()
            grade = bench.alone(Sample(item, sample.text))
            if _raised and grade.error is None and not _is_earned(bench, sample, grade):
                yield Finding(
                    "swallowed", f"{shown(sample)}, with {what} that raises InjectedError",
                    told(grade), _NEVER_ZERO, _FIX,
                )  # fmt: skip


def _broken_fields(item: Item) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if item.fields:
        yield "a row", _FailingFields()
    for key, value in item.fields.items():
        failing = _FAILING.get(type(value))
        if failing is not None:
            yield f"a value of column {key!r}", {**item.fields, key: failing(value)}


def _is_earned(bench: Bench, sample: Sample, grade: Grade) -> bool:
    """Whether a grade is the one without the failure: the grader could do without."""
    before = bench.first[bench.samples.index(sample)]
    return grade.score is not None and grade.score == before.score and grade.score > bench.low


# Services


def services(bench: Bench) -> Iterator[Finding]:
    """With the network, files or programs failing, what needs them is an error."""
    yield from _lost_connections(bench)
    for what, events in _SERVICES.items():
        for sample in bench.typical[:1]:
            grade = _without(bench, sample, events)
            if grade is not None and grade.error is None and not _is_earned(bench, sample, grade):
                yield Finding(
                    "services", f"{shown(sample)}, {what}", told(grade), _NEVER_ZERO,
                    _FIX + " A service that does not answer raises.",
                )  # fmt: skip


_SERVICES: Final = {
    "while the network is down": ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"),
    "while files cannot be opened": ("open", "sqlite3.connect"),
    "while no program can be started": ("subprocess.Popen", "os.system", "os.posix_spawn"),
}


_CONNECTION_ERRORS: Final = (
    ConnectionError,
    socket.gaierror,
    urllib.error.URLError,
    http.client.HTTPException,
)


def _lost_connections(bench: Bench) -> Iterator[Finding]:
    """Find samples with the lowest score, or none, in whose grading a connection failed."""
    if bench.is_isolated or bench.is_paid:
        return
    for sample in bench.within_budget(bench.samples):
        with _raised_in(bench) as raised:
            grade = bench.alone(sample)
        if raised and grade.error is None and (grade.score or bench.low) <= bench.low:
            yield Finding(
                "services", f"{shown(sample)}; grading it raised {raised[0]}, which was caught",
                told(grade), _NEVER_ZERO, _FIX + " A service that does not answer raises.",
            )  # fmt: skip


@contextmanager
def _raised_in(bench: Bench) -> Iterator[list[str]]:
    """Note the failures of connections that pass through the grader's own code meanwhile."""
    own, raised = home(bench), []

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if not frame.f_code.co_filename.startswith(own):
            return None
        if event == "exception" and issubclass(arg[0], _CONNECTION_ERRORS):
            raised.append(arg[0].__name__)
        return trace

    async def trace_loop(tracer: Any) -> None:
        sys.settrace(tracer)

    def switch(tracer: Any) -> None:
        if bench.grader.is_async():
            bench.loop.call(trace_loop(tracer))
        else:
            sys.settrace(tracer)

    switch(trace)
    try:
        yield raised
    finally:
        switch(None)


def _without(bench: Bench, sample: Sample, events: tuple[str, ...]) -> Grade | None:
    """Return the grade while the events fail; None if the grader does not need them."""
    refused: list[str] = []

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if event in events and not _is_of_python(event, args):
            refused.append(event)
            raise ConnectionRefusedError(111, "the test kit made this fail")

    grader = bench.new_grader()
    grades: list[Grade] = []
    others = bench.order.samples[:3] if grader.whole_batches else ()
    bench.tell(f"{shown(sample)}, while {', '.join(events)} fail", bench.seconds())

    def grade() -> None:
        with listening(refuse):
            grades.extend(_graded(bench, [*others, sample], grader))

    thread = threading.Thread(target=grade, daemon=True)
    thread.start()
    thread.join(OFFLINE_SECONDS)
    return grades[-1] if refused and grades else None


def _graded(bench: Bench, samples: list[Sample], grader: Any) -> list[Grade]:
    try:
        return bench.quietly(samples, grader)
    except asyncio.CancelledError:
        return []


_PYTHON_ENDINGS: Final = (".py", ".pyc", ".so", ".pyi", ".pth", ".zip", "METADATA", ".txt.gz")


def _is_of_python(event: str, args: tuple[Any, ...]) -> bool:
    """Whether a file belongs to the interpreter or an import."""
    if event != "open" or not args:
        return False
    name = str(args[0])
    own = (sys.prefix, sys.base_prefix, "/proc", "/sys", "/dev", "/usr", "/etc")
    return isinstance(args[0], int) or name.endswith(_PYTHON_ENDINGS) or name.startswith(own)


# Rows


def broken_rows(bench: Bench) -> Iterator[Finding]:
    """Take columns away: a row that lacks what grading needs does not score 0.

    Nor does one with a value of the wrong kind, where the grader checks rows at all.
    """
    checks_rows = type(bench.grader).check_item is not Grader.check_item
    yield from _broken_rows(bench, _damaged if checks_rows else _lacking)


def wrong_kinds(bench: Bench) -> Iterator[Finding]:
    """Whether values of the wrong kind in a row are noticed, where nobody checks rows."""
    if type(bench.grader).check_item is Grader.check_item:
        yield from _broken_rows(bench, _of_wrong_kind)


def _broken_rows(bench: Bench, damages: Callable[[Sample], Iterator[Damage]]) -> Iterator[Finding]:
    if bench.is_paid or not bench.is_given:
        return
    for sample in bench.best[:3]:
        for what, fields, answers in damages(sample):
            item = Item(sample.item.id, sample.item.messages, fields)
            if not accepts(bench, item):
                continue
            grade = bench.alone(Sample(item, sample.text))
            if grade.score is None or grade.score > bench.low:
                continue
            if _can_be_answered(bench, item, sample, answers):
                continue
            yield Finding(
                "broken_rows", f"{shown(sample)}, {what}",
                f"{told(grade)}, and no other completion earns anything",
                "a row that cannot be graded is refused by check_item (ValueError) or is an error",
                "Raise ValueError in check_item where a column is missing or wrong, and read it "
                "with fields[name] in grade.",
            )  # fmt: skip


Damage: TypeAlias = tuple[str, dict[str, Any], tuple[str, ...]]
"""What is damaged, the fields then, and completions that would be right if the row is meant so."""


def _damaged(sample: Sample) -> Iterator[Damage]:
    yield from _lacking(sample)
    yield from _of_wrong_kind(sample)


def _lacking(sample: Sample) -> Iterator[Damage]:
    fields = sample.item.fields
    for key in fields.keys() - {"task"}:
        rest = {name: value for name, value in fields.items() if name != key}
        yield f"whose row lacks column {key!r}", rest, ()


def _of_wrong_kind(sample: Sample) -> Iterator[Damage]:
    fields = dict(sample.item.fields)
    for key, value in fields.items():
        if key == "task":
            continue
        yield f"whose column {key!r} is None", {**fields, key: None}, ("null", "{}", "[]")
        if isinstance(value, str | int | float):
            odd = {"unexpected": [None]}
            answers = ('{"unexpected": [null]}', "unexpected")
            yield f"whose column {key!r} is an object", {**fields, key: odd}, answers


def _can_be_answered(bench: Bench, item: Item, damaged: Sample, answers: tuple[str, ...]) -> bool:
    """Whether something earns more than the lowest score: the column is optional, or meant so."""
    known = [sample.text for sample, _ in bench.graded if sample.item is damaged.item]
    texts = dict.fromkeys([*answers, *_reference(bench, item, answers), *known])
    samples = [Sample(item, text) for text in texts if text.strip()]
    return any((grade.score or bench.low) > bench.low for grade in bench.each(samples[:20]))


def _reference(bench: Bench, item: Item, answers: tuple[str, ...]) -> list[str]:
    """Return the reference of a row that lacks a column; other damage would be quoted in it."""
    if answers:
        return []
    try:
        text = bench.grader.reference_completion(item)
    except Exception:  # noqa: BLE001 - it cannot know one
        return []
    return [text] if isinstance(text, str) and text != "None" else []
