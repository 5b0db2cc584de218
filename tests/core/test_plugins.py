"""Plugins, from real distributions in a folder on the path."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rft_core.errors import PluginError
from rft_core.plugins import PluginManager, plugin_manager

GROUP = "rft_core_tests"
Install = Callable[..., None]

GRADER = """
from rft_core import Grader, PluginConfig, hookimpl

class {cls}(Grader[PluginConfig]):
    name = "{name}"
    def grade(self, sample):
        return 1.0

@hookimpl
def rft_register_graders():
    return [{cls}]
"""


def grader_module(name: str, cls: str = "G") -> str:
    return GRADER.format(name=name, cls=cls)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs a distribution of one module into a folder on the path."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def do(distribution: str, source: str, **entry_points: str) -> None:
        module = distribution.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        )
        points = entry_points or {distribution: module}
        lines = "".join(f"{name} = {target}\n" for name, target in points.items())
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}")

    yield do
    for name in set(sys.modules) - before:
        if name.startswith("acme"):
            del sys.modules[name]


@pytest.fixture
def manager() -> PluginManager:
    return PluginManager(GROUP)


def broken(manager: PluginManager) -> dict[str, str]:
    return {one.distribution: one.cause for one in manager.broken}


def test_an_installed_grader_is_found_with_its_distribution(
    install: Install, manager: PluginManager
) -> None:
    install("acme-length", grader_module("length"))
    found = manager.select("grader", manager.graders, "length")
    assert (found.name, found.distribution) == ("length", "acme-length 1.0")
    assert found.cls.name == "length"
    assert manager.broken == []


def test_built_ins_come_through_the_same_door(manager: PluginManager) -> None:
    assert manager.graders["function"].distribution.startswith("rft-core ")
    assert set(manager.reward_shapers) == {"clip", "length_penalty", "schedule"}
    assert set(manager.executors) == {"asyncio", "inline", "process", "thread"}
    assert set(manager.rollouts) == {"single_turn", "two_turn"}
    assert manager.packs == {}
    assert manager.commands() == {}


def test_entry_points_are_listed_without_import(install: Install, manager: PluginManager) -> None:
    install("acme-zebra", grader_module("zebra"))
    install("acme-ant", "raise SystemError('imported')")
    assert [point.name for point in manager.entry_points()] == ["acme-ant", "acme-zebra"]
    assert not {"acme_zebra", "acme_ant"} & set(sys.modules)
    assert "zebra" in manager.graders
    assert "acme_zebra" in sys.modules


def test_an_unknown_name_comes_with_the_closest(install: Install, manager: PluginManager) -> None:
    install("acme-length", grader_module("length"))
    with pytest.raises(PluginError, match="provides the grader 'lenght'") as caught:
        manager.select("grader", manager.graders, "lenght")
    assert caught.value.hint == "Did you mean 'length'?"


def test_an_unknown_name_comes_with_broken_plugins(
    install: Install, manager: PluginManager
) -> None:
    install("acme-broken", "import there_is_no_such_module")
    with pytest.raises(PluginError) as caught:
        manager.select("grader", manager.graders, "multilabel")
    hint = str(caught.value.hint)
    assert "plugin 'acme-broken' of acme-broken 1.0 is broken" in hint
    assert "ModuleNotFoundError: No module named 'there_is_no_such_module'" in hint


def test_duplicate_names_name_both_distributions(install: Install, manager: PluginManager) -> None:
    install("acme-one", grader_module("length"))
    install("acme-two", grader_module("length"))
    with pytest.raises(PluginError, match="two plugins register a grader named 'length'") as caught:
        _ = manager.graders
    assert "acme-one 1.0 (acme_one)" in str(caught.value)
    assert "acme-two 1.0 (acme_two)" in str(caught.value)
    assert "Uninstall one" in str(caught.value)


def test_a_built_in_name_is_taken_too(install: Install, manager: PluginManager) -> None:
    install("acme-function", grader_module("function"))
    with pytest.raises(PluginError, match=r"rft-core .* and acme-function 1\.0"):
        _ = manager.graders


def test_the_same_class_from_two_distributions_is_no_duplicate(
    install: Install, manager: PluginManager
) -> None:
    install("acme-one", grader_module("length"))
    reuse = (
        "from acme_one import G\nfrom rft_core import hookimpl\n"
        "@hookimpl\ndef rft_register_graders():\n    return [G]\n"
    )
    install("acme-two", reuse)
    assert set(manager.graders) == {"function", "length"}


BREAKS_AT_IMPORT = {
    "exception": "raise RuntimeError('boom')",
    "syntax": "def (",
    "missing module": "import there_is_no_such_module",
    "exit": "import sys; sys.exit('boom')",
    "wrong signature": (
        "from rft_core import hookimpl\n"
        "@hookimpl\ndef rft_register_graders(surprise):\n    return []\n"
    ),
}
HOOK = (
    "from rft_core import hookimpl\nclass Nameless: pass\n@hookimpl\ndef rft_register_graders():\n"
)
BREAKS_IN_ITS_HOOK = {
    "exception": HOOK + "    raise RuntimeError('boom')\n",
    "exit": HOOK + "    raise SystemExit(3)\n",
    "nothing": HOOK + "    return None\n",
    "no list": HOOK + "    return 3\n",
    "nameless": HOOK + "    return [Nameless]\n",
    "instances": HOOK + "    return [3]\n",
    "generator": HOOK + "    yield from ()\n    raise RuntimeError('boom')\n",
}


@pytest.mark.parametrize("source", BREAKS_AT_IMPORT.values(), ids=BREAKS_AT_IMPORT)
def test_a_plugin_that_fails_at_import_is_remembered_and_disturbs_nobody(
    install: Install, manager: PluginManager, source: str
) -> None:
    install("acme-broken", source)
    install("acme-length", grader_module("length"))
    assert {"function", "length"} == set(manager.graders)
    assert set(broken(manager)) == {"acme-broken 1.0"}


@pytest.mark.parametrize("source", BREAKS_IN_ITS_HOOK.values(), ids=BREAKS_IN_ITS_HOOK)
def test_a_plugin_that_fails_in_its_hook_is_remembered_and_disturbs_nobody(
    install: Install, manager: PluginManager, source: str
) -> None:
    install("acme-broken", source)
    install("acme-length", grader_module("length"))
    assert {"function", "length"} == set(manager.graders)
    assert set(broken(manager)) == {"acme-broken 1.0"}
    assert "clip" in manager.reward_shapers


def test_broken_plugins_are_named_by_their_entry_point(
    install: Install, manager: PluginManager
) -> None:
    install("acme-one", BREAKS_AT_IMPORT["exception"], first="acme_one")
    install("acme-two", BREAKS_IN_ITS_HOOK["exception"], second="acme_two")
    _ = manager.graders
    assert [str(one).partition(" is broken")[0] for one in manager.broken] == [
        "plugin 'first' of acme-one 1.0",
        "plugin 'second' of acme-two 1.0",
    ]


def test_a_broken_hook_is_remembered_once(install: Install, manager: PluginManager) -> None:
    source = "from rft_core import hookimpl\n@hookimpl\ndef rft_register_commands():\n    1 / 0\n"
    install("acme-broken", source)
    assert manager.commands() == {}
    assert manager.commands() == {}
    assert len(manager.broken) == 1


def test_a_missing_attribute_of_an_entry_point_is_remembered(
    install: Install, manager: PluginManager
) -> None:
    install("acme-broken", "", broken="acme_broken:Plugin")
    assert "function" in manager.graders
    assert "AttributeError" in broken(manager)["acme-broken 1.0"]


def test_two_entry_points_may_name_one_module(install: Install, manager: PluginManager) -> None:
    install("acme-length", grader_module("length"), first="acme_length", second="acme_length")
    assert set(manager.graders) == {"function", "length"}
    assert manager.broken == []


def test_a_plugin_may_be_an_object(manager: PluginManager) -> None:
    from rft_core import Grader, PluginConfig, hookimpl

    class Mine(Grader[PluginConfig]):
        name = "mine"

    class Plugin:
        @hookimpl
        def rft_register_graders(self) -> list[type[Grader[PluginConfig]]]:
            return [Mine]

    manager.register(Plugin(), "mine", "my-tests 0")
    assert manager.graders["mine"].cls is Mine


def test_packs_are_kept_by_distribution(install: Install, manager: PluginManager) -> None:
    source = (
        "from pathlib import Path\nfrom rft_core import hookimpl\n"
        "@hookimpl\ndef rft_register_packs():\n    return [Path('a'), Path('b')]\n"
    )
    install("acme-pack", source)
    assert manager.packs == {"acme-pack 1.0": [Path("a"), Path("b")]}


COMMANDS = (
    "import typer\nfrom rft_core import hookimpl\n"
    "@hookimpl\ndef rft_register_commands():\n    return {'deploy': typer.Typer()}\n"
)


def test_commands(install: Install, manager: PluginManager) -> None:
    install("acme-one", COMMANDS)
    assert set(manager.commands()) == {"deploy"}


def test_duplicate_commands_name_both_distributions(
    install: Install, manager: PluginManager
) -> None:
    install("acme-one", COMMANDS)
    install("acme-two", COMMANDS)
    with pytest.raises(PluginError, match="'deploy'") as caught:
        manager.commands()
    assert "acme-one 1.0" in str(caught.value)
    assert "acme-two 1.0" in str(caught.value)


OBSERVER = """
from rft_core import hookimpl

seen = []

@hookimpl
def rft_checkpoint_saved(step):
    {body}
"""


def test_observers_that_raise_do_not_stop_others(install: Install, manager: PluginManager) -> None:
    install("acme-first", OBSERVER.format(body="seen.append(step)"))
    install("acme-raises", OBSERVER.format(body="raise RuntimeError('boom')"))
    install("acme-third", OBSERVER.format(body="seen.append(step)"))
    complaints = manager.observe("rft_checkpoint_saved", step=3, path=Path())
    assert complaints == ["rft_checkpoint_saved of acme-raises 1.0 failed: RuntimeError: boom"]
    assert sys.modules["acme_first"].seen == [3]
    assert sys.modules["acme_third"].seen == [3]


def test_nobody_observes(manager: PluginManager) -> None:
    assert manager.observe("rft_checkpoint_saved", step=3, path=Path()) == []


def test_the_manager_of_the_process_is_one() -> None:
    assert plugin_manager() is plugin_manager()
