"""The tests of a grader as tests of pytest, one each: `pytest_plugins` of a conftest.py loads it.

    import pytest

    pytestmark = pytest.mark.rft_grader("acme_keyword")

    def test_case(rft_case): rft_case()          # one for each case
    def test_contract(rft_check): rft_check()    # one for each check of the contract
    def test_attack(rft_attack): rft_attack()    # one for each class of attacks

What is tested stands in the `[tool.rft.graders.acme_keyword]` that is nearest to the test's file,
going upwards. Thresholds have no say here: every test stands for itself. Attacks of a class that
the project accepts are expected failures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from rft_core.cases import read_cases
from rft_core.errors import UsageError
from rft_core.grader import Grader
from rft_core.plugins import Registered, plugin_manager
from rft_core.testing.adversarial.attack import Scope
from rft_core.testing.adversarial.library import classes_of_scopes
from rft_core.testing.contract.run import CHECKS
from rft_core.testing.examine import Examination
from rft_core.testing.figures import wrong_case
from rft_core.testing.opening import open_grader
from rft_core.testing.project import Project, find_project
from rft_core.testing.telling import attacks_text, case_text

Run: TypeAlias = Callable[[], None]
Benches: TypeAlias = Callable[[str, Path], Examination]

MARKER: Final = "rft_grader"
_ANY: Final = (-math.inf, math.inf)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", f"{MARKER}(name): the grader whose tests these are")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test for each case, check or class of attacks."""
    for fixture, names in _NAMES.items():
        if fixture in metafunc.fixturenames:
            try:
                found = names(_name(metafunc.definition), metafunc.definition.path.parent)
            except UsageError as error:
                raise pytest.Collector.CollectError(str(error)) from None
            metafunc.parametrize(fixture, found, indirect=True, ids=found)


@pytest.fixture(scope="session")
def rft_benches() -> Iterator[Benches]:
    """Return a function from a grader's name and a folder to its tests, each of which runs once."""
    opened: dict[tuple[str, Path | None], Examination] = {}
    with ExitStack() as stack:

        def bench(name: str, folder: Path) -> Examination:
            project, _ = _found(name, folder)
            key = name, project.place.source.path if project.place else None
            if key not in opened:
                opened[key] = Examination(*stack.enter_context(open_grader(name, project)))
            return opened[key]

        yield bench


@pytest.fixture
def rft_case(request: pytest.FixtureRequest, rft_benches: Benches) -> Run:
    """Return what fails if a case does not come out as expected."""

    def look(bench: Examination) -> None:
        result = next(one for one in bench.results if one.case.id == request.param)
        if not result.agrees:
            pytest.fail(case_text(wrong_case(result, bench.wording)), pytrace=False)

    return _run(look, request, rft_benches)


@pytest.fixture
def rft_check(request: pytest.FixtureRequest, rft_benches: Benches) -> Run:
    """Return what fails if a check of the contract finds anything."""

    def look(bench: Examination) -> None:
        findings = bench.findings(request.param)
        if findings:
            pytest.fail("\n".join(map(str, findings)), pytrace=False)

    return _run(look, request, rft_benches)


@pytest.fixture
def rft_attack(request: pytest.FixtureRequest, rft_benches: Benches) -> Run:
    """Return what fails if an attack of a class does not end as it should."""

    def look(bench: Examination) -> None:
        found = next(one for one in bench.attacks if one.cls == request.param)
        if not bench.honest:
            pytest.fail("no right completion is known that the grader pays", pytrace=False)
        if not found.tried:
            pytest.skip("no attack of this class can be made of the right completions")
        if found.all_held:
            return
        if found.accepted is not None:
            pytest.xfail(f"accepted: {found.accepted}")
        pytest.fail(attacks_text(found), pytrace=False)

    return _run(look, request, rft_benches)


def _run(
    look: Callable[[Examination], None], request: pytest.FixtureRequest, benches: Benches
) -> Run:
    """Return what looks at the tests of the grader that the marker names."""

    def run() -> None:
        __tracebackhide__ = True
        try:
            bench = benches(_name(request.node), request.path.parent)
            look(bench)
        except UsageError as error:
            pytest.fail(str(error), pytrace=False)

    return run


def _name(test: pytest.Item) -> str:
    marker = test.get_closest_marker(MARKER)
    if marker is None or len(marker.args) != 1:
        raise UsageError(
            f"{test.nodeid} does not say whose test it is",
            hint=f'Mark the module: pytestmark = pytest.mark.{MARKER}("a_grader").',
        )
    return str(marker.args[0])


def _found(name: str, folder: Path) -> tuple[Project, Registered[Grader[Any]]]:
    plugins = plugin_manager()
    found = plugins.select("grader", plugins.graders, name)
    return find_project(name, start=folder, owner=found.distribution), found


def _case_ids(name: str, folder: Path) -> Sequence[str]:
    project, _ = _found(name, folder)
    file = project.cases()
    # The range of scores is known, and held against the cases, when the grader is built.
    return [case.id for case in read_cases(file, _ANY)] if file else []


def _class_names(name: str, folder: Path) -> Sequence[str]:
    _, found = _found(name, folder)
    scopes: list[Scope] = ["any", *([found.cls.family] if found.cls.family else [])]
    return [one.cls for one in classes_of_scopes(scopes)]


_NAMES: Final[dict[str, Callable[[str, Path], Sequence[str]]]] = {
    "rft_case": _case_ids,
    "rft_check": lambda *_: [check.name for check in CHECKS],
    "rft_attack": _class_names,
}
"""The parameters of each fixture."""
