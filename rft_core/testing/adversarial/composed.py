"""Attacks on a composed reward, and what they say about it in plain words.

A grader may hold by itself and still be one of several that are paid for something else: the form,
the length, the number of labels. What a policy is paid is their composition, so that is tried.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any, Final, TypeAlias

from rft_core.cases import Case
from rft_core.expectations import Expectation, Within
from rft_core.reward.shaper import RewardShaper
from rft_core.testing.adversarial.attack import Attack, AttackClass, Honest
from rft_core.testing.adversarial.choose import choose
from rft_core.testing.adversarial.evidence import Evidence, Kind, Trial
from rft_core.testing.adversarial.library import classes_for
from rft_core.testing.adversarial.weaknesses import FINDERS, Weakness
from rft_core.testing.subject import RewardSubject
from rft_core.types import Completion, GradedSample, Item, Progress, Sample

MAX_HONEST: Final = 8
"""Attacks start from so many honest completions."""
PER_CLASS: Final = 16
PER_CLASS_OF_COMPOSED: Final = 100
MAX_CHARS: Final = 5_000
"""Longer attacks try a grader's speed, which is a matter of its own."""
SLOW_TO_MAKE: Final = frozenset({"M14", "J8", "J10", "J11", "J12", "L10", "F9", "G14"})
"""Classes that try a grader's speed alone, with completions that take long to make."""
MAX_WEAKNESSES: Final = 6
HALF: Final = 0.5
CHARS_PER_TOKEN: Final = 4
"""About; shapers and graders of length want a number of tokens."""
CHUNK: Final = 32

OnGraded: TypeAlias = Callable[[int, int], None]
"""Told how many of how many completions are graded."""


def examine_reward(
    subject: RewardSubject,
    honest: Sequence[Honest],
    cases: Sequence[Case] = (),
    *,
    seed: int = 0,
    seconds: float = math.inf,
    on_graded: OnGraded | None = None,
) -> list[Weakness]:
    """Return what the reward pays and should not, the most dangerous first; few at most.

    `honest` are right completions as `find_honest` returns them. Without any there is nothing to
    attack, and nothing is returned. What a typical honest completion earns is taken from the cases
    that people gave more than half, if there are any: references are better than what models write.
    After `seconds` no further attacks are tried; the most telling ones come first.
    """
    if not honest:
        return []
    evidence = gather(subject, honest, cases, seed=seed, seconds=seconds, on_graded=on_graded)
    found = [weakness for find in FINDERS for weakness in find(evidence)]
    return _distinct(sorted(found, key=lambda one: -one.danger))[:MAX_WEAKNESSES]


def gather(
    subject: RewardSubject,
    honest: Sequence[Honest],
    cases: Sequence[Case] = (),
    *,
    seed: int = 0,
    seconds: float = math.inf,
    on_graded: OnGraded | None = None,
) -> Evidence:
    """Grade honest completions and the attacks on some of them, in pieces, while there is time."""
    used = _spread(honest)
    right = [case for case in cases if _is_right(case.expected)]
    attacks = list(_attacks(subject, used, seed))
    known = [(one.item, one.completion) for one in used]
    known += [(case.item, case.completion) for case in right]
    tried = [(one.item, attack.completion) for attack, one in attacks]
    samples = [_sample(*text) for text in (*known, *tried)]
    graded = list(_graded(subject, samples, len(known), seconds, on_graded))
    shaped = _shaped(subject.plan.shapers, graded)
    of_used = {id(one): result for one, result in zip(used, graded, strict=False)}
    of_cases = slice(len(used) if right else 0, len(known))
    typical = _median([one.composed for one in graded[of_cases]]) or 0.0
    rewards = zip(attacks, graded[len(known) :], shaped[len(known) :], strict=False)
    trials = [
        Trial(attack, result, of_used[id(one)], reward) for (attack, one), result, reward in rewards
    ]
    return Evidence(
        reward=subject.plan,
        typical=typical,
        typical_shaped=_median(shaped[of_cases]),
        floor=_floor(subject, typical),
        kinds=_kinds(trials),
    )


def _attacks(
    subject: RewardSubject, honest: Sequence[Honest], seed: int
) -> Iterator[tuple[Attack, Honest]]:
    """Yield attacks, those of composed rewards first."""
    tried = (cls for cls in classes_for(subject) if cls.cls not in SLOW_TO_MAKE)
    for cls in sorted(tried, key=lambda cls: cls.scope != "composite"):
        for attack, one in choose(cls, honest, _most(cls), seed):
            if attack.wanted not in {"survive", "pass"} and len(attack.completion) <= MAX_CHARS:
                yield attack, one


def _most(cls: AttackClass) -> int:
    return PER_CLASS_OF_COMPOSED if cls.scope == "composite" else PER_CLASS


def _spread(honest: Sequence[Honest]) -> list[Honest]:
    """Return honest completions from all parts of the list."""
    step = max(len(honest) / MAX_HONEST, 1.0)
    return [honest[int(step * place)] for place in range(min(len(honest), MAX_HONEST))]


def _is_right(expected: Expectation) -> bool:
    """Whether people gave it more than half."""
    least = expected.low if isinstance(expected, Within) else expected
    return isinstance(least, float) and least > HALF


def _sample(item: Item, text: str) -> Sample:
    tokens = math.ceil(len(text) / CHARS_PER_TOKEN)
    return Sample(item, Completion(text, num_tokens=tokens, finish_reason="stop"))


def _median(rewards: Sequence[float | None]) -> float | None:
    """Return the median of the rewards that are there, None if none is."""
    there = [reward for reward in rewards if reward is not None]
    return median(there) if there else None


def _graded(
    subject: RewardSubject,
    samples: Sequence[Sample],
    least: int,
    seconds: float,
    on_graded: OnGraded | None,
) -> Iterator[GradedSample]:
    """Yield the samples graded, the first `least` of them and more until the time is up."""
    end = time.monotonic() + seconds
    for start in range(0, len(samples), CHUNK):
        if start >= least and time.monotonic() > end:
            return
        yield from subject.grade_composed(samples[start : start + CHUNK])
        if on_graded is not None:
            on_graded(min(start + CHUNK, len(samples)), len(samples))


def _shaped(
    shapers: Sequence[RewardShaper[Any]], graded: Sequence[GradedSample]
) -> list[float | None]:
    """Return the rewards after the shapers, all None where there are none or one cannot shape."""
    alive = [one for one in graded if one.composed is not None and not one.failed]
    rewards: Sequence[float] = [one.composed for one in alive if one.composed is not None]
    try:
        for shaper in shapers:
            rewards = shaper.shape(rewards, [one.sample for one in alive], Progress())
    except Exception:  # noqa: BLE001 - it may want what only a model's completions have
        shapers = ()
    if not shapers:
        return [None] * len(graded)
    of_alive = dict(zip(map(id, alive), rewards, strict=True))
    return [of_alive.get(id(one)) for one in graded]


def _floor(subject: RewardSubject, typical: float) -> float:
    """Return what an answer without any merit earns; 0 where rewards are on both sides of it."""
    low = subject.score_range[0]
    if low < 0.0 < typical:
        return 0.0
    return low if math.isfinite(low) else typical - 1.0


def _kinds(trials: Sequence[Trial]) -> list[Kind]:
    """Return the trials by what was tried."""
    by_kind: dict[tuple[str, str], list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.graded.composed is not None and not trial.graded.failed:
            by_kind[trial.attack.cls, trial.attack.what].append(trial)
    return [Kind(tuple(of_one)) for of_one in by_kind.values()]


def _distinct(found: Sequence[Weakness]) -> list[Weakness]:
    """Return the first weakness of each theme."""
    return list({one.theme: one for one in reversed(found)}.values())[::-1]
