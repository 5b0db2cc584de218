"""What graders return and raise becomes one of three outcomes, on every executor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from rft_core.errors import GraderContractError, OutputParseError, RunStopError
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall, ainvoke, invoke
from rft_core.testing import grade_all, make_grader, make_sample
from rft_core.types import Grade, GradeError, Sample

GradeTexts = Callable[..., list[Grade]]
KINDS = ["grade", "grade_batch", "async grade", "async grade_batch"]
INFINITE = (float("-inf"), float("inf"))


class Odd:
    """No number, and not even a polite refusal to be one."""

    def __float__(self) -> float:
        raise RuntimeError("odd")


class UnreadableError(Exception):
    """Fails when it is to be told."""

    def __str__(self) -> str:
        raise RuntimeError("unreadable")


@pytest.fixture(params=KINDS)
def grade_returning(
    request: pytest.FixtureRequest, grade_texts: GradeTexts
) -> Callable[..., Grade]:
    """Return a function that grades one sample with a grader of some kind, by its answer."""

    def grade(answer: Callable[[Sample], Any], **attributes: Any) -> Grade:
        def one(sample: Sample) -> Any:
            return answer(sample)

        def batch(samples: Sequence[Sample]) -> list[Any]:
            return [answer(sample) for sample in samples]

        async def aone(sample: Sample) -> Any:
            return answer(sample)

        async def abatch(samples: Sequence[Sample]) -> list[Any]:
            return [answer(sample) for sample in samples]

        functions: dict[str, Callable[..., Any]] = dict(
            zip(KINDS, [one, batch, aone, abatch], strict=True)
        )
        is_batched = str(request.param).endswith("batch")
        (result,) = grade_texts(functions[request.param], batch=is_batched, **attributes)
        return result

    return grade


def raising(error: BaseException) -> Callable[[Sample], Any]:
    def answer(_: Sample) -> Any:
        raise error

    return answer


@pytest.mark.parametrize(
    ("value", "score"),
    [(0.25, 0.25), (0, 0.0), (1, 1.0), (True, 1.0), (False, 0.0), (Fraction(1, 2), 0.5)],
    ids=repr,
)
def test_a_number_is_a_score(
    grade_returning: Callable[..., Grade], value: Any, score: float
) -> None:
    grade = grade_returning(lambda _: value)
    assert grade == Grade(score)
    assert type(grade.score) is float


def test_a_grade_is_taken_as_it_is(grade_returning: Callable[..., Grade]) -> None:
    given = Grade(0.5, "half right", {"precision": 1.0})
    assert grade_returning(lambda _: given) == given


@pytest.mark.parametrize("value", [Fraction(1, 2), Decimal("0.5"), True], ids=repr)
def test_the_score_of_a_grade_becomes_a_float(
    grade_returning: Callable[..., Grade], value: Any
) -> None:
    assert type(grade_returning(lambda _: Grade(value)).score) is float


def test_names_of_metrics_become_texts(grade_returning: Callable[..., Grade]) -> None:
    odd: Any = {1: 0.5, "recall": 1}
    grade = grade_returning(lambda _: Grade(1.0, metrics=odd))
    assert grade.metrics == {"1": 0.5, "recall": 1.0}
    assert {type(value) for value in grade.metrics.values()} == {float}


@pytest.mark.parametrize("value", [None, Grade(), Grade(None, "no reference")], ids=repr)
def test_none_is_not_applicable(grade_returning: Callable[..., Grade], value: Any) -> None:
    grade = grade_returning(lambda _: value)
    assert grade.outcome == "not_applicable"
    assert grade.error is None


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        -0.1,
        1.0000001,
        Grade(float("nan")),
        Grade(2.0),
        "high",
        "0.5",
        b"1",
        "",
        [0.5],
        (),
        {},
        {"score": 1.0},
        1j,
        10**400,
        object(),
        Odd(),
        Grade("0.5"),  # type: ignore[arg-type]
        Grade(1.0, metrics={"precision": float("nan")}),
        Grade(1.0, metrics=None),  # type: ignore[arg-type]
        Grade(1.0, metrics=[0.5]),  # type: ignore[arg-type]
        Grade(None, metrics={"precision": float("inf")}),
        Grade(1.0, reason=ValueError("no")),  # type: ignore[arg-type]
        Grade(None, reason=5),  # type: ignore[arg-type]
        Grade(error="down"),  # type: ignore[arg-type]
    ],
    ids=lambda value: repr(value).partition(" at 0x")[0][:60],
)
def test_anything_else_breaks_the_contract(
    grade_returning: Callable[..., Grade], value: Any
) -> None:
    grade = grade_returning(lambda _: value)
    assert grade.outcome == "error"
    assert grade.score is None
    assert grade.error is not None
    assert grade.error.kind == "contract"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_not_even_an_unbounded_range_contains_infinity(
    grade_returning: Callable[..., Grade], value: float
) -> None:
    grade = grade_returning(lambda _: value, score_range=INFINITE)
    assert grade.outcome == "error"


def test_a_declared_range_is_inclusive(grade_returning: Callable[..., Grade]) -> None:
    assert grade_returning(lambda _: -1, score_range=(-1.0, 2.0)).score == -1.0
    assert grade_returning(lambda _: 2, score_range=(-1.0, 2.0)).score == 2.0
    assert grade_returning(lambda _: 2.1, score_range=(-1.0, 2.0)).outcome == "error"


def test_the_message_says_what_was_expected(grade_returning: Callable[..., Grade]) -> None:
    def message(value: Any) -> str:
        error = grade_returning(lambda _: value).error
        assert error is not None
        return error.message

    assert message(1.5) == "score 1.5 is outside of the declared range [0, 1]"
    assert message(float("nan")) == "score nan is not finite"
    assert message([1.0]) == "a grader returns a Grade, a number or None, not list"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        KeyError("no"),
        RuntimeError(),
        MemoryError(),
        RecursionError("deep"),
        AssertionError("no"),
        TimeoutError("the judge's own"),
        StopIteration(),
        BaseException("not even an exception"),
        GeneratorExit(),
        UnreadableError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_is_an_error_outcome(
    grade_returning: Callable[..., Grade], error: BaseException
) -> None:
    grade = grade_returning(raising(error), timeout=20.0)
    assert grade.outcome == "error"
    assert grade.error is not None
    assert grade.error.kind == "exception"


@pytest.mark.parametrize("batch", [False, True])
def test_a_grade_with_an_error_has_no_score(
    grade_texts: Callable[..., list[Grade]], *, batch: bool
) -> None:
    both = Grade(0.0, "no idea", error=GradeError("exception", "down", "mine", "acme 1.0"))
    function = (lambda samples: [Grade(1.0), both, both]) if batch else (lambda _: both)
    grade = grade_texts(function, ["a", "b", "c"], batch=batch)[-1]
    assert (grade.outcome, grade.score, grade.reason) == ("error", None, "no idea")


def test_an_error_names_grader_distribution_cause_and_traceback(
    grade_returning: Callable[..., Grade],
) -> None:
    error = grade_returning(raising(ZeroDivisionError("oops")), key="precision").error
    assert isinstance(error, GradeError)
    assert (error.grader, error.distribution) == ("precision", "acme-graders 1.2")
    assert error.message == "ZeroDivisionError: oops"
    assert "in answer" in error.traceback


def test_an_output_parse_error_is_the_completions_fault(
    grade_returning: Callable[..., Grade],
) -> None:
    grade = grade_returning(lambda sample: float(bool(sample.json)))
    assert grade.score == 0.0
    assert grade.outcome == "graded"
    assert "is not JSON" in str(grade.reason)


def test_a_contract_error_may_be_raised_by_the_grader(
    grade_returning: Callable[..., Grade],
) -> None:
    error = grade_returning(raising(GraderContractError("the wrapped function lies"))).error
    assert error is not None
    assert (error.kind, error.message) == ("contract", "the wrapped function lies")


def fails_on_b(sample: Sample) -> Any:
    match sample.text:
        case "b":
            raise ValueError("b is bad")
        case "none":
            return None
        case "nan":
            return float("nan")
        case "json":
            raise OutputParseError("not JSON")
    return 1.0


def test_one_failing_sample_costs_only_itself(grade_texts: GradeTexts) -> None:
    texts = ["a", "b", "none", "nan", "json", "c"]
    outcomes = ["graded", "error", "not_applicable", "error", "graded", "graded"]
    assert [grade.outcome for grade in grade_texts(fails_on_b, texts)] == outcomes
    batched = grade_texts(lambda samples: list(map(fails_on_b, samples)), texts, batch=True)
    assert [grade.outcome for grade in batched] == outcomes
    assert [grade.score for grade in batched] == [1.0, None, None, None, 0.0, 1.0]


@pytest.mark.parametrize("texts", [["a"], ["a", "b", "c"]])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "returned 0 grades for"),
        ([0.5] * 9, "returned 9 grades for"),
        (0.5, "returned float instead of a list"),
        (None, "returned NoneType instead of a list"),
        ("abc", "returned str instead of a list"),
        (b"abc", "instead of a list"),
        ({"a": 1.0}, "returned dict instead of a list"),
        (iter([1.0]), "instead of a list"),
    ],
)
def test_a_batch_of_wrong_shape_is_an_error_for_every_sample(
    grade_texts: GradeTexts, texts: list[str], values: Any, message: str
) -> None:
    calls = []

    def grade_batch(samples: Sequence[Sample]) -> Any:
        calls.append(len(samples))
        return values

    grades = grade_texts(grade_batch, texts, batch=True)
    assert [grade.error and grade.error.kind for grade in grades] == ["contract"] * len(texts)
    assert all(grade.error and message in grade.error.message for grade in grades)
    assert calls == [len(texts)]


def test_a_contract_error_raised_for_a_batch_costs_the_whole_batch(grade_texts: GradeTexts) -> None:
    def grade_batch(samples: Sequence[Sample]) -> list[float]:
        raise GraderContractError("no")

    grades = grade_texts(grade_batch, ["a", "b"], batch=True)
    assert [grade.outcome for grade in grades] == ["error", "error"]


def test_a_tuple_will_do_for_a_list(grade_texts: GradeTexts) -> None:
    assert grade_texts(lambda samples: (1.0, 0.5), ["a", "b"], batch=True) == [
        Grade(1.0),
        Grade(0.5),
    ]


def test_a_batch_with_one_odd_value_is_graded_once(grade_texts: GradeTexts) -> None:
    calls = []

    def grade_batch(samples: Sequence[Sample]) -> list[Any]:
        calls.append(len(samples))
        return [Grade("0.5") if sample.text == "b" else 1.0 for sample in samples]  # type: ignore[arg-type]

    grades = grade_texts(grade_batch, ["a", "b", "c"], batch=True)
    assert [grade.outcome for grade in grades] == ["graded", "error", "graded"]
    assert calls == [3]


def test_a_grader_without_a_method_says_so(grade_texts: GradeTexts) -> None:
    call_error = grade_texts(raising(NotImplementedError("defines neither")))[0].error
    assert call_error is not None
    assert "defines neither" in call_error.message


def test_invoke_grades_in_the_calling_thread(make_call: Callable[..., GraderCall]) -> None:
    call = make_call(lambda sample: len(sample.text) / 10)
    assert invoke(call, [make_sample("ab"), make_sample("abc")]) == [Grade(0.2), Grade(0.3)]


def test_a_sync_grader_that_exits_is_an_error(make_call: Callable[..., GraderCall]) -> None:
    call = make_call(raising(SystemExit(3)))
    (grade,) = invoke(call, [make_sample("a")])
    assert grade.outcome == "error"


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError()], ids=repr)
def test_an_async_grader_that_leaves_is_an_error(
    make_call: Callable[..., GraderCall], error: BaseException
) -> None:
    async def leaves(_: Sample) -> float:
        raise error

    (grade,) = asyncio.run(ainvoke(make_call(leaves), [make_sample("a")]))
    assert grade.outcome == "error"


@pytest.mark.parametrize("is_async", [False, True])
def test_one_unreadable_completion_of_a_batch_is_its_own_fault(is_async: bool) -> None:
    class Sync(Grader[Any]):
        name = "keys"

        def grade_batch(self, samples: Sequence[Sample]) -> list[float]:
            return [float(len(sample.json)) / 10 for sample in samples]

    class Async(Grader[Any]):
        name = "keys"

        async def grade_batch(self, samples: Sequence[Sample]) -> list[float]:
            return [float(len(sample.json)) / 10 for sample in samples]

    grader = make_grader(Async if is_async else Sync)
    samples = [make_sample(text) for text in ('{"a": 1}', "not JSON", "[1, 2]")]
    assert [grade.score for grade in grade_all(grader, samples)] == [0.1, 0.0, 0.2]


def test_an_exception_in_place_of_a_grade_is_its_samples_own(grade_texts: GradeTexts) -> None:
    calls: list[int] = []

    def batch(samples: Sequence[Sample]) -> list[Any]:
        calls.append(len(samples))
        return [1.0, ValueError("no verdict"), 0.5]

    first, failed, last = grade_texts(batch, ["a", "b", "c"], batch=True)

    assert (first.score, last.score) == (1.0, 0.5)
    assert failed.outcome == "error"
    assert failed.error is not None
    assert "ValueError: no verdict" in failed.error.message
    assert calls == [3]  # the others are not graded again


def test_the_end_of_a_budget_is_an_outcome_of_its_own(
    grade_returning: Callable[..., Grade],
) -> None:
    grade = grade_returning(raising(RunStopError("the budget is spent")))

    assert grade.error is not None
    assert (grade.error.kind, grade.error.message) == ("stop", "the budget is spent")


def test_the_end_of_a_budget_is_every_samples(grade_texts: GradeTexts) -> None:
    calls: list[int] = []

    def batch(samples: Sequence[Sample]) -> list[Any]:
        calls.append(len(samples))
        raise RunStopError("the budget is spent")

    grades = grade_texts(batch, ["a", "b"], batch=True)

    assert [grade.error and grade.error.kind for grade in grades] == ["stop", "stop"]
    assert calls == [2]
