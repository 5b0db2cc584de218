"""The fuzzy grader through the whole runner, against a bare RapidFuzz loop, and what both pay for.

    python benchmarks/fuzzy.py [throughput] [floors] [bounds] [catalogue]

* throughput: the bare loop calls the scorer and gets a number, the processed one passes
  `processor=default_process`, the guarded one compares lengths, numbers and negations before, by
  hand. The grader runs all its guards, gives a reason and metrics, and its grades are checked. Each
  repetition has new completions, and runs everything in turn on the same ones, so that a machine
  that changes its speed changes all figures alike. On a machine shared with others the CPU time is
  the one to compare.
* floors: what letter salad earns, by length; the table in `scorers.py` is made of it.
* bounds: the slowest pair at each scorer's `max_chars`, guards off.
* catalogue: answers that are not right, as the naive loop and as the grader score them.
"""

from __future__ import annotations

import argparse
import itertools
import operator
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from rapidfuzz import utils
from rft_grader_fuzzy import FuzzyGrader
from rft_grader_fuzzy.scorers import SCORERS, Scorer

from rft_core.grading.boundary import GraderCall
from rft_core.grading.build import make_runner
from rft_core.grading.runner import GradingLoop
from rft_core.testing import grade_one, make_sample
from rft_core.types import Grade, Item, Sample

TEXT: Final = """The council adopted the regulation after a long debate about fishing quotas in the
northern waters. Member states must report their catches every month, and the commission will
publish the figures before the end of the year. Farmers asked for more time to change their methods,
because the rules on pesticides come into force next spring. The court found that the company had
abused its position and ordered it to pay a fine. Researchers measured the temperature of the lake
at different depths and found that the warm layer had grown thicker over the years. She walked along
the river until the lights of the town came into view, then sat down on a stone to rest. Water boils
at a lower temperature on a mountain, since the air presses less on its surface."""
WORDS: Final = TEXT.split()
# English letters, each about as often as in a hundred letters of text.
LETTERS: Final = (
    "eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrr"
    "ddddllllcccuuummmwwffggyyppbbvk"
)
WORD_LENGTHS: Final = (2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9)
CHARS: Final = 200
GROUP: Final = 8
TIMED: Final = ("ratio", "levenshtein", "token_sort_ratio", "token_set_ratio", "WRatio")
FLOOR_LENGTHS: Final = (30, 100, 300)
DIGITS: Final = re.compile(r"\d+(?:\.\d+)?")
NEGATIONS: Final = re.compile(r"\b(?:not|no|never|none|nor|without|cannot|\w+n't)\b", re.IGNORECASE)


class Times(NamedTuple):
    """Seconds: `wall` as a clock tells them, `cpu` as all threads of this process used them."""

    wall: float
    cpu: float


def reference(rng: random.Random, chars: int) -> str:
    """Return running text of about so many characters, from anywhere in `TEXT`."""
    start = rng.randrange(len(WORDS))
    words: list[str] = []
    while sum(map(len, words)) + len(words) <= chars:
        words.append(WORDS[(start + len(words)) % len(WORDS)])
    return " ".join(words)[:chars].strip()


def completion(text: str, rng: random.Random) -> str:
    """Return the text with a fifth of its words changed, dropped or misspelt."""
    words = []
    for word in text.split():
        change = rng.random()
        if change < 0.1:
            words.append(rng.choice(WORDS))
        elif change < 0.15:
            words.append(word[1:] + word[:1])
        elif change > 0.2:
            words.append(word)
    return " ".join(words)


def salad(rng: random.Random, chars: int, without: str) -> str:
    """Return words of random letters that do not occur in the text `without`."""
    known = set(without.casefold().split())
    words: list[str] = []
    while sum(map(len, words)) + len(words) <= chars:
        word = "".join(rng.choices(LETTERS, k=rng.choice(WORD_LENGTHS)))
        if word not in known:
            words.append(word)
    return " ".join(words)[:chars].strip()


# Throughput.


@contextmanager
def whole_runner(**config: Any) -> Iterator[Callable[[Sequence[Sample]], list[Grade]]]:
    """Yield a function that grades a batch as a run does; made once, as in a run."""
    grader = FuzzyGrader.from_config(config)
    call = GraderCall("fuzzy", grader, "rft-grader-fuzzy", grader.timeout, 1)
    runner = make_runner(call)
    with GradingLoop() as loop:
        yield lambda samples: loop.call(runner.run(samples))
        runner.close()


def timed(function: Callable[[], Any]) -> Times:
    wall, cpu = time.perf_counter(), time.process_time()
    function()
    return Times(time.perf_counter() - wall, time.process_time() - cpu)


def make_batch(dataset: Sequence[Item], size: int, rng: random.Random) -> list[Sample]:
    """Return completions in groups of one item."""
    items = [item for item in rng.choices(dataset, k=-(-size // GROUP)) for _ in range(GROUP)]
    texts = [completion(item.fields["reference_answer"], rng) for item in items[:size]]
    return [Sample(item, text) for item, text in zip(items, texts, strict=False)]


def guarded(function: Any, answer: str, right: str) -> float:
    """Return what the processed loop does, if length, numbers and negations agree.

    As one writes it down: no order of words, repeats or prompt, no `1,000`, no Unicode, no reason.
    """
    if not len(right) / 2 <= len(answer) <= 2 * len(right):
        return 0.0
    if sorted(DIGITS.findall(answer)) != sorted(DIGITS.findall(right)):
        return 0.0
    if len(NEGATIONS.findall(answer)) != len(NEGATIONS.findall(right)):
        return 0.0
    return function(answer, right, processor=utils.default_process)


def measure_throughput(size: int, repetitions: int) -> None:
    rng = random.Random(0)
    rows = [{"reference_answer": reference(rng, CHARS)} for _ in range(100)]
    dataset = [Item(str(number), (), row) for number, row in enumerate(rows)]
    print(
        f"throughput: batch of {size}, {repetitions} repetitions, texts of {CHARS} characters; "
        "medians in µs a pair; shares of the throughput of the loops"
    )
    titles = ("bare loop", "processed", "guarded", "grader")
    titles += ("/ bare loop", "/ processed", "/ guarded")
    print(f"{'':22} {' '.join(f'{title:>12}' for title in titles)}")
    for name in TIMED:
        with whole_runner(scorer=name) as grade:
            grade(make_batch(dataset, size, rng))
            batches = (make_batch(dataset, size, rng) for _ in range(repetitions))
            runs = [measure_one(SCORERS[name], batch, grade) for batch in batches]
        for clock in Times._fields:
            show_times(f"{name}, {clock}", [[getattr(t, clock) for t in run] for run in runs], size)


def show_times(title: str, runs: list[list[float]], size: int) -> None:
    columns = [statistics.median(column) / size * 1e6 for column in zip(*runs, strict=True)]
    *loops, ours = zip(*runs, strict=True)
    columns += [statistics.median(map(operator.truediv, loop, ours)) for loop in loops]
    print(f"{title:22} {' '.join(f'{column:12.2f}' for column in columns)}")


def measure_one(
    scorer: Scorer, batch: list[Sample], grade: Callable[[Sequence[Sample]], Any]
) -> list[Times]:
    function: Any = scorer.function
    pairs = [(sample.text, sample.item.fields["reference_answer"]) for sample in batch]
    process = utils.default_process
    return [
        timed(lambda: [function(*pair) for pair in pairs]),
        timed(lambda: [function(a, b, processor=process) for a, b in pairs]),
        timed(lambda: [guarded(function, *pair) for pair in pairs]),
        timed(lambda: grade(batch)),
    ]


# Floors.


def measure_floors(texts: int) -> None:
    print(f"floors: mean / 95th of 100 of the similarity of {texts} letter salads, by length")
    for name, scorer in SCORERS.items():
        rng = random.Random(0)
        columns, worst = [], 0.0
        for chars in FLOOR_LENGTHS:
            found = sorted(similarity_of_salad(scorer, rng, chars) for _ in range(texts))
            percentile = found[int(texts * 0.95)]
            worst = max(worst, percentile)
            columns.append(f"{chars}: {statistics.mean(found):.3f} / {percentile:.3f}")
        print(f"{name:26} {'   '.join(columns)}   floor {worst:.2f}, table {scorer.floor:.2f}")


def similarity_of_salad(scorer: Scorer, rng: random.Random, chars: int) -> float:
    right = utils.default_process(reference(rng, chars))
    return scorer.function(salad(rng, len(right), right), right) / scorer.top


# Bounds.


def hostile_pairs(chars: int, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield a name and two texts that are slow to compare for some scorer."""
    shorter = int(chars / 1.5) - 1
    han = "".join(map(chr, range(0x4E00, 0x5A00)))

    def tiny_words(letters: str) -> str:
        return " ".join("".join(rng.choices(letters, k=2)) for _ in range(chars // 3))

    def letters(alphabet: str, count: int) -> str:
        return "".join(rng.choices(alphabet, k=count))

    yield "letters", letters(LETTERS, chars), letters(LETTERS, chars)
    yield "letters, shorter", letters(LETTERS, chars), letters(LETTERS, shorter)
    yield "two letters", letters("ab", chars), letters("ab", shorter)
    yield "salad", salad(rng, chars, ""), salad(rng, chars, "")
    yield "tiny words", tiny_words(LETTERS), tiny_words(LETTERS)
    yield "tiny words, Han", tiny_words(han), tiny_words(han)
    yield "Han", letters(han, chars), letters(han, chars)
    yield "Han, shorter", letters(han, chars), letters(han, shorter)
    yield "one letter", "a" * chars, "a" * shorter + "b"
    yield "half", letters(LETTERS, chars), letters(LETTERS, chars // 2)
    words = salad(rng, chars, "").split()
    yield "shuffled", " ".join(words), " ".join(rng.sample(words, len(words)))
    yield "numbers", " ".join(map(str, range(chars // 6))), " ".join(map(str, range(chars // 6)))
    yield "ligatures", "\ufdfa" * (chars // 18), "\ufdfa" * (chars // 18)
    yield "marks", "e" + "\u0327\u0301" * 49, "e\u0301"


def measure_bounds() -> None:
    print("bounds: the slowest pair at max_chars with no guard on lengths, and over the bound")
    off = {"floor": 0, "min_length_ratio": None, "max_length_ratio": None}
    for name, scorer in SCORERS.items():
        grader = FuzzyGrader.from_config({"scorer": name, **off})
        most = scorer.max_chars
        slowest = max(
            (seconds(grader, wrong, right), kind)
            for kind, *texts in hostile_pairs(most, random.Random(0))
            for right, wrong in itertools.permutations(texts)
        )
        million = seconds(grader, "ab" * 500_000, "x")
        print(
            f"{name:26} {most:7} characters: {slowest[0] * 1e3:6.1f} ms ({slowest[1]}); "
            f"a million: {million * 1e6:.0f} µs"
        )


def seconds(grader: FuzzyGrader, answer: str, right: str) -> float:
    sample = make_sample(answer, reference_answer=right)
    return timed(lambda: grader.grade_batch([sample])).cpu


# Catalogue.

SENTENCE: Final = "The treaty was signed by twelve states in the old town hall of Maastricht"
PROMPT: Final = f"Who signed it, and where? Context: {SENTENCE}."
CASES: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("F1 empty against empty", "ratio", "", ""),
    ("F1 empty against text", "ratio", "", SENTENCE),
    ("F2 punctuation only", "ratio", "?!", "..."),
    ("F3 one shared word", "partial_ratio", "treaty", SENTENCE),
    ("F3 one shared word", "token_set_ratio", "the", SENTENCE),
    ("F3 one shared word, padded", "partial_token_set_ratio", "the " + "zq " * 20, SENTENCE),
    ("F4 shuffled words", "token_sort_ratio", " ".join(sorted(SENTENCE.split())), SENTENCE),
    ("F4 shuffled words", "WRatio", " ".join(sorted(SENTENCE.split())), SENTENCE),
    ("F5 repeated 20 times", "partial_ratio", "Maastricht " * 20, "Maastricht"),
    ("F5 repeated 20 times", "token_set_ratio", "Maastricht " * 20, "Maastricht"),
    ("F6 an added not", "ratio", SENTENCE.replace("was", "was not"), SENTENCE),
    ("F6 an added n't", "token_set_ratio", SENTENCE.replace("was", "wasn\u2019t"), SENTENCE),
    ("F7 another number", "ratio", "It has 42 members since 1992", "It has 24 members since 1992"),
    ("F8 letter salad", "ratio", salad(random.Random(0), len(SENTENCE), SENTENCE), SENTENCE),
    ("F8 letter salad", "jaro_winkler", salad(random.Random(0), 70, SENTENCE), SENTENCE),
    ("F10 keyword stuffing", "token_set_ratio", "treaty signed states Maastricht", SENTENCE),
    ("F10 keyword stuffing", "token_ratio", "states treaty town hall Maastricht " * 2, SENTENCE),
    ("F11 the prompt repeated", "partial_ratio", PROMPT, SENTENCE),
    ("F11 the prompt repeated", "ratio", PROMPT, SENTENCE),
    ("F12 zero-width characters", "ratio", "\u200b".join(SENTENCE), SENTENCE),
    ("right: case, quotes", "ratio", f"\u201c{SENTENCE.upper()}\u201d", SENTENCE),
    ("right: a typo", "ratio", SENTENCE.replace("treaty", "traety"), SENTENCE),
    ("right: Smith, John", "token_sort_ratio", "Smith, John", "John Smith"),
    ("right: 1,000", "ratio", "about 1,000 members", "about 1000 members"),
)


def show_catalogue() -> None:
    print("catalogue: the naive loop's score and ours")
    for what, name, answer, right in CASES:
        scorer: Any = SCORERS[name]
        naive = scorer.function(answer, right, processor=utils.default_process) / scorer.top
        grader = FuzzyGrader.from_config({"scorer": name})
        grade = grade_one(grader, make_sample(answer, prompt=PROMPT, reference_answer=right))
        ours = "error" if grade.score is None else f"{grade.score:.2f}"
        reason = grade.error.message if grade.error else grade.reason
        print(f"{what:28} {name:24} {naive:5.2f} {ours:>6}  {reason}")
    measure_long()


def measure_long() -> None:
    """Print the time that the naive loop and the grader take for a long answer (F9)."""
    rng = random.Random(0)
    right, long = reference(rng, 500), salad(rng, 4_000, "")
    scorer = SCORERS["partial_ratio"]
    naive = timed(lambda: scorer.function(long, salad(rng, 4_000, ""))).cpu
    grader = FuzzyGrader.from_config({"scorer": "partial_ratio"})
    ours = seconds(grader, long * 10, right)
    print(f"F9: 4,000 characters naively {naive:.2f} s; 40,000 with the grader {ours * 1e6:.0f} µs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = {
        "throughput": lambda: measure_throughput(options.batch, options.repetitions),
        "floors": lambda: measure_floors(options.salads),
        "bounds": measure_bounds,
        "catalogue": show_catalogue,
    }
    parser.add_argument("parts", nargs="*", help="of " + ", ".join(parts))
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--salads", type=int, default=300)
    options = parser.parse_args()
    for part in options.parts or ("throughput", "catalogue"):
        parts[part]()
        print()


if __name__ == "__main__":
    main()
