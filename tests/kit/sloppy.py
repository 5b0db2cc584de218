"""Graders that can be fooled, each in its own way, and careful ones that cannot."""

from __future__ import annotations

import ast
import json
import re
import time
from typing import Any, ClassVar, Final

from rft_core.configurable import PluginConfig
from rft_core.grader import Grader
from rft_core.types import Family, Sample

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_FINAL: Final = re.compile(r"(?:\A|The answer is )(\S+?)\.?\s*\Z")
_PLACES: Final = (
    r"\\f?box(?:ed)?\{(.*)\}\$?\.?\Z",
    r"####\s*(.*)\Z",
    r"answer is (.*?)\.?\Z",
)
_GROUPS: Final = re.compile(r"(?<=\d)[,\u2009](?=\d{3})")


class AnswerGrader(Grader[PluginConfig]):
    family: ClassVar[Family | None] = "answer"

    def gold(self, sample: Sample) -> str:
        return str(sample.item.fields["answer"])


class Substring(AnswerGrader):
    name = "substring"

    def grade(self, sample: Sample) -> float:
        return float(self.gold(sample) in sample.text)


class AnyWord(AnswerGrader):
    """Looks for the answer as a whole word, anywhere."""

    name = "any_word"

    def grade(self, sample: Sample) -> float:
        return float(self.gold(sample) in re.findall(r"[\w.-]*\w", sample.text))


class FirstNumber(AnswerGrader):
    name = "first_number"

    def grade(self, sample: Sample) -> float:
        return float(_NUMBER.findall(sample.text)[:1] == [self.gold(sample)])


class LastNumber(AnswerGrader):
    name = "last_number"

    def grade(self, sample: Sample) -> float:
        return float(_NUMBER.findall(sample.text)[-1:] == [self.gold(sample)])


class Evaluated(AnswerGrader):
    """Executes what follows the announcement."""

    name = "evaluated"

    def grade(self, sample: Sample) -> float:
        try:
            value = eval(sample.text.rpartition("answer is")[2].strip(" .\n"))  # noqa: S307 - the defect
        except Exception:  # noqa: BLE001 - the defect
            return 0.0
        return float(str(value) == self.gold(sample))


class Letters(AnswerGrader):
    """Takes words for products of letters, whose order does not matter."""

    name = "letters"

    def grade(self, sample: Sample) -> float:
        return float(sorted(_final(sample).casefold()) == sorted(self.gold(sample).casefold()))


class Near(AnswerGrader):
    """Within a percent."""

    name = "near"

    def grade(self, sample: Sample) -> float:
        try:
            return float(abs(float(_final(sample)) / float(self.gold(sample)) - 1) < 0.01)
        except ValueError:
            return 0.0


class Exact(AnswerGrader):
    """The text and nothing else."""

    name = "exact"

    def grade(self, sample: Sample) -> float:
        return float(sample.text == f"The answer is {self.gold(sample)}.")


class Constant(AnswerGrader):
    name = "constant"

    def grade(self, sample: Sample) -> float:
        return 1.0


class Long(AnswerGrader):
    """Pays by length."""

    name = "long"

    def grade(self, sample: Sample) -> float:
        return 0.6 + min(len(sample.text) / 1000, 0.4)


class Raising(AnswerGrader):
    """Fails where there is no answer."""

    name = "raising"

    def grade(self, sample: Sample) -> float:
        found = re.search(r"answer is (\S+)\.", sample.text)
        assert found is not None
        return float(found[1] == self.gold(sample))


class Hanging(AnswerGrader):
    """Takes very long for long texts."""

    name = "hanging"
    timeout = 1.0

    def grade(self, sample: Sample) -> float:
        if len(sample.text) > 10_000:
            time.sleep(600)
        return float(_final(sample) == self.gold(sample))


class Careful(AnswerGrader):
    """The final answer in a few forms, by value."""

    name = "careful"

    def grade(self, sample: Sample) -> float:
        text = re.sub(r"<think>.*?(</think>|\Z)", "", sample.text, flags=re.DOTALL).strip()
        for pattern in (
            r"\\f?box(?:ed)?\{(.*)\}\$?\.?\Z",
            r"####\s*(.*)\Z",
            r"answer is (.*?)\.?\Z",
        ):
            found = re.search(pattern, text[-300:])
            if found:
                return float(_value(found[1]) == _value(self.gold(sample)))
        return float(_value(text[:300]) == _value(self.gold(sample)))


def _final(sample: Sample) -> str:
    found = _FINAL.search(sample.text)
    return found[1] if found else ""


def _value(text: str) -> Any:
    bare = _GROUPS.sub("", text.strip(" $*").replace("\N{MINUS SIGN}", "-"))
    try:
        return float(bare) if re.fullmatch(r"-?\d+(\.\d+)?(e\d)?", bare) else bare
    except ValueError:
        return bare


class FormGrader(Grader[PluginConfig]):
    """Wants `{"name": text, "age": whole number}`."""

    family: ClassVar[Family | None] = "structured"

    def read(self, text: str) -> Any:
        raise NotImplementedError

    def grade(self, sample: Sample) -> float:
        try:
            value = self.read(sample.text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return 0.0
        return float(self.fits(value))

    def fits(self, value: Any) -> bool:
        return (
            isinstance(value, dict)
            and value.keys() == {"name", "age"}
            and isinstance(value["name"], str)
            and isinstance(value["age"], int | float)
        )


def _refuse(name: str) -> None:
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("twice")
    return dict(pairs)


class StrictForm(FormGrader):
    name = "strict_form"

    def read(self, text: str) -> Any:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)


class LaxNumbers(FormGrader):
    """Python's parser as it is."""

    name = "lax_numbers"

    def read(self, text: str) -> Any:
        return json.loads(text)


class OpenForm(StrictForm):
    """Lets further keys pass."""

    name = "open_form"

    def fits(self, value: Any) -> bool:
        return isinstance(value, dict) and value.keys() >= {"name", "age"}


class AnyJson(StrictForm):
    """Whatever is JSON."""

    name = "any_json"

    def fits(self, value: Any) -> bool:
        return True


class FirstDocument(FormGrader):
    """The first document, wherever it is."""

    name = "first_document"

    def read(self, text: str) -> Any:
        return json.JSONDecoder().raw_decode(text, text.index("{"))[0]


class Python(FormGrader):
    """Reads Python literals, too."""

    name = "python"

    def read(self, text: str) -> Any:
        try:
            return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
        except ValueError:
            return ast.literal_eval(text)


class Repairing(FormGrader):
    """Closes what is open."""

    name = "repairing"

    def read(self, text: str) -> Any:
        for end in ("", "}", '"}', "0}"):
            try:
                return json.loads(text + end, parse_constant=_refuse, object_pairs_hook=_unique)
            except ValueError:
                continue
        raise ValueError("beyond repair")


class Minified(FormGrader):
    """Knows one writing alone."""

    name = "minified"

    def read(self, text: str) -> Any:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
        return value if json.dumps(value) == text else None


class LabelGrader(Grader[PluginConfig]):
    """F1 of `{"labels": […]}`."""

    family: ClassVar[Family | None] = "label_set"

    def grade(self, sample: Sample) -> float:
        try:
            named = self.read(sample.text)
        except (ValueError, TypeError, KeyError, RecursionError):
            return 0.0
        gold = self.normalised(sample.item.fields["gold"])
        return self.score(self.normalised(named), gold)

    def read(self, text: str) -> Any:
        named = json.loads(text)["labels"]
        if not isinstance(named, list):
            raise TypeError("no list")
        return named

    def normalised(self, labels: Any) -> list[str]:
        import unicodedata

        return [" ".join(unicodedata.normalize("NFC", label).split()) for label in labels]

    def score(self, named: list[str], gold: list[str]) -> float:
        if not named or not gold:
            return float(named == gold)
        return 2 * len(set(named) & set(gold)) / (len(named) + len(gold))


class CarefulLabels(LabelGrader):
    name = "careful_labels"


class Recall(LabelGrader):
    name = "recall"

    def score(self, named: list[str], gold: list[str]) -> float:
        return len(set(named) & set(gold)) / len(gold) if gold else float(not named)


class Precision(LabelGrader):
    name = "precision"

    def score(self, named: list[str], gold: list[str]) -> float:
        return len(set(named) & set(gold)) / len(named) if named else float(not gold)


class CountedRepeats(LabelGrader):
    """A right label counts as often as it is named."""

    name = "counted_repeats"

    def score(self, named: list[str], gold: list[str]) -> float:
        hits = min(sum(label in gold for label in named), len(gold))
        return hits / len(gold) if gold else float(not named)


class SetsOnly(LabelGrader):
    name = "sets_only"

    def score(self, named: list[str], gold: list[str]) -> float:
        return super().score(sorted(set(named)), gold)


class Folding(LabelGrader):
    name = "folding"

    def normalised(self, labels: Any) -> list[str]:
        return [label.casefold() for label in super().normalised(labels)]


class Mentioned(LabelGrader):
    """A label counts where its text is found, in whatever way."""

    name = "mentioned"

    def grade(self, sample: Sample) -> float:
        gold = sample.item.fields["gold"]
        return sum(label in sample.text for label in gold) / len(gold) if gold else 1.0


class Ordered(LabelGrader):
    """Compares place by place."""

    name = "ordered"

    def score(self, named: list[str], gold: list[str]) -> float:
        return float(named == gold)


class Bytes(LabelGrader):
    """Compares labels as they are written."""

    name = "bytes"

    def normalised(self, labels: Any) -> list[str]:
        return list(labels)


class Commas(LabelGrader):
    """Cuts text at commas and leaves the spaces."""

    name = "commas"

    def read(self, text: str) -> Any:
        return text.split(",")

    def normalised(self, labels: Any) -> list[str]:
        return list(labels)


class TextForList(LabelGrader):
    """Takes a text for a list."""

    name = "text_for_list"

    def read(self, text: str) -> Any:
        named = json.loads(text)["labels"]
        return named.split(", ") if isinstance(named, str) else named
