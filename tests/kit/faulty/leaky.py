"""Graders that hide failures, or have effects on what is around them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import SecretStr

from faulty import right, right_score
from rft_core import Grade, Grader, PluginConfig, Sample


class CatchesAll(Grader):
    name = "catches_all"

    def grade(self, sample: Sample) -> Any:
        try:
            return right_score(sample)
        except Exception:  # noqa: BLE001
            return Grade(0.0, "could not be graded")


class CatchesAllLater(Grader):
    name = "catches_all_later"

    async def grade_batch(self, samples: Sequence[Sample]) -> Any:
        return [self.one(sample) for sample in samples]

    def one(self, sample: Sample) -> Any:
        answer = sample.item.fields["answer"]
        try:
            return float(sample.text.strip() == answer.strip())
        except Exception:  # noqa: BLE001
            return None


class NetworkDownIsZero(Grader):
    name = "network_down_is_zero"

    def grade(self, sample: Sample) -> Any:
        try:
            with urllib.request.urlopen("http://127.0.0.1:9/grade", timeout=1) as reply:
                return float(reply.read())
        except OSError:
            return Grade(0.0, "the service did not answer")


class NetworkDownIsZeroAsync(Grader):
    name = "network_down_is_zero_async"

    async def grade(self, sample: Sample) -> Any:
        try:
            await asyncio.open_connection("127.0.0.1", 9)
        except OSError:
            return Grade(0.0, "the service did not answer")
        return right_score(sample)


class ClientFailsQuietly(Grader):
    name = "client_fails_quietly"

    async def grade(self, sample: Sample) -> Any:
        try:
            return await self.ask(sample)
        except ConnectionError:
            return 0.0

    async def ask(self, sample: Sample) -> float:
        if len(sample.text) > 4:
            raise ConnectionResetError("the service went away")
        return right_score(sample)


class MissingFileIsZero(Grader):
    name = "missing_file_is_zero"

    def grade(self, sample: Sample) -> Any:
        try:
            Path(__file__).with_name("words.txt").read_text()
        except OSError:
            return 0.0
        return right_score(sample)


class BrokenRowIsZero(Grader):
    name = "broken_row_is_zero"

    def grade(self, sample: Sample) -> Any:
        answer = sample.item.fields.get("answer", "")
        return float(bool(answer) and sample.text.strip() == str(answer))


class PrintsTheCompletion(Grader):
    name = "prints_the_completion"

    def grade(self, sample: Sample) -> Any:
        print("grading", sample.text)  # noqa: T201
        return right_score(sample)


class PrintsToStderr(Grader):
    name = "prints_to_stderr"

    async def grade(self, sample: Sample) -> Any:
        sys.stderr.write(f"debug: {sample.text}\n")
        return right_score(sample)


class _Key(PluginConfig):
    api_key: str = "sk-none"
    token: SecretStr = SecretStr("t-none")


class SecretInReason(Grader[_Key]):
    name = "secret_in_reason"
    Config: ClassVar[Any] = _Key

    def grade(self, sample: Sample) -> Any:
        return Grade(right_score(sample), f"asked with {self.config.api_key}")


class SecretInError(Grader[_Key]):
    name = "secret_in_error"
    Config: ClassVar[Any] = _Key

    def grade(self, sample: Sample) -> Any:
        try:
            urllib.request.urlopen("http://127.0.0.1:9/", timeout=1)
        except OSError as error:
            key = self.config.token.get_secret_value()
            raise ConnectionError(f"GET /?key={key}: {error}") from error
        return 0.0


class LogsTheEnvironment(Grader):
    name = "logs_the_environment"

    def grade(self, sample: Sample) -> Any:
        logging.getLogger(__name__).debug("key %s", os.environ.get("ACME_API_KEY", ""))
        return right_score(sample)


class PrintsASecret(Grader):
    name = "prints_a_secret"

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        if "ACME_TOKEN" in os.environ:
            sys.stderr.write(os.environ["ACME_TOKEN"])
        return [right_score(sample) for sample in samples]


class Evaluates(Grader):
    name = "evaluates"

    def grade(self, sample: Sample) -> Any:
        try:
            return float(str(eval(sample.text)) == sample.item.fields["answer"])  # noqa: S307
        except Exception:  # noqa: BLE001
            return right_score(sample)


class EvaluatesTheEnd(Grader):
    name = "evaluates_the_end"

    async def grade(self, sample: Sample) -> Any:
        end = sample.text.rpartition("=")[2].strip()
        space: dict[str, Any] = {}
        with contextlib.suppress(Exception):
            exec(f"result = {end}", space)  # noqa: S102
        return float(str(space.get("result")) == sample.item.fields["answer"] or right(sample))


class RunsAShell(Grader):
    name = "runs_a_shell"

    def grade(self, sample: Sample) -> Any:
        with contextlib.suppress(ValueError, OSError):
            subprocess.run(f"echo {sample.text[:500]}", shell=True, check=False,  # noqa: S602
                           capture_output=True)  # fmt: skip
        return right_score(sample)


class OpensTheNamedFile(Grader):
    name = "opens_the_named_file"

    def grade(self, sample: Sample) -> Any:
        try:
            text = Path(sample.text.strip()).read_text()
        except (OSError, ValueError):
            text = sample.text
        return float(text.strip() == sample.item.fields["answer"])


class SetsAnAlarm(Grader):
    name = "sets_an_alarm"

    def grade(self, sample: Sample) -> Any:
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.alarm(5)
        try:
            return right_score(sample)
        finally:
            signal.alarm(0)


class ChangesFolder(Grader):
    name = "changes_folder"

    def grade(self, sample: Sample) -> Any:
        os.chdir("/")
        return right_score(sample)


class ChangesEnvironment(Grader):
    name = "changes_environment"

    def grade_batch(self, samples: Sequence[Sample]) -> Any:
        os.environ["ACME_STATE"] = "on"
        return [right_score(sample) for sample in samples]


class RaisesTheRecursionLimit(Grader):
    name = "raises_the_recursion_limit"

    async def grade(self, sample: Sample) -> Any:
        sys.setrecursionlimit(5000)
        return right_score(sample)


class LeavesAThread(Grader):
    name = "leaves_a_thread"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        threading.Thread(target=threading.Event().wait, daemon=True).start()

    def grade(self, sample: Sample) -> Any:
        return right_score(sample)


class LeavesAProcess(Grader):
    name = "leaves_a_process"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.child: Any = None

    def grade(self, sample: Sample) -> Any:
        self.child = self.child or subprocess.Popen(["sleep", "20"])
        return right_score(sample)


class LeavesAFile(Grader):
    name = "leaves_a_file"
    files: ClassVar[list[Any]] = []

    def grade(self, sample: Sample) -> Any:
        self.files.append(Path(__file__).open())  # noqa: SIM115
        return right_score(sample)


class Exits(Grader):
    name = "exits"

    def grade(self, sample: Sample) -> Any:
        if not sample.text.strip():
            os._exit(3)
        return right_score(sample)
