"""The grader `hierarchy`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from rft_core import Grade, Grader, Item, OutputParseError, PluginConfig, Sample, compile_path
from rft_pack_medical.config import HierarchyConfig
from rft_pack_medical.matching import Pair, match
from rft_pack_medical.reasons import listing
from rft_pack_medical.system import LEVELS, Place, normal_form

DEAR_CHAPTER: Final = 0.3
EXACT: Final = len(LEVELS) - 1
_PLAIN_NAME: Final = re.compile(r"(?:\$\.)?([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Named:
    """What a completion names: codes that exist, once each, and what is wrong in any case."""

    places: Sequence[Place]
    repeated: Sequence[str]
    unknown: Sequence[Any]

    def __len__(self) -> int:
        return len(self.places) + len(self.repeated) + len(self.unknown)


class HierarchyGrader(Grader[HierarchyConfig]):
    """Compares codes with the row's, with partial credit for the right chapter, block or category.

    Each named code stands for one expected code at most, so that the sum of credits is the highest
    possible. That sum, divided by the number of named codes, is the precision, divided by that of
    expected ones the recall; the score is their harmonic mean. Repeated codes and codes that do
    not exist are wrong ones.
    """

    name = "hierarchy"
    version = "1"
    family = "label_set"
    deterministic = True
    timeout = 10.0
    Config: ClassVar[type[PluginConfig]] = HierarchyConfig

    def __init__(self, config: HierarchyConfig) -> None:
        super().__init__(config)
        self._find = compile_path(config.codes)
        self._find_expected = compile_path(config.reference)
        self._credits = config.credit.by_level()

    def __reduce__(self) -> tuple[type[HierarchyGrader], tuple[HierarchyConfig]]:
        return type(self), (self.config,)

    def check_item(self, item: Item) -> None:
        """Raise `ValueError` unless the row has codes of the system, each once."""
        self._expected(item)

    def reference_completion(self, item: Item) -> str | None:
        """Return a completion that names the row's codes, if `codes` is the name of a key."""
        name = _PLAIN_NAME.fullmatch(self.config.codes)
        if name is None:
            return None
        return json.dumps({name[1]: [place.code for place in self._expected(item)]})

    def warnings(self) -> Sequence[str]:
        """Return what is suspicious about the configuration."""
        if self.config.credit.chapter > DEAR_CHAPTER:
            return ["credit.chapter: naming one code of each chapter is paid"]
        return ()

    def grade(self, sample: Sample) -> Grade:
        """Grade a sample; raise `ValueError` for a row without usable codes."""
        expected = self._expected(sample.item)
        named = self._named(sample)
        if not len(named):
            return Grade(0.0, "no codes", _metrics(0.0, 0.0, 0.0, 0.0))
        pairs = match(named.places, expected)
        paid = sum(self._credits[pair.level] for pair in pairs)
        score = 2 * paid / (len(named) + len(expected))
        exact = sum(pair.level == EXACT for pair in pairs) / len(expected)
        metrics = _metrics(score, paid / len(named), paid / len(expected), exact)
        return Grade(min(score, 1.0), self._reason(named, expected, pairs), metrics)

    def report(self, samples: Sequence[Sample], grades: Sequence[Grade]) -> Mapping[str, Any]:
        """Return how many codes were expected and named, and how many pairs share which level."""
        levels: Counter[str] = Counter()
        total = wrong = 0
        for sample in samples:
            expected = self._expected(sample.item)
            total += len(expected)
            try:
                named = self._named(sample)
            except OutputParseError:
                continue
            pairs = match(named.places, expected)
            levels.update(LEVELS[pair.level] for pair in pairs)
            wrong += len(named) - len(pairs)
        return {
            "expected": total,
            "unpaired": wrong,
            "deepest_common_level": {level: levels[level] for level in LEVELS},
        }

    def _named(self, sample: Sample) -> Named:
        """Return what the completion names; raise `OutputParseError` if that is no list."""
        places: dict[str, Place] = {}
        repeated: list[str] = []
        unknown: list[Any] = []
        for written in self._written(sample):
            code = normal_form(written, self.config.normalize)
            place = None if code is None else self.config.system.place(code)
            if place is None:
                unknown.append(written)
            elif place.code in places:
                repeated.append(place.code)
            else:
                places[place.code] = place
        return Named(list(places.values()), repeated, unknown)

    def _written(self, sample: Sample) -> list[Any]:
        found = self._find(sample.json)
        if len(found) == 1 and isinstance(found[0], list):
            found = found[0]
        elif "*" not in self.config.codes:
            what = "is no list" if found else "selects nothing"
            raise OutputParseError(f"codes: {self.config.codes} {what}")
        if len(found) > self.config.max_codes:
            raise OutputParseError(
                f"{len(found)} codes, more than max_codes ({self.config.max_codes})"
            )
        return found

    def _expected(self, item: Item) -> list[Place]:
        """Return the row's codes, at least one; raise `ValueError` for what is none."""
        found = self._find_expected(dict(item.fields))
        if len(found) == 1 and isinstance(found[0], list):
            found = found[0]
        if not found:
            columns = ", ".join(item.fields) or "none"
            raise ValueError(
                f"reference: {self.config.reference} selects no codes (columns: {columns})"
            )
        if len(found) > self.config.max_codes:
            raise ValueError(f"{len(found)} codes in the row, more than max_codes")
        places: dict[str, Place] = {}
        for written in found:
            code = normal_form(written, self.config.normalize)
            place = None if code is None else self.config.system.place(code)
            if place is None:
                raise ValueError(f"reference: {written!r:.40} is no code of the system")
            if place.code in places:
                raise ValueError(f"reference: {place.code} is there twice")
            places[place.code] = place
        return list(places.values())

    def _reason(self, named: Named, expected: Sequence[Place], pairs: Sequence[Pair]) -> str:
        paid = [pair for pair in pairs if pair.level == EXACT or self._credits[pair.level] > 0]
        near = [
            f"{pair.named.code} for {pair.expected.code} ({LEVELS[pair.level]})"
            for pair in paid
            if pair.level < EXACT
        ]
        right = {pair.named for pair in paid}
        met = {pair.expected for pair in paid}
        parts = [
            *listing("near", near),
            *listing("missed", [one.code for one in expected if one not in met]),
            *listing("wrong", [one.code for one in named.places if one not in right]),
            *listing("repeated", named.repeated),
            *listing("no such code", named.unknown),
        ]
        return "; ".join(parts) or "all codes right"


def _metrics(f1: float, precision: float, recall: float, exact: float) -> dict[str, float]:
    return {"f1": f1, "precision": precision, "recall": recall, "exact": exact}
