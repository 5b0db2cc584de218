"""A distribution from outside: built, installed into a fresh environment, and trained with."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from environments import FreshEnvironment, build_wheel, run

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "acme-rewards"
version = "2.1"
dependencies = ["rft-core"]
[project.entry-points.rft]
acme = "acme_rewards"
"""

# A grader, a rollout and a reward shaper, as somebody who has never read the core writes them.
PLUGIN = '''\
from rft_core import Grader, RewardShaper, Rollout, Trajectory, hookimpl


class Vowels(Grader):
    """The share of vowels."""
    name = "acme_vowels"

    def grade(self, sample):
        return sum(letter in "aeiou" for letter in sample.text) / max(len(sample.text), 1)


class Double(RewardShaper):
    name = "acme_double"

    def shape(self, rewards, samples, progress):
        return [2 * reward for reward in rewards]


class BestOfTwo(Rollout):
    name = "acme_best_of_two"

    def run(self, items, policy):
        def vowels(generation):
            return sum(letter in "aeiou" for letter in generation.text)
        prompts = [item.messages for item in items]
        pairs = zip(policy.generate(prompts), policy.generate(prompts))
        best = [max(pair, key=vowels) for pair in pairs]
        return [Trajectory(g.text, g.prompt_ids, g.completion_ids,
                           [1] * len(g.completion_ids), g.finish_reason) for g in best]


@hookimpl
def rft_register_graders():
    return [Vowels]


@hookimpl
def rft_register_reward_shapers():
    return [Double]


@hookimpl
def rft_register_rollouts():
    return [BestOfTwo]


@hookimpl
def rft_run_finished(run_dir, summary):
    (run_dir / "acme.txt").write_text(summary["status"])
'''


@pytest.fixture(scope="module")
def fresh(fresh_environment: FreshEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The python of a new environment with rft-core and the outside distribution, as wheels."""
    folder = tmp_path_factory.mktemp("acme")
    package = folder / "acme"
    (package / "acme_rewards").mkdir(parents=True)
    (package / "pyproject.toml").write_text(PYPROJECT)
    (package / "acme_rewards" / "__init__.py").write_text(PLUGIN)
    fresh_environment.install(str(build_wheel(package, folder / "wheels")))
    return fresh_environment.python


def test_an_outside_plugin_is_found_and_trains(
    fresh: Path, toy_task: Callable[..., Path], tmp_path: Path
) -> None:
    rft = str(fresh.with_name("rft"))
    listed = run([rft, "graders", "list"], cwd=tmp_path)
    assert "acme_vowels" in listed
    assert "acme-rewards 2.1" in listed

    task = toy_task(
        reward={
            "graders": {"vowels": {"use": "acme_vowels"}},
            "shapers": [{"use": "acme_double"}],
        },
        rollout={"use": "acme_best_of_two"},
    )
    run([rft, "train", str(task), "--output", "out"], cwd=tmp_path)

    out = tmp_path / "out"
    assert (out / "acme.txt").read_text() == "done"
    for line in (out / "samples" / "eval-000004.jsonl").read_text().splitlines():
        sample = json.loads(line)
        assert sample["reward"] == 2 * sample["grades"]["vowels"]["score"]
    versions = json.loads((out / "environment.json").read_text())["distributions"]
    assert versions["acme-rewards"] == "2.1"
