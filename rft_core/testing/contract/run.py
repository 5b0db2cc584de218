"""All checks, and running them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from rft_core.cases import Case, read_cases
from rft_core.expectations import OutcomeIs
from rft_core.grader import Grader
from rft_core.grading.boundary import GraderCall
from rft_core.testing.contract import packaging
from rft_core.testing.contract.bench import same, shown, told
from rft_core.testing.contract.catalogue import BENCH_CHECKS
from rft_core.testing.contract.check import Check, Probe
from rft_core.testing.findings import ContractViolationError, Finding
from rft_core.testing.making import make_grader
from rft_core.types import Grade, Sample

OTHER_HASH_SEEDS: Final = {"2": "grades", "3": "grades", "5": "backwards"}
"""And in which order the samples are graded there."""


def _at_bench(name: str, probe: Probe) -> Iterable[Finding]:
    return probe.laboratory.run(name)


def _hash_seed(probe: Probe) -> Iterator[Finding]:
    """Compare grades with those of processes where sets, or the samples, have another order."""
    grader = probe.call.grader
    promises = grader.pure or grader.deterministic
    if grader.paid or (grader.family == "judge" and not promises):
        return
    here: list[Grade] | None = probe.laboratory.grades()
    if here is None:
        return
    for elsewhere in probe.laboratory.grades_elsewhere(OTHER_HASH_SEEDS):
        for place, (one, other) in enumerate(zip(here, elsewhere or (), strict=False)):
            if same(one, other):
                continue
            given = probe.order.samples
            yield Finding(
                "hash_seed",
                shown(given[place]) if place < len(given) else "a sample",
                f"{told(one)} in one process, {told(other)} in another",
                "a grade is the same in every process, whatever the order of sets and hash() there "
                "and whatever was graded before",
                "Sort sets before you take from them; use hashlib where you need a hash; let keys "
                "of caches hold the item as well as the text. Mend what `determinism` finds first.",
            )
            return


def _checks() -> Iterator[Check]:
    yield Check("pickling", "class and config can be sent to workers", packaging.pickling)
    for name, check in BENCH_CHECKS.items():
        yield Check(name, check.title, partial(_at_bench, name), check.kind)
        if name == "samples":
            yield Check("hash_seed", "every process gives the same grades", _hash_seed)


ALL_CHECKS: Final = tuple(_checks())
CHECKS: Final = tuple(check for check in ALL_CHECKS if check.kind == "violation")
NOTES: Final = tuple(check for check in ALL_CHECKS if check.kind == "note")
"""Checks whose findings are worth knowing and break no contract."""


def run_checks(
    probe: Probe,
    names: Collection[str] | None = None,
    on_checked: Callable[[Check, list[Finding]], None] | None = None,
) -> dict[str, list[Finding]]:
    """Return what the named checks find, by name; without names all of `CHECKS`."""
    found: dict[str, list[Finding]] = {}
    for check in CHECKS if names is None else ALL_CHECKS:
        if names is None or check.name in names:
            found[check.name] = list(check.run(probe))
            if on_checked is not None:
                on_checked(check, found[check.name])
    return found


def make_probe(
    grader: Grader[Any], cases: Sequence[Case] = (), samples: Sequence[Sample] = ()
) -> Probe:
    """Return a probe with the samples and the completions of cases that expect no error."""
    call = GraderCall(
        grader.name, grader, "under test", grader.timeout, grader.concurrency, grader.memory_limit
    )
    gradable = [case for case in cases if case.expected != OutcomeIs("error")]
    return Probe(call, [*samples, *(Sample(case.item, case.completion) for case in gradable)])


def find_violations(
    grader: Grader[Any] | type[Grader[Any]],
    *,
    cases: Path | str | Sequence[Case] = (),
    samples: Sequence[Sample] = (),
    **config: Any,
) -> list[Finding]:
    """Return every breach of the contract that the checks find in a grader.

    A class is configured with `config`. `cases`, a file or a list, and `samples` are completions to
    try it with, best right and wrong ones of several items; made-up rows are tried without any.
    """
    made = make_grader(grader, **config) if isinstance(grader, type) else grader
    listed = read_cases(Path(cases), made.score_range) if isinstance(cases, str | Path) else cases
    with make_probe(made, listed, samples) as probe:
        return [finding for found in run_checks(probe).values() for finding in found]


def check_grader(
    grader: Grader[Any] | type[Grader[Any]],
    *,
    cases: Path | str | Sequence[Case] = (),
    samples: Sequence[Sample] = (),
    **config: Any,
) -> None:
    """Hold a grader to the contract; see `find_violations`.

    Raises `ContractViolationError`, an `AssertionError`, that lists what was found.
    """
    found = find_violations(grader, cases=cases, samples=samples, **config)
    if found:
        raise ContractViolationError(grader.name, found)
