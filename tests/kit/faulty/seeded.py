"""All faulty graders, with what is to find their defect."""

from __future__ import annotations

from typing import Any, Final

from faulty import JSON_ROWS, TEXT_ROWS, Seeded
from faulty import contract as c
from faulty import leaky as k
from faulty import semantic as s
from faulty import unstable as u
from rft_core import Grader


def _seeded(cls: type[Grader[Any]], *expected: str, rows: Any = TEXT_ROWS) -> Seeded:
    return Seeded(cls, frozenset(expected), rows=tuple(rows))


CONTRACT: Final = (
    _seeded(c.NoneForWrong, "applicability"),
    _seeded(c.NoneForUnreadable, "applicability"),
    _seeded(c.NanOnEmpty, "results"),
    _seeded(c.DividesByWords, "odd_completions", "samples"),
    _seeded(c.AboveOneOnDuplicates, "odd_completions", "results", rows=JSON_ROWS),
    _seeded(c.ScoreAsText, "results"),
    _seeded(c.ReasonIsNumber, "results"),
    _seeded(c.YieldsGrades, "results"),
    _seeded(c.DropsEmpties, "results"),
    _seeded(c.WrongLengthOnDuplicates, "results"),
    _seeded(c.SurrogatesBreakIt, "odd_completions"),
    _seeded(c.DeepJson, "odd_completions"),
    _seeded(c.TrustsTheShape, "odd_completions", rows=JSON_ROWS),
    _seeded(c.NeedsTokens, "metadata", "samples"),
    _seeded(c.DividesByTokens, "metadata"),
    _seeded(c.ReadsInt, "odd_completions"),
    _seeded(c.CatastrophicPattern, "hostile"),
    _seeded(c.QuadraticPattern, "hostile"),
    _seeded(c.MemoryBomb, "hostile"),
    _seeded(c.UnknownKeys, "config"),
    _seeded(c.UnknownKeysInside, "config"),
    _seeded(c.ConfigCanChange, "config"),
    _seeded(c.ConfigDoesNotPickle, "pickling"),
    _seeded(c.Local, "pickling"),
    _seeded(c.ReferenceIsNotFull, "references"),
    _seeded(c.BadReport, "reports"),
    _seeded(c.ClosesOnce, "closing"),
    _seeded(u.SortsTheReference, "mutation", rows=JSON_ROWS),
    _seeded(u.PopsFromJson, "mutation", rows=JSON_ROWS),
    _seeded(u.StripsTheSample, "mutation"),
    _seeded(u.SortsTheBatch, "mutation", "order"),
    _seeded(u.WrongOrder, "order"),
    _seeded(u.Normalises, "order"),
    _seeded(u.PunishesRepeats, "determinism", "state"),
    _seeded(u.Counts, "determinism", "state"),
    _seeded(u.Noisy, "determinism"),
    _seeded(u.NoisyAsync, "determinism"),
    _seeded(u.SetOrder, "hash_seed"),
    _seeded(u.HashBucket, "hash_seed"),
    _seeded(u.CacheWithoutItem, "hash_seed", "state"),
    _seeded(u.Seeds, "process_state"),
    _seeded(u.NotThreadSafe, "concurrency"),
    _seeded(u.NotTaskSafe, "concurrency"),
    _seeded(u.KeepsSamples, "memory"),
    _seeded(u.KeepsTexts, "memory"),
    _seeded(u.BlocksTheLoop, "blocking"),
    _seeded(u.ComputesInTheLoop, "blocking"),
    _seeded(u.SwallowsCancellation, "cancellation"),
    _seeded(u.RetriesForEver, "cancellation"),
    _seeded(k.CatchesAll, "swallowed"),
    _seeded(k.CatchesAllLater, "swallowed"),
    _seeded(k.NetworkDownIsZero, "services"),
    _seeded(k.NetworkDownIsZeroAsync, "services"),
    _seeded(k.ClientFailsQuietly, "services"),
    _seeded(k.MissingFileIsZero, "services"),
    _seeded(k.BrokenRowIsZero, "broken_rows"),
    _seeded(k.PrintsTheCompletion, "output"),
    _seeded(k.PrintsToStderr, "output"),
    _seeded(k.SecretInReason, "secrets"),
    _seeded(k.SecretInError, "secrets"),
    _seeded(k.LogsTheEnvironment, "secrets"),
    _seeded(k.PrintsASecret, "secrets"),
    _seeded(k.Evaluates, "execution"),
    _seeded(k.EvaluatesTheEnd, "execution"),
    _seeded(k.RunsAShell, "execution"),
    _seeded(k.OpensTheNamedFile, "addresses"),
    _seeded(k.SetsAnAlarm, "in_threads", "process_state"),
    _seeded(k.ChangesFolder, "process_state"),
    _seeded(k.ChangesEnvironment, "process_state"),
    _seeded(k.RaisesTheRecursionLimit, "process_state"),
    _seeded(k.LeavesAThread, "leftovers"),
    _seeded(k.LeavesAProcess, "leftovers"),
    _seeded(k.LeavesAFile, "leftovers"),
    _seeded(k.Exits, "results"),
)
_YES_NO: Final = (
    ({"question": "Is Paris in France?", "answer": "yes"}, "yes", "no"),
    ({"question": "Is Rome in France?", "answer": "no"}, "no", "yes"),
)
_NUMBERS: Final = (
    ({"question": "Six times seven?", "answer": "42"}, "The answer is 42", "The answer is 41"),
    ({"question": "Two and three?", "answer": "5"}, "The answer is 5", "The answer is 6"),
)
SEMANTIC: Final = (
    _seeded(s.Substring),
    _seeded(s.FirstVerdict, rows=_YES_NO),
    _seeded(s.FirstNumber, rows=_NUMBERS),
    _seeded(
        s.LongerIsBetter,
        rows=[({"answer": "Rome"}, "The treaty was signed in the town of Rome", "no")],
    ),
    _seeded(s.AlwaysOne),
    _seeded(s.WordOverlap),
    _seeded(s.RecallOfLabels, rows=JSON_ROWS),
)
